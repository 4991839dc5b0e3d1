"""Everything a search starts from, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from opro_action.search.guards import Guard
from opro_action.search.metaprompt import Draft
from opro_action.search.selection import FEW, Selection
from opro_action.search.showing import Brief
from opro_action.search.split import Split
from opro_action.search.trajectory import Origin
from opro_action.suite.suite import Suite

ANSWERS_PER_CASE = 10
"""What a search may spend by default, seed, candidates and decision together."""

STEPS = 16
"""So many steps shall fit into a budget, or all of them, before they get wider than a few candidates.

On the simulator with 60 cases a tight budget gains more from four candidates a step than from eight, since what is
written later is written from more; from 2,000 calls on it makes no difference that could be seen over 24 seeds.
"""

HOLDOUT_REPEATS = 3
"""Answers per case and side in the decision, when the task model is not deterministic; under a tight budget fewer."""

DECIDING = 0.3
"""The share of the budget that these repeated answers may take.

With 60 cases and 300 calls three of each would take 180, and leave a search for eight candidates.
"""


class Profile(Protocol):
    """How the optimizer model is asked, and how its reply is read."""

    def drafts(self, brief: Brief) -> tuple[Draft, ...]: ...

    def text(self, reply: str, suite: Suite) -> tuple[str, str | None]: ...


@dataclass(frozen=True)
class Setup:
    """Everything a search starts from.

    `seeds` are texts that are scored beside the file's prompt: the baseline's, and past winners; `declined` are texts
    that a person turned down. `lacking` is asked before each step, with its number and its calls of the optimizer
    model and of the others: it names the bound on time or money that they would pass.
    `calls_per_answer` are one to the task model, and those of the scorers that ask a model. `guards` are the further
    suites and models that a winner must not make worse. `widths` are how many candidates the steps had that an
    earlier part of the run began: with another budget they would be others, and what was paid for them would be lost.

    Calls are planned as if nothing were cached and no candidate fell out early: an upper bound.
    """

    suite: Suite
    split: Split
    profile: Profile
    selection: Selection
    seeds: tuple[tuple[str, Origin], ...] = ()
    calls_per_answer: int = 1
    lacking: Callable[[int, int, int], str | None] = field(default=lambda step, writes, asks: None)
    guards: tuple[Guard, ...] = ()
    declined: tuple[str, ...] = ()
    widths: Mapping[int, int] = field(default_factory=dict)

    @property
    def holdout_repeats(self) -> int:
        """Answers per case and side in the decision."""
        if self.suite.model.deterministic:
            return self.suite.repeats
        once = max(2 * len(self.split.holdout) * self.calls_per_answer, 1)
        cap = self.suite.optimize.max_calls
        affordable = HOLDOUT_REPEATS if cap is None else int(DECIDING * cap) // once
        return max(self.suite.repeats, min(HOLDOUT_REPEATS, affordable), 1)

    @property
    def decision_calls(self) -> int:
        """Calls of the decision: the seed and the winner on the holdout split and on all guards."""
        own = 2 * len(self.split.holdout) * self.holdout_repeats * self.calls_per_answer
        return own + sum(guard.calls for guard in self.guards)

    def answer_calls(self, answers: int) -> int:
        """Calls of so many (text, case) pairs on the search split."""
        return answers * self.suite.repeats * self.calls_per_answer

    @property
    def seed_calls(self) -> int:
        """Calls of the file's prompt on the whole search split, and of the other seeds as the selection takes them."""
        n = len(self.split.search)
        return self.answer_calls(n + self.selection.most_answers(len(self.seeds), n))

    def step_calls(self, candidates: int) -> int:
        """The most calls of a step: one to write each candidate, and the selection's."""
        return candidates + self.answer_calls(self.selection.most_answers(candidates, len(self.split.search)))

    def affordable(self, step: int, planned: int) -> int:
        """How many candidates a step may have, when so many calls are planned already; 0 when none fits.

        The decision's calls are kept back. A tight budget is spent on more steps, not on wider ones: on `STEPS` of
        them or as many as may be made, as long as each has a few candidates.
        """
        whole, steps = self.cap - self.seed_calls, min(STEPS, self.suite.optimize.steps)
        for candidates in range(self.suite.optimize.candidates, 0, -1):
            wide = candidates > FEW and steps * self.step_calls(candidates) > whole - self.decision_calls
            if not wide and not self.passed_by(step, planned, candidates):
                return candidates
        return 0

    def passed_by(self, step: int, planned: int, candidates: int) -> str | None:
        """The bound that a step of so many candidates, with the decision after it, would pass; None when it fits."""
        calls = self.step_calls(candidates) + self.decision_calls
        if calls > self.cap - planned:
            return f"{self.cap} calls (max_calls)"
        return self.lacking(step, candidates, calls - candidates)

    @property
    def cap(self) -> int:
        """The most calls of all models together: the suite's, or else `ANSWERS_PER_CASE` with the calls to write."""
        spec = self.suite.optimize
        if spec.max_calls is not None:
            return spec.max_calls
        answers = self.answer_calls(ANSWERS_PER_CASE * len(self.suite.cases))
        return max(self.least_calls, answers + spec.steps * spec.candidates)

    @property
    def least_calls(self) -> int:
        """Calls that even the shortest search with a decision may make: one step with a few candidates."""
        return self.seed_calls + self.step_calls(min(FEW, self.suite.optimize.candidates)) + self.decision_calls

    @property
    def most_calls(self) -> int:
        """Calls if every step is made and no answer is cached, under the cap."""
        spec = self.suite.optimize
        steps = spec.steps * self.step_calls(spec.candidates)
        return min(self.seed_calls + steps + self.decision_calls, self.cap)
