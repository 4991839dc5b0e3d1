"""The verdict on a change: what was found, and every number that a reader needs to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opro_action.gate.family import Level
from opro_action.gate.statistics import Interval
from opro_action.suite.suite import GateSpec

Word = Literal["improved", "unchanged", "regressed", "inconclusive", "no_baseline", "unmeasured"]
Rule = Literal["unscored", "must_pass", "floor", "nothing_to_compare", "drop", "maybe_drop", "gain", "no_change"]

WORDS: Mapping[Rule, Word] = {
    "unscored": "unmeasured",
    "must_pass": "regressed",
    "floor": "regressed",
    "nothing_to_compare": "no_baseline",
    "drop": "regressed",
    "maybe_drop": "inconclusive",
    "gain": "improved",
    "no_change": "unchanged",
}
"""What each rule says; which of them holds is decided in `opro_action.gate.judge`."""


@dataclass(frozen=True)
class Verdict:
    """What was found, with every number that a reader needs; scores and differences in [0, 1], intervals of 95 %.

    `rule` is the one that decided, and `reason` says so in a sentence. `score` and `ci95` are over the `n` scored
    cases. Everything from `baseline_score` on is over the `n_common` cases of both, and None or empty without a
    comparison. `p_value` is one-sided, in the direction of `delta`, and `level` what it was compared with.
    `same_prompt` says that the prompt is the baseline's own text, `recurred` that the change came again when asked.
    """

    rule: Rule
    reason: str
    score: float | None
    n: int
    unscored: int
    ci95: Interval | None = None
    comparable: bool = False
    why_not: str | None = None
    n_common: int = 0
    baseline_score: float | None = None
    delta: float | None = None
    delta_ci95: Interval | None = None
    p_value: float | None = None
    level: Level | None = None
    min_detectable_drop: float | None = None
    cases_to_settle: int | None = None
    same_prompt: bool = False
    recurred: bool = True
    regressed_cases: tuple[str, ...] = ()
    improved_cases: tuple[str, ...] = ()
    broken_must_pass: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def verdict(self) -> Word:
        return WORDS[self.rule]


def exit_code(verdict: Verdict, gate: GateSpec) -> int:
    """0 fine, 1 failed, 3 not measured."""
    if verdict.verdict == "unmeasured":
        return 3
    failed = verdict.verdict == "regressed" or (verdict.verdict == "inconclusive" and gate.on_inconclusive == "fail")
    return int(failed)
