"""The tiny interface that every arm of the search benchmark is written over, with a hard budget at one choke point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from opro_action.models.model import Message
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.suite.suite import Case


class BudgetExhausted(Exception):
    """The next call to the task model would be more than the arm may make."""


class Backend(Protocol):
    """Where answers come from: `result` asks the task model about one case, `write` the optimizer model."""

    def result(self, text: str, case: Case, sample: int) -> CaseResult: ...

    def write(self, messages: Sequence[Message], sample: int) -> str: ...


@dataclass
class Evaluator:
    """Answers and replies for one run of an arm. After `budget` task calls every further one raises BudgetExhausted.

    `declared` are (task calls so far, text): the prompt that the arm would hand over if it were stopped there.
    `overdraft` more calls are let through for an arm that cannot stop in time. Writing costs nothing here; it is
    counted in `written`. `reported` is the score that the arm believes its best one has.
    """

    backend: Backend
    seed_text: str
    description: str
    cases: tuple[Case, ...]
    budget: int
    overdraft: int = 0
    calls: int = 0
    written: int = 0
    reported: float | None = None
    declared: list[tuple[int, str]] = field(default_factory=list)
    _samples: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return self.budget - self.calls

    def ask(self, text: str, case: Case) -> CaseResult:
        """One answer, graded; asking the same again is another call and another answer."""
        if self.calls >= self.budget + self.overdraft:
            raise BudgetExhausted
        self.calls += 1
        key = (text, case.id)
        sample = self._samples[key] = self._samples.get(key, -1) + 1
        return self.backend.result(text, case, sample)

    def results(self, text: str, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
        return tuple(self.ask(text, case) for case in cases)

    def score(self, text: str) -> float:
        """The mean over all cases, in [0, 1]."""
        return SuiteResult(self.results(text, self.cases)).score or 0.0

    def write(self, message: str, sample: int) -> str:
        self.written += 1
        return self.backend.write((Message("user", message),), sample)

    def declare(self, text: str, score: float | None = None) -> None:
        """The arm's best is now `text`, with the score that it measured for it."""
        self.declared.append((self.calls, text))
        self.reported = score

    @property
    def best(self) -> str:
        return self.declared[-1][1] if self.declared else self.seed_text


Arm = Callable[[Evaluator, int], None]
"""Runs until it is done or the budget is; the second argument seeds its own choices."""
