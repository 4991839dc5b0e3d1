"""Selection: which candidates of a batch are scored on which cases next, and who is out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from opro_action.search.trajectory import Attempt
from opro_action.suite.suite import Case


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

    `batch` is the step's candidates with their results so far; the answer is the next block to score, or None
    when the batch is done. A candidate left with fewer results than there are `cases` cannot win.
    """

    def next_block(self, batch: Sequence[Attempt], cases: Sequence[Case]) -> Block | None: ...


class FullEvaluation:
    """Every candidate on every case, as the paper does it."""

    def next_block(self, batch: Sequence[Attempt], cases: Sequence[Case]) -> Block | None:
        unscored = tuple(attempt for attempt in batch if not attempt.results)
        return Block(unscored, tuple(cases)) if unscored else None
