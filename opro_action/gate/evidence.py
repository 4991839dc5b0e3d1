"""The evidence that a candidate is better than the file's prompt: the gate's test the other way round, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from opro_action.gate.paired import Paired, p_in_words, paired_results, points, some
from opro_action.gate.power import TOO_FEW
from opro_action.gate.statistics import Interval, standard_error
from opro_action.scoring.results import CaseResult, SuiteResult

Strength = Literal["proven", "promising", "not_shown"]

LEVEL = 0.05
"""A gain is proven by a one-sided p under this."""

SLACK = 1e-9


@dataclass(frozen=True)
class Evidence:
    """What the holdout says of the best candidate against the file's prompt.

    `delta` is best minus seed over the `n` cases that both scored, `p_value` one-sided for a gain; all None when
    nothing could be compared. `fixed` and `broken` are the cases that scored higher and lower.
    """

    evidence: Strength
    reason: str
    n: int = 0
    seed_score: float | None = None
    best_score: float | None = None
    delta: float | None = None
    delta_ci95: Interval | None = None
    p_value: float | None = None
    fixed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    broken_must_pass: tuple[str, ...] = ()


def weigh(pairs: Sequence[tuple[CaseResult, CaseResult]], *, min_gain: float) -> Evidence:
    """How strong the evidence of a gain is, from (seed, best) results of each holdout case.

    `proven`: a gain of `min_gain` or more, p < 0.05, no broken must_pass case. `promising`: such a gain above one
    standard error of the mean difference, no broken must_pass case. Else, or when too many cases are unscored on
    either side, `not_shown`.
    """
    sides = SuiteResult(tuple(seed for seed, _ in pairs)), SuiteResult(tuple(best for _, best in pairs))
    compared = paired_results(pairs)
    if compared is None or not all(side.measured for side in sides):
        unscored = max(side.unscored for side in sides)
        return Evidence("not_shown", f"{unscored} of {len(pairs)} holdout cases could not be scored.")
    p = compared.p("greater")
    strength, reason = _decide(compared, p, min_gain)
    return Evidence(
        evidence=strength,
        reason=f"{reason}.",
        n=compared.n,
        seed_score=compared.before,
        best_score=compared.after,
        delta=compared.delta,
        delta_ci95=compared.interval,
        p_value=p,
        fixed=compared.better,
        broken=compared.worse,
        broken_must_pass=compared.broken_must_pass,
    )


def _decide(compared: Paired, p: float, min_gain: float) -> tuple[Strength, str]:
    gained = f"the holdout score rose by {points(compared.delta)} over {compared.n} cases ({p_in_words(p)})"
    if compared.delta <= 0:
        return "not_shown", f"the holdout score did not rise over {compared.n} cases"
    if compared.broken_must_pass:
        return "not_shown", f"{gained}, but must_pass cases broke: {some(compared.broken_must_pass)}"
    if compared.delta < min_gain - SLACK:
        return "not_shown", f"{gained}, less than the {points(min_gain)} that count (min_gain)"
    if p < LEVEL and compared.n >= TOO_FEW:
        return "proven", gained
    error = standard_error([pair.difference for pair in compared.pairs], weights=compared.weights)
    if compared.delta > error:
        return "promising", f"{gained}, which may be chance but is above its standard error of {points(error)}"
    return "not_shown", f"{gained}, within its standard error of {points(error)}"


@dataclass(frozen=True)
class Kept:
    """Whether a change leaves other cases as good as they were; None when too little could be compared.

    `delta` is after minus before over the `n` common cases, `p_value` one-sided for a drop.
    """

    worse: bool
    reason: str
    n: int = 0
    before: float | None = None
    after: float | None = None
    delta: float | None = None
    p_value: float | None = None


def kept(pairs: Sequence[tuple[CaseResult, CaseResult]], *, max_drop: float) -> Kept:
    """Whether (before, after) results keep their level: no must_pass case broke, and no drop worth speaking of.

    A drop counts from `max_drop` on, when it is also above one standard error of the mean difference. What cannot be
    measured counts as worse, since nothing then says that it is not.
    """
    compared = paired_results(pairs)
    sides = SuiteResult(tuple(one for one, _ in pairs)), SuiteResult(tuple(two for _, two in pairs))
    if compared is None or not all(side.measured for side in sides):
        return Kept(True, f"{max(side.unscored for side in sides)} of {len(pairs)} cases could not be scored")
    p = compared.p("less")
    error = standard_error([pair.difference for pair in compared.pairs], weights=compared.weights)
    moved = f"{'fell' if compared.delta < 0 else 'rose'} by {points(compared.delta)}" if compared.delta else "stayed"
    reason, worse = f"the score {moved} over {compared.n} cases ({p_in_words(p)} for a drop)", False
    if compared.broken_must_pass:
        reason, worse = f"must_pass cases broke: {some(compared.broken_must_pass)}", True
    elif -compared.delta >= max_drop - SLACK and -compared.delta > error:
        worse = True
    return Kept(worse, reason, compared.n, compared.before, compared.after, compared.delta, p)
