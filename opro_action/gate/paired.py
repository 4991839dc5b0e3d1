"""Two scorings of the same cases, case by case: what changed, by how much, and what chance would explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from opro_action.gate import sign_flip, statistics
from opro_action.gate.sign_flip import Alternative
from opro_action.gate.statistics import Interval
from opro_action.scoring.results import CaseResult

PLACES = 6
"""Scores are kept in a baseline, and compared, to so many decimal places: the same result again is the same."""


@dataclass(frozen=True)
class Pair:
    """One case before and after; scores in [0, 1]. `broke` means it had passed and does not any more."""

    id: str
    before: float
    after: float
    weight: float = 1.0
    broke: bool = False
    must_pass: bool = False

    @property
    def difference(self) -> float:
        if self.after == self.before:
            return 0.0
        return round(round(self.after, PLACES) - round(self.before, PLACES), PLACES)


@dataclass(frozen=True)
class Paired:
    """The cases that both scorings have, at least one, sorted by id."""

    pairs: tuple[Pair, ...]

    @property
    def n(self) -> int:
        return len(self.pairs)

    @cached_property
    def weights(self) -> list[float]:
        return [pair.weight for pair in self.pairs]

    @cached_property
    def differences(self) -> list[float]:
        return [pair.difference for pair in self.pairs]

    @cached_property
    def weighted_differences(self) -> list[float]:
        return [difference * weight for difference, weight in zip(self.differences, self.weights, strict=True)]

    @property
    def before(self) -> float:
        return statistics.mean([pair.before for pair in self.pairs], weights=self.weights)

    @property
    def after(self) -> float:
        return statistics.mean([pair.after for pair in self.pairs], weights=self.weights)

    @cached_property
    def delta(self) -> float:
        """The weighted mean of the differences; rounded, so that 6 thirds of 100 are 0.02 and not a hair less."""
        return round(statistics.mean(self.differences, weights=self.weights), PLACES)

    @property
    def interval(self) -> Interval | None:
        return sign_flip.paired_interval(self.differences, weights=self.weights)

    def p(self, alternative: Alternative) -> float:
        return sign_flip.sign_flip_p(self.differences, weights=self.weights, alternative=alternative)

    @cached_property
    def p_moved(self) -> float:
        """The one-sided p-value in the direction of `delta`."""
        return self.p("less" if self.delta < 0 else "greater")

    @property
    def worse(self) -> tuple[str, ...]:
        return self._where(lambda difference: difference < 0)

    @property
    def better(self) -> tuple[str, ...]:
        return self._where(lambda difference: difference > 0)

    def _where(self, moved: Callable[[float], bool]) -> tuple[str, ...]:
        return tuple(pair.id for pair, d in zip(self.pairs, self.differences, strict=True) if moved(d))

    @property
    def broken_must_pass(self) -> tuple[str, ...]:
        return tuple(pair.id for pair in self.pairs if pair.must_pass and pair.broke)


def paired(pairs: Iterable[Pair]) -> Paired | None:
    """The pairs in the one order in which they are compared; None when none of them has any weight."""
    in_order = tuple(sorted(pairs, key=lambda pair: pair.id))
    return Paired(in_order) if any(pair.weight for pair in in_order) else None


def paired_results(results: Iterable[tuple[CaseResult, CaseResult]]) -> Paired | None:
    """(before, after) results of the same cases as pairs, as far as both are scored."""
    return paired(
        Pair(
            id=before.case.id,
            before=before.score,
            after=after.score,
            weight=before.case.weight,
            broke=before.passed and not after.passed,
            must_pass=before.case.must_pass,
        )
        for before, after in results
        if before.score is not None and after.score is not None
    )


def points(share: float) -> str:
    """A score or a difference as a person reads it: 0.125 is "12.5 points"."""
    return f"{abs(share) * 100:.1f} points"


def p_in_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def some(ids: Sequence[str], limit: int = 3) -> str:
    """The first few ids, and how many more there are."""
    more = f" and {len(ids) - limit} more" if len(ids) > limit else ""
    return ", ".join(f'"{id_}"' for id_ in ids[:limit]) + more
