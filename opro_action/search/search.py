"""The search itself: a state machine that asks for candidates and for scores, is told them, and decides.

It talks to no model, reads no file and no clock. Told the same answers it takes the same course, which is
how a search is resumed from its journal and tested without a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from opro_action.errors import BudgetSpent, NotMeasured
from opro_action.gate.evidence import Evidence, weigh
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.search.candidates import Rules, rejection
from opro_action.search.metaprompt import Brief, Draft
from opro_action.search.selection import Selection
from opro_action.search.split import Split
from opro_action.search.stopping import Stop, stop_before
from opro_action.search.trajectory import Attempt, Origin, Trajectory
from opro_action.suite.suite import Case, Suite

HOLDOUT_REPEATS = 3
"""Answers per case and side in the decision, when the task model is not deterministic."""


@dataclass(frozen=True)
class Write:
    """Asks for one reply of the optimizer model to each draft; answered by their texts, None for a failed call."""

    step: int
    drafts: tuple[Draft, ...]


@dataclass(frozen=True)
class Score:
    """Asks for the results of each text on each case; answered by one tuple of results per text."""

    step: int
    texts: tuple[str, ...]
    cases: tuple[Case, ...]
    repeats: int
    holdout: bool = False

    @property
    def calls(self) -> int:
        return len(self.texts) * len(self.cases) * self.repeats


Ask = Write | Score


class Profile(Protocol):
    """How the optimizer model is asked, and how its reply is read."""

    def drafts(self, brief: Brief) -> tuple[Draft, ...]: ...

    def text(self, reply: str, suite: Suite) -> tuple[str, str | None]: ...


@dataclass(frozen=True)
class Setup:
    """Everything a search starts from.

    `seeds` are texts that are scored beside the file's prompt: the baseline's, and past winners. `hurry` is
    asked before each step and gives a Stop when time or money is running out. `calls_per_answer` are one to the task
    model, and those of the scorers that ask a model.
    """

    suite: Suite
    split: Split
    profile: Profile
    selection: Selection
    seeds: tuple[tuple[str, Origin], ...] = ()
    calls_per_answer: int = 1
    hurry: Callable[[int], Stop | None] = field(default=lambda step: None)

    @property
    def holdout_repeats(self) -> int:
        return max(self.suite.repeats, 1 if self.suite.model.deterministic else HOLDOUT_REPEATS)

    @property
    def holdout_calls(self) -> int:
        """Calls of the decision: the seed and the winner on the holdout split."""
        return 2 * len(self.split.holdout) * self.holdout_repeats * self.calls_per_answer

    def scoring_calls(self, texts: int) -> int:
        return texts * len(self.split.search) * self.suite.repeats * self.calls_per_answer

    @property
    def step_calls(self) -> int:
        candidates = self.suite.optimize.candidates
        return candidates + self.scoring_calls(candidates)

    @property
    def least_calls(self) -> int:
        """Calls that even the shortest search with a decision makes."""
        return self.scoring_calls(1 + len(self.seeds)) + self.step_calls + self.holdout_calls

    @property
    def most_calls(self) -> int:
        """Calls if every step is made and no answer is cached, under the cap."""
        spec = self.suite.optimize
        whole = self.scoring_calls(1 + len(self.seeds)) + spec.steps * self.step_calls + self.holdout_calls
        return min(whole, spec.max_calls)


@dataclass(frozen=True)
class Outcome:
    """How a search ended. `evidence` is None when the budget was spent before the decision."""

    trajectory: Trajectory
    stop: Stop
    best: Attempt
    evidence: Evidence | None
    seed_holdout: tuple[CaseResult, ...] = ()
    best_holdout: tuple[CaseResult, ...] = ()


def search(setup: Setup) -> Generator[Ask, Any, Outcome]:
    """The OPRO loop: score the seeds, then write, check and score candidates until a rule stops it; decide once.

    The number of calls is planned as if nothing were cached, so that a warm cache does not change the course.
    """
    trajectory, planned = yield from _score_seeds(setup)
    step = 1
    while not (stop := _stop(setup, step, trajectory, planned)):
        try:
            trajectory, planned = yield from _step(setup, step, trajectory, planned)
        except BudgetSpent as spent:
            return Outcome(trajectory, Stop("budget", str(spent)), trajectory.best, None)
        step += 1
    return (yield from _decision(setup, trajectory, stop))


def _stop(setup: Setup, step: int, trajectory: Trajectory, planned: int) -> Stop | None:
    stop = stop_before(step, trajectory, setup.suite.optimize) or setup.hurry(step)
    if stop:
        return stop
    cap = setup.suite.optimize.max_calls
    if planned + setup.step_calls + setup.holdout_calls > cap:
        return Stop("budget", f"Another step and the decision do not fit into {cap} calls (max_calls).")
    return None


def _score_seeds(setup: Setup) -> Generator[Ask, Any, tuple[Trajectory, int]]:
    origins: dict[str, Origin] = {setup.suite.prompt.text: "file"}
    for text, origin in setup.seeds:
        origins.setdefault(text, origin)
    seeds = [Attempt(text, 0, origin) for text, origin in origins.items()]
    scored = yield from _score(setup, 0, seeds, setup.split.search)
    trajectory = Trajectory(len(setup.split.search), tuple(scored))
    if trajectory.seed not in trajectory.eligible:
        raise NotMeasured(f"The current prompt could not be scored: {_unscored([*trajectory.seed.results.values()])}")
    return trajectory, setup.scoring_calls(len(seeds))


def _unscored(results: Sequence[CaseResult]) -> str:
    reasons = [result.explanation for result in results if result.score is None]
    return f"{len(reasons)} of {len(results)} cases have no score, the first because: {reasons[0]}"


def _step(setup: Setup, step: int, trajectory: Trajectory, planned: int) -> Generator[Ask, Any, tuple[Trajectory, int]]:
    rejections = Counter(attempt.rejected for attempt in trajectory.attempts if attempt.rejected)
    brief = Brief(setup.suite, trajectory, setup.split.search, step, tuple(sorted(rejections.items())))
    drafts = setup.profile.drafts(brief)
    replies: Sequence[str | None] = yield Write(step, drafts)
    batch = _checked(setup, step, trajectory, replies)
    planned += len(drafts)
    while block := setup.selection.next_block([a for a in batch if not a.rejected], setup.split.search):
        scored = yield from _score(setup, step, block.attempts, block.cases)
        updated = {attempt.text: attempt for attempt in scored}
        batch = [attempt if attempt.rejected else updated.get(attempt.text, attempt) for attempt in batch]
        planned += block.size * setup.suite.repeats * setup.calls_per_answer
    return trajectory.plus(batch), planned


def _checked(setup: Setup, step: int, trajectory: Trajectory, replies: Sequence[str | None]) -> list[Attempt]:
    suite = setup.suite
    rules = Rules.around(suite.prompt, (*setup.split.search, *setup.split.holdout), suite.optimize.max_length)
    tried = [attempt.text for attempt in trajectory.attempts if not attempt.rejected]
    batch: list[Attempt] = []
    for reply in replies:
        if reply is None:
            continue
        text, reason = setup.profile.text(reply, setup.suite)
        reason = reason or rejection(text, rules, tried)
        if not reason:
            tried.append(text)
        batch.append(Attempt(text, step, rejected=reason))
    return batch


def _score(
    setup: Setup, step: int, attempts: Sequence[Attempt], cases: tuple[Case, ...]
) -> Generator[Ask, Any, list[Attempt]]:
    results = yield Score(step, tuple(attempt.text for attempt in attempts), cases, setup.suite.repeats)
    return [attempt.with_results(found) for attempt, found in zip(attempts, results, strict=True)]


def _decision(setup: Setup, trajectory: Trajectory, stop: Stop) -> Generator[Ask, Any, Outcome]:
    best, seed = trajectory.best, trajectory.seed
    if (best.score or 0.0) <= (seed.score or 0.0):
        reason = "No candidate scored higher than the current prompt on the search split."
        return Outcome(trajectory, stop, seed, Evidence("not_shown", reason))
    ask = Score(best.step, (seed.text, best.text), setup.split.holdout, setup.holdout_repeats, holdout=True)
    try:
        of_seed, of_best = yield ask
    except BudgetSpent as spent:
        return Outcome(trajectory, Stop("budget", str(spent)), best, None)
    for results in (of_seed, of_best):
        if not SuiteResult(results).measured:
            raise NotMeasured(f"The holdout could not be measured: {_unscored(results)}")
    pairs = list(zip(of_seed, of_best, strict=True))
    evidence = weigh(pairs, min_gain=setup.suite.optimize.min_gain)
    return Outcome(trajectory, stop, best, evidence, tuple(of_seed), tuple(of_best))
