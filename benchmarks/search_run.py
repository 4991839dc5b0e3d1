"""One run of one arm of the search benchmark, and what is kept of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from peers.copro import copro
from peers.evaluator import Arm, Evaluator
from peers.installed import INSTALLED
from peers.opro import opro
from peers.simple import best_of_n, random_search
from search_ablations import ABLATIONS, NO_HOLDOUT, Ablation
from search_backend import Simulated

from opro_action.errors import BudgetSpent, UsageError
from opro_action.scoring.results import CaseResult
from opro_action.search.prepare import prepare
from opro_action.search.search import Ask, Outcome, Score, Setup, Write, search
from opro_action.testing import World

STEPS = 100
"""More than any budget here allows: the budget and our own stop rules end a search, not the default of 8 steps."""

PEERS: dict[str, Arm] = {"opro": opro, "best-of-n": best_of_n, "random": random_search, "copro": copro}


@dataclass(frozen=True)
class Run:
    """What one run came to. Qualities are true ones, scores measured ones, all in [0, 1].

    `final` is the quality of what the arm hands over: of ours the accepted winner, else the file's prompt. `found` is
    that of the best prompt of the search whether accepted or not, `reported` the score that the arm gives it, on our
    holdout when it was looked at. `curve` has (task calls, quality of the best so far).
    """

    arm: str
    landscape: str
    hand: str
    seed: int
    budget: int
    cases: int
    first: float
    reachable: float
    final: float
    found: float
    calls: int
    written: int
    reported: float | None = None
    evidence: str | None = None
    stop: str | None = None
    curve: tuple[tuple[int, float], ...] = ()

    @property
    def gain(self) -> float:
        return self.final - self.first

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Task:
    """Which run to make."""

    arm: str
    landscape: str
    hand: str
    seed: int
    budget: int
    cases: int = 60


def make(task: Task) -> Run:
    """Run an arm on a world."""
    backend = Simulated(World.named(task.landscape, task.seed), task.hand, task.cases)
    return _peer(task, backend) if task.arm in (*PEERS, *INSTALLED) else _ours(task, backend)


def _arm(task: Task, world: World) -> Arm:
    if task.arm in PEERS:
        return PEERS[task.arm]
    arm = INSTALLED[task.arm]
    return arm if task.arm == "gepa" else partial(arm, world=world)


def _peer(task: Task, backend: Simulated) -> Run:
    suite = backend.suite()
    evaluator = Evaluator(backend, suite.prompt.text, suite.description, suite.cases, task.budget)
    _arm(task, backend.world)(evaluator, task.seed)
    curve = tuple((calls, backend.quality(text)) for calls, text in evaluator.declared)
    found = backend.quality(evaluator.best)
    return Run(
        **asdict(task),
        first=backend.seed_quality,
        reachable=backend.reachable,
        final=found,
        found=found,
        calls=evaluator.calls,
        written=evaluator.written,
        reported=evaluator.reported,
        curve=curve,
    )


@dataclass
class Told:
    """Tells the search its answers and counts the calls that it would have paid for."""

    backend: Simulated
    setup: Setup
    budget: int
    calls: int = 0
    written: int = 0

    def __post_init__(self) -> None:
        self.curve: list[tuple[int, float]] = []
        self._results: dict[str, dict[str, CaseResult]] = {}
        self.best, self.score = self.setup.suite.prompt.text, -1.0

    def play(self) -> Outcome | None:
        """The outcome; None for a search without a holdout, which has nothing to decide on."""
        machine = search(self.setup)
        try:
            ask = next(machine)
            while not (isinstance(ask, Score) and ask.holdout and not ask.cases):
                if isinstance(ask, Score) and self.calls + ask.calls > self.budget:
                    ask = machine.throw(BudgetSpent("The budget is spent."))
                else:
                    ask = machine.send(self._told(ask))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        machine.close()
        return None

    def _told(self, ask: Ask) -> Any:
        if isinstance(ask, Write):
            first = ask.step * self.setup.suite.optimize.candidates
            self.written += len(ask.drafts)
            return [self.backend.write(draft.messages, first + index) for index, draft in enumerate(ask.drafts)]
        self.calls += ask.calls
        told = [
            tuple(
                CaseResult(case, tuple(self.backend.answer(text, case, repeat) for repeat in range(ask.repeats)))
                for case in ask.cases
            )
            for text in ask.texts
        ]
        if not ask.holdout:
            self._follow(ask, told)
        return told

    def _follow(self, ask: Score, told: list[tuple[CaseResult, ...]]) -> None:
        """Whether a text that has now met every case of the search split is the best so far."""
        for text, results in zip(ask.texts, told, strict=True):
            known = self._results.setdefault(text, {})
            known.update({result.case.id: result for result in results})
            if len(known) < len(self.setup.split.search):
                continue
            score = sum(result.score or 0.0 for result in known.values()) / len(known)
            if score > self.score:
                self.best, self.score = text, score
                self.curve.append((self.calls, self.backend.quality(text)))


def _ours(task: Task, backend: Simulated) -> Run:
    settings = {"steps": STEPS, "seed": task.seed, "max_calls": task.budget}
    first = backend.seed_quality
    nothing = Run(
        **asdict(task), first=first, reachable=backend.reachable, final=first, found=first, calls=0, written=0
    )
    ablation = ABLATIONS.get(task.arm, Ablation())
    try:
        setup = ablation.applied(prepare, backend.suite, settings)
    except UsageError:
        return replace(nothing, evidence="not_shown", stop="refused")
    told = Told(backend, setup, task.budget)
    with ablation.in_force():
        outcome = told.play()
    run = replace(
        nothing,
        found=backend.quality(told.best),
        calls=told.calls,
        written=told.written,
        reported=told.score,
        curve=tuple((calls + setup.decision_calls, quality) for calls, quality in told.curve),
    )
    if task.arm == NO_HOLDOUT:
        return replace(run, final=run.found)
    return _decided(run, backend, outcome) if outcome else run


def _decided(run: Run, backend: Simulated, outcome: Outcome) -> Run:
    evidence, stop = outcome.evidence, outcome.stop.reason
    if evidence is None or evidence.best_score is None:
        return replace(run, reported=None, evidence=evidence.evidence if evidence else "not_shown", stop=stop)
    quality = backend.quality(outcome.best.text)
    final = run.first if evidence.evidence == "not_shown" else quality
    return replace(run, found=quality, final=final, reported=evidence.best_score, evidence=evidence.evidence, stop=stop)
