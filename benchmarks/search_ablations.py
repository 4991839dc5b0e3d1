"""Our search with one part of it taken away or replaced, each to see what that part brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any

from opro_action.search import belief, stopping
from opro_action.search.selection import BEHIND, Batch, Block, levels
from opro_action.search.setup import Setup
from opro_action.search.split import Split, order
from opro_action.search.trajectory import Attempt
from opro_action.suite.suite import Case, Suite

Change = Callable[[Setup], Setup]


@dataclass(frozen=True)
class Ablation:
    """Settings of the search that differ from the default, what is changed in its setup, and the stop rules that stay.

    `rules` are names of functions in `opro_action.search.stopping`; None keeps all. Without `relatives` a prompt is
    believed by its own score alone.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    change: Change = field(default=lambda setup: setup)
    rules: tuple[str, ...] | None = None
    relatives: bool = True

    def applied(
        self, prepare: Callable[[Suite], Setup], suite: Callable[..., Suite], settings: Mapping[str, Any]
    ) -> Setup:
        return self.change(prepare(suite(**{**settings, **self.settings})))

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """While this lasts, only the `rules` end a search, and prompts are relatives only where `relatives` says so."""
        rules, likeness = stopping.RULES, belief.likeness
        if self.rules is not None:
            stopping.RULES = tuple(rule for rule in rules if rule.__name__ in self.rules)
        if not self.relatives:
            belief.likeness = lambda one, other: float(one == other)
        try:
            yield
        finally:
            stopping.RULES, belief.likeness = rules, likeness


@dataclass(frozen=True)
class Unpaired:
    """Halving in which each candidate meets cases of its own and is held against the incumbent's mean."""

    def next_block(self, batch: Batch) -> Block | None:
        alive, before = list(batch.attempts), 0
        for size in levels(len(batch.cases)):
            for attempt in alive:
                own = _own(attempt, batch.cases)
                if any(case.id not in attempt.results for case in own[before:size]):
                    return Block((attempt,), own[before:size])
            alive, before = _cut(alive, batch, size), size
        return None

    def most_answers(self, candidates: int, n: int) -> int:
        total, before, alive = 0, 0, candidates
        for size in levels(n):
            total, before, alive = total + alive * (size - before), size, (alive + 1) // 2
        return total


def _own(attempt: Attempt, cases: Sequence[Case]) -> tuple[Case, ...]:
    return tuple(sorted(cases, key=lambda case: order(0, attempt.text, case.id)))


def _cut(alive: Sequence[Attempt], batch: Batch, size: int) -> list[Attempt]:
    means = {attempt.text: _mean(attempt, _own(attempt, batch.cases)[:size]) for attempt in alive}
    ranked = sorted(alive, key=lambda attempt: -means[attempt.text])[: (len(alive) + 1) // 2]
    bar = batch.incumbent.score or 0.0
    error = sqrt(bar * (1 - bar) * (1 / size + 1 / len(batch.cases)))
    return [attempt for attempt in ranked if means[attempt.text] + BEHIND * error >= bar]


def _mean(attempt: Attempt, cases: Sequence[Case]) -> float:
    scores = [attempt.results[case.id].score or 0.0 for case in cases if case.id in attempt.results]
    return sum(scores) / len(scores) if scores else 0.0


def _all_cases(setup: Setup) -> Setup:
    split = setup.split
    return replace(setup, split=Split((*split.search, *split.spare, *split.holdout), ()))


NO_HOLDOUT = "no holdout"
NO_EARLY_STOP = "no early stop"

ABLATIONS: Mapping[str, Ablation] = {
    "full evaluation": Ablation({"selection": "full"}),
    "unpaired": Ablation(change=lambda setup: replace(setup, selection=Unpaired())),
    "no failures": Ablation(
        {"show": ("trajectory", "exemplars", "rejections"), "ways": ("rewrite", "edit", "restart", "shorten")}
    ),
    "no trajectory": Ablation({"show": ("exemplars", "failures", "unsolved", "rejections")}),
    "own score only": Ablation(relatives=False),
    "rewrite only": Ablation({"ways": ("rewrite",)}),
    "eight steps": Ablation({"steps": 8}),
    "one a step": Ablation({"candidates": 1, "steps": 800, "patience": 24}),
    NO_EARLY_STOP: Ablation(rules=("target", "no_room", "steps")),
    "with demos": Ablation({"demos": 4}),
    NO_HOLDOUT: Ablation(change=_all_cases),
}
"""`eight steps` is the default of a suite, `with demos` has something more instead; `no holdout` searches on all cases
and hands over the best search score, as the peers do."""
