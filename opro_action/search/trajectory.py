"""The trajectory: every prompt text a search has tried, with its scores, and what the optimizer model reads of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.suite.prompt import digest

Origin = Literal["file", "baseline", "history", "optimizer"]

KEPT = 20
"""How many of the best prompts the optimizer model is shown; the paper's number (arXiv 2309.03409, §5.1)."""


@dataclass(frozen=True)
class Attempt:
    """A prompt text in a search: where it came from, and its results on the search split so far.

    `step` 0 holds the seeds. `rejected` is the reason why no call was spent on it.
    """

    text: str
    step: int
    origin: Origin = "optimizer"
    results: Mapping[str, CaseResult] = field(default_factory=dict)
    rejected: str | None = None
    eliminated: bool = False

    @property
    def digest(self) -> str:
        return digest(self.text)

    @property
    def score(self) -> float | None:
        """Mean over the scored cases of the search split, in [0, 1]; None before any."""
        return SuiteResult(tuple(self.results.values())).score

    @property
    def n_scored(self) -> int:
        return len(SuiteResult(tuple(self.results.values())).scored)

    def with_results(self, results: Sequence[CaseResult]) -> Attempt:
        return replace(self, results={**self.results, **{result.case.id: result for result in results}})


@dataclass(frozen=True)
class Trajectory:
    """All attempts in the order in which they were made; `n` is the number of cases in the search split."""

    n: int
    attempts: tuple[Attempt, ...] = ()

    def plus(self, attempts: Sequence[Attempt]) -> Trajectory:
        return replace(self, attempts=(*self.attempts, *attempts))

    @property
    def seed(self) -> Attempt:
        """The file's prompt."""
        return self.attempts[0]

    @property
    def scored(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.score is not None)

    @property
    def eligible(self) -> tuple[Attempt, ...]:
        """Those that may win: measured on the whole search split, and breaking no must_pass case of the seed."""
        return tuple(
            attempt
            for attempt in self.scored
            if len(attempt.results) == self.n
            and SuiteResult(tuple(attempt.results.values())).measured
            and not _broken(self.seed, attempt)
        )

    @property
    def best(self) -> Attempt:
        """The highest search score; ties go to the shorter text, then to the earlier."""
        return max(self.eligible, key=lambda attempt: (attempt.score or 0.0, -len(attempt.text)))

    @property
    def ascending(self) -> tuple[Attempt, ...]:
        """The best `KEPT` prompts, worst first: what stands last weighs most (the paper's ablation on order)."""
        ranked = sorted(self.scored, key=lambda attempt: (attempt.score or 0.0, -len(attempt.text)))
        return tuple(ranked[-KEPT:])

    def best_after(self, step: int) -> float:
        """The best search score among what was eligible by the end of `step`."""
        return max(attempt.score or 0.0 for attempt in self.eligible if attempt.step <= step)


def _broken(seed: Attempt, attempt: Attempt) -> bool:
    return any(
        result.case.must_pass and seed.results[id_].passed and not result.passed
        for id_, result in attempt.results.items()
    )
