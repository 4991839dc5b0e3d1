"""Selection: which candidates of a batch are scored on which cases next, and who is out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from opro_action.search.trajectory import Attempt, breaks, lead
from opro_action.suite.suite import Case, OptimizeSpec

FIRST = 0.2
"""The share of the search split that a first block has, and at least `FEWEST` cases."""
FEWEST = 8

BEHIND = 1.0
"""A candidate is out when its lead over the incumbent is negative by more than so many standard errors."""

WHOLE = 0.7
"""A block that reaches this share of the cases is made the whole: another round would save next to nothing."""

FEW = 4
"""From so many candidates in a step on, halving finds the best of them with the fewest calls; under it, a race."""


@dataclass(frozen=True)
class Batch:
    """A step's candidates with their results so far, the incumbent they have to beat, and the cases.

    The incumbent has met every case already: nothing is paid for it again. `cases` stand in the order in which they
    are used; every beginning of them is stratified.
    """

    attempts: tuple[Attempt, ...]
    incumbent: Attempt
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Block:
    """Score each of these prompts on each of these cases."""

    attempts: tuple[Attempt, ...]
    cases: tuple[Case, ...]

    @property
    def size(self) -> int:
        return len(self.attempts) * len(self.cases)


class Selection(Protocol):
    """Decides from the scores so far, and from nothing else, so that a search can be told again from its journal.

    `next_block` gives what to score next, None when the batch is done; a candidate left with fewer results than there
    are cases cannot win. `most_answers` is how many answers `candidates` can cost on `n` cases.
    """

    def next_block(self, batch: Batch) -> Block | None: ...

    def most_answers(self, candidates: int, n: int) -> int: ...


@dataclass(frozen=True)
class FullEvaluation:
    """Every candidate on every case, as the paper does it."""

    def next_block(self, batch: Batch) -> Block | None:
        unscored = tuple(attempt for attempt in batch.attempts if not attempt.results)
        return Block(unscored, batch.cases) if unscored else None

    def most_answers(self, candidates: int, n: int) -> int:
        return candidates * n


Cut = Callable[[Sequence[Attempt], Attempt, Sequence[str]], list[Attempt]]


@dataclass(frozen=True)
class Halving:
    """Successive halving on common cases (Karnin et al. 2013, "Almost Optimal Exploration in Multi-Armed Bandits").

    All candidates meet the same first block. The better half of them, without those that are clearly behind the
    incumbent on the same cases, goes on to twice the cases, and so on to the end.
    """

    def next_block(self, batch: Batch) -> Block | None:
        return _next_block(batch, _better_half)

    def most_answers(self, candidates: int, n: int) -> int:
        total, before, alive = 0, 0, candidates
        for size in levels(n):
            total += alive * (size - before)
            before, alive = size, _half(alive)
        return total


@dataclass(frozen=True)
class Race:
    """A sequential paired race for single proposals: each goes on until it is clearly behind the incumbent."""

    def next_block(self, batch: Batch) -> Block | None:
        return _next_block(batch, _not_behind)

    def most_answers(self, candidates: int, n: int) -> int:
        return candidates * n


def selection_of(spec: OptimizeSpec) -> Selection:
    """The selection that a suite names; `auto` takes halving for a batch and a race for one or a few candidates."""
    name = spec.selection
    if name == "auto":
        name = "halving" if spec.candidates >= FEW else "race"
    kinds: dict[str, Selection] = {"full": FullEvaluation(), "race": Race(), "halving": Halving()}
    return kinds[name]


def levels(n: int) -> tuple[int, ...]:
    """How many of `n` cases a candidate has met after each round."""
    sizes, size = [], min(n, max(FEWEST, ceil(FIRST * n)))
    while size < WHOLE * n:
        sizes.append(size)
        size *= 2
    return (*sizes, n)


def _next_block(batch: Batch, cut: Cut) -> Block | None:
    """The first block that one of those still in has not met: told anew from all results, whatever came in when."""
    alive, before = list(batch.attempts), 0
    for size in levels(len(batch.cases)):
        block = batch.cases[before:size]
        waiting = tuple(a for a in alive if any(case.id not in a.results for case in block))
        if waiting:
            return Block(waiting, block)
        alive = cut(alive, batch.incumbent, [case.id for case in batch.cases[:size]])
        before = size
    return None


def _better_half(alive: Sequence[Attempt], incumbent: Attempt, met: Sequence[str]) -> list[Attempt]:
    """Ties go to the shorter text, then to the earlier. Scores count on the cases that all of them met."""
    leads = {a.text: lead(a, incumbent, cases=met) for a in alive}
    ranked = sorted(alive, key=lambda a: (-(found.mean if (found := leads[a.text]) else -1.0), len(a.text)))
    return _not_behind(ranked[: _half(len(alive))], incumbent, met)


def _not_behind(alive: Sequence[Attempt], incumbent: Attempt, met: Sequence[str]) -> list[Attempt]:
    found = [(a, lead(a, incumbent, cases=met)) for a in alive if not breaks(a, incumbent)]
    return [a for a, ahead in found if ahead is not None and ahead.mean + BEHIND * ahead.error >= 0]


def _half(count: int) -> int:
    return (count + 1) // 2
