"""Guards: further suites and task models for the same prompt, none of which a winner may make worse."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from opro_action.gate.evidence import Kept, kept
from opro_action.scoring.results import CaseResult
from opro_action.search.asks import Ask, Score
from opro_action.suite.suite import Case, Suite


@dataclass(frozen=True)
class Guard:
    """A suite that is scored with the seed and the winner, once, after the holdout has shown a gain.

    `name` stands in reports: the suite's title, or the model's id. None of `cases` was seen by the search.
    """

    name: str
    suite: Suite
    cases: tuple[Case, ...]
    repeats: int
    calls_per_answer: int = 1

    @property
    def calls(self) -> int:
        return 2 * len(self.cases) * self.repeats * self.calls_per_answer


@dataclass(frozen=True)
class Guarded:
    """What a guard saw."""

    name: str
    kept: Kept


def ask_guards(
    guards: tuple[Guard, ...], texts: tuple[str, str], step: int
) -> Generator[Ask, Any, tuple[Guarded, ...]]:
    """Score (seed, winner) under each guard; stops at the first that is worse, since that decides."""
    seen: list[Guarded] = []
    for guard in guards:
        of_seed, of_best = yield Score(step, texts, guard.cases, guard.repeats, holdout=True, of=guard.name)
        pairs: list[tuple[CaseResult, CaseResult]] = list(zip(of_seed, of_best, strict=True))
        seen.append(Guarded(guard.name, kept(pairs, max_drop=guard.suite.gate.max_drop)))
        if seen[-1].kept.worse:
            break
    return tuple(seen)
