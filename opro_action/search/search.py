"""The search itself: a state machine that asks for candidates and for scores, is told them, and decides.

It talks to no model, reads no file and no clock. Told the same answers it takes the same course, which is
how a search is resumed from its journal and tested without a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from opro_action.errors import BudgetSpent, NotMeasured
from opro_action.scoring.expected import options_of
from opro_action.search.asks import Ask, Score, Write
from opro_action.search.candidates import Rules, rejection
from opro_action.search.decision import Outcome, check_scored, decide, unscored
from opro_action.search.demos import demo_section, drawn, section_of, with_section
from opro_action.search.selection import Batch
from opro_action.search.setup import Setup
from opro_action.search.showing import Brief
from opro_action.search.split import stratified_order
from opro_action.search.stopping import Look, Stop, stop_before
from opro_action.search.trajectory import Attempt, Origin, Trajectory
from opro_action.search.ways import ways_of_step
from opro_action.suite.suite import Case

__all__ = ["Ask", "Outcome", "Score", "Setup", "Write", "search"]


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
    return (yield from decide(setup, trajectory, stop))


def _stop(setup: Setup, step: int, trajectory: Trajectory, planned: int) -> Stop | None:
    look = Look(step, trajectory, setup.suite.optimize, spent=planned / setup.cap)
    if stop := stop_before(look):
        return stop
    if not setup.affordable(step, planned):
        bound = setup.passed_by(step, planned, 1)
        return Stop("budget", f"Another step and the decision do not fit into {bound}.")
    return None


def _score_seeds(setup: Setup) -> Generator[Ask, Any, tuple[Trajectory, int]]:
    """The file's prompt on every case; then the other seeds, as candidates that have to beat it."""
    n, seed = len(setup.split.search), Attempt(setup.suite.prompt.text, 0, "file")
    (scored,) = yield from _score(setup, 0, [seed], setup.split.search)
    trajectory = Trajectory(n, (scored,))
    if not trajectory.eligible:
        raise NotMeasured(f"The current prompt could not be scored: {unscored([*trajectory.seed.results.values()])}")
    origins: dict[str, Origin] = {}
    for text, origin in setup.seeds:
        origins.setdefault(text, origin)
    others = [Attempt(text, 0, origin) for text, origin in origins.items() if text != seed.text]
    batch, answers = yield from _select(setup, 0, trajectory, others)
    return trajectory.plus(batch), setup.answer_calls(n + answers)


def _step(setup: Setup, step: int, trajectory: Trajectory, planned: int) -> Generator[Ask, Any, tuple[Trajectory, int]]:
    count = setup.widths.get(step) or setup.affordable(step, planned)
    ways = ways_of_step(setup.suite.optimize, trajectory, step, candidates=count)
    rejections = Counter(attempt.rejected for attempt in trajectory.attempts if attempt.rejected)
    brief = Brief(
        setup.suite,
        trajectory,
        setup.split.search,
        step,
        rejections=tuple(sorted(rejections.items())),
        ways=tuple(way for way in ways if way != "demos"),
    )
    drafts = setup.profile.drafts(brief)
    replies: Sequence[str | None] = yield Write(step, drafts, count)
    written = [
        _read(setup, trajectory, Attempt(reply, step, way=draft.way))
        for draft, reply in zip(drafts, replies, strict=True)
        if reply is not None
    ]
    made = _with_demos(setup, trajectory, step, count - len(drafts))
    batch, answers = yield from _select(setup, step, trajectory, _checked(setup, trajectory, [*written, *made]))
    check_scored([attempt for attempt in batch if not attempt.rejected], least=2)
    return trajectory.plus(batch), planned + len(drafts) + setup.answer_calls(answers)


def _read(setup: Setup, trajectory: Trajectory, reply: Attempt) -> Attempt:
    """The candidate in a reply; it keeps the examples that the best prompt shows, which it was not shown itself."""
    text, reason = setup.profile.text(reply.text, setup.suite)
    section = section_of(trajectory.best.text)
    if section and not reason and section_of(text) is None:
        text = with_section(text, section, setup.suite.prompt.frame)
    return replace(reply, text=text, rejected=reason)


def _with_demos(setup: Setup, trajectory: Trajectory, step: int, count: int) -> list[Attempt]:
    """The best prompt with `count` other choices of examples."""
    spec, frame = setup.suite.optimize, setup.suite.prompt.frame
    made = []
    for index in range(count):
        cases = drawn(setup.split.demos, spec.demos, seed=spec.seed, salt=f"{step} {index}")
        made.append(Attempt(with_section(trajectory.best.text, demo_section(cases), frame), step, way="demos"))
    return made


def _checked(setup: Setup, trajectory: Trajectory, written: Sequence[Attempt]) -> list[Attempt]:
    """The candidates, those that no call should be spent on marked as rejected."""
    suite, split = setup.suite, setup.split
    cases = (*split.search, *split.spare, *split.holdout)
    rules = Rules.around(suite.prompt, cases, suite.optimize.max_length, split.demos, options_of(suite))
    tried = [attempt.text for attempt in trajectory.attempts if not attempt.rejected]
    batch: list[Attempt] = []
    for attempt in written:
        reason = attempt.rejected or rejection(attempt.text, rules, tried, setup.declined)
        if not reason:
            tried.append(attempt.text)
        batch.append(replace(attempt, rejected=reason))
    return batch


def _select(
    setup: Setup, step: int, trajectory: Trajectory, attempts: Sequence[Attempt]
) -> Generator[Ask, Any, tuple[list[Attempt], int]]:
    """Score a batch as the selection wants it; returns it with its results, and how many answers it took."""
    drawn_anew = stratified_order(setup.split.search, setup.suite.optimize.seed, "block", str(step))
    cases = tuple(sorted(drawn_anew, key=lambda case: case.weight == 0))  # a block without any weight tells nothing
    batch, answers = list(attempts), 0
    while block := setup.selection.next_block(Batch(tuple(a for a in batch if not a.rejected), trajectory.best, cases)):
        scored = yield from _score(setup, step, block.attempts, block.cases)
        updated = {attempt.text: attempt for attempt in scored}
        batch = [attempt if attempt.rejected else updated.get(attempt.text, attempt) for attempt in batch]
        answers += block.size
    return [replace(a, eliminated=not a.rejected and len(a.results) < len(cases)) for a in batch], answers


def _score(
    setup: Setup, step: int, attempts: Sequence[Attempt], cases: tuple[Case, ...]
) -> Generator[Ask, Any, list[Attempt]]:
    results = yield Score(step, tuple(attempt.text for attempt in attempts), cases, setup.suite.repeats)
    return [attempt.with_results(found) for attempt, found in zip(attempts, results, strict=True)]
