"""The trajectory: every prompt text a search has tried, with its scores, and what the optimizer model reads of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from opro_action.scoring.results import CaseResult, SuiteResult, weighted_mean
from opro_action.suite.prompt import digest

Origin = Literal["file", "baseline", "history", "optimizer"]
Way = Literal["rewrite", "repair", "edit", "restart", "shorten", "demos"]
"""How a candidate came to be; see `opro_action.search.ways`."""

KEPT = 20
"""How many of the best prompts the optimizer model is shown; the paper's number (arXiv 2309.03409, §5.1)."""

SHRINK = 8
"""A lead over `m` cases counts m / (m + 8) of itself, so that of a first block about half."""


@dataclass(frozen=True)
class Attempt:
    """A prompt text in a search: where it came from, and its results on the search split so far.

    `step` 0 holds the seeds. `rejected` is the reason why no call was spent on it; `eliminated` says that it was
    left behind before it had met every case. `way` is how the optimizer model was asked for it, None for a seed.
    """

    text: str
    step: int
    origin: Origin = "optimizer"
    results: Mapping[str, CaseResult] = field(default_factory=dict)
    rejected: str | None = None
    eliminated: bool = False
    way: Way | None = None

    @property
    def digest(self) -> str:
        return digest(self.text)

    @cached_property
    def measured(self) -> bool:
        """Whether enough of the cases it met could be scored; see `SuiteResult.measured`."""
        return SuiteResult(tuple(self.results.values())).measured

    @cached_property
    def score(self) -> float | None:
        """Mean over the scored cases of the search split, in [0, 1]; None before any."""
        return SuiteResult(tuple(self.results.values())).score

    @property
    def n_scored(self) -> int:
        return len(SuiteResult(tuple(self.results.values())).scored)

    def with_results(self, results: Sequence[CaseResult]) -> Attempt:
        return replace(self, results={**self.results, **{result.case.id: result for result in results}})


@dataclass(frozen=True)
class Lead:
    """How far one prompt is ahead of another on the `n` cases that both scored: mean difference and its error.

    Cases of weight 0 do not count.
    """

    n: int
    mean: float
    error: float


def lead(ahead: Attempt, behind: Attempt, *, cases: Sequence[str] | None = None) -> Lead | None:
    """The paired, weighted lead of `ahead` over `behind`, on the `cases` (ids) or all common ones.

    None without any that has weight. The error is the root of `variance_of_mean`.
    """
    pairs = []
    for id_ in ahead.results if cases is None else cases:
        mine, other = ahead.results.get(id_), behind.results.get(id_)
        if mine and other and mine.score is not None and other.score is not None:
            pairs.append((mine.score - other.score, mine.case.weight))
    weighed = [pair for pair in pairs if pair[1]]
    mean = weighted_mean(weighed)
    return None if mean is None else Lead(len(weighed), mean, variance_of_mean(weighed) ** 0.5)


def variance_of_mean(pairs: Sequence[tuple[float, float]]) -> float:
    """The variance of the weighted mean of (value, weight) pairs, with a pseudo-case half a point off it.

    So that a few cases which all went alike do not pass for certainty. ZeroDivisionError for no weight at all.
    """
    total, count = sum(weight for _, weight in pairs), sum(weight > 0 for _, weight in pairs)
    mean = sum(value * weight for value, weight in pairs) / total
    squares = sum((weight * (value - mean)) ** 2 for value, weight in pairs)
    return (squares + (0.5 * total / count) ** 2) / total**2


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

    @cached_property
    def scored(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.score is not None)

    @cached_property
    def candidates(self) -> tuple[Attempt, ...]:
        """What the search itself tried: the scored ones that are no seeds."""
        return tuple(attempt for attempt in self.scored if attempt.step > 0)

    @cached_property
    def eligible(self) -> tuple[Attempt, ...]:
        """Those that may win: measured on the whole search split, and breaking no must_pass case of the seed."""
        return tuple(
            attempt
            for attempt in self.scored
            if len(attempt.results) == self.n and attempt.measured and not breaks(attempt, self.seed)
        )

    @cached_property
    def best(self) -> Attempt:
        """The highest search score; ties go to the shorter text, then to the earlier."""
        return max(self.eligible, key=lambda attempt: (attempt.score or 0.0, -len(attempt.text)))

    @cached_property
    def ascending(self) -> tuple[tuple[Attempt, float], ...]:
        """The best `KEPT` prompts with their estimates, worst first: what stands last weighs most (the paper, §5.3)."""
        ranked = sorted(
            ((attempt, self.estimate(attempt)) for attempt in self.scored),
            key=lambda pair: (pair[1], pair[0] is self.best, -len(pair[0].text)),
        )
        return tuple(ranked[-KEPT:])

    def estimate(self, attempt: Attempt) -> float:
        """The score on the whole search split, in [0, 1]; one over a part of it is shrunk toward the best prompt's.

        The part is compared with the best prompt on the same cases, so that easy cases make no candidate look good.
        """
        if len(attempt.results) == self.n:
            return attempt.score or 0.0
        found = lead(attempt, self.best)
        if found is None:
            return attempt.score or 0.0
        return min(1.0, max(0.0, (self.best.score or 0.0) + found.mean * found.n / (found.n + SHRINK)))

    @property
    def since_best(self) -> int:
        """How many candidates were scored after the best prompt."""
        return sum(attempt.step > self.best.step for attempt in self.candidates)

    def step_before(self, candidates: int) -> int | None:
        """The step at whose end so many of the scored candidates, or just more, were still to come; None for none."""
        later = 0
        for step in range(self.attempts[-1].step, 0, -1):
            later += sum(attempt.step == step for attempt in self.candidates)
            if later >= candidates:
                return step - 1
        return None

    def best_after(self, step: int) -> float:
        """The best search score among what was eligible by the end of `step`."""
        return max(attempt.score or 0.0 for attempt in self.eligible if attempt.step <= step)


def breaks(attempt: Attempt, known: Attempt) -> bool:
    """Whether `attempt` fails a must_pass case that `known` passes."""
    return any(
        result.case.must_pass and known.results[id_].passed and result.failed for id_, result in attempt.results.items()
    )
