"""The rules by which a result is judged: five of them, in order.

0. too little could be scored: `unmeasured`;
1. a must_pass case that had passed does not any more: `regressed`;
2. the score is under `min_score`: `regressed`;
   without a baseline to compare with: `no_baseline`;
3. a mean drop of `max_drop` or more that chance does not explain (one-sided sign-flip p < `alpha`): `regressed`;
4. such a drop that chance may explain, or that did not come again when asked again: `inconclusive`;
5. a mean gain that chance does not explain, and that came again if asked again: `improved`; else `unchanged`.

A drop is judged on the cases that are in both, the floor on all that were scored. Where several suites are judged in
one run, `alpha` is shared among them (see `opro_action.gate.family`).
"""

from __future__ import annotations

from dataclasses import replace

from opro_action.gate.evidence import SLACK
from opro_action.gate.family import Level
from opro_action.gate.matching import Matched
from opro_action.gate.paired import Paired
from opro_action.gate.power import TOO_FEW, cases_to_settle, min_detectable_drop
from opro_action.gate.reason import reason_of, unmeasured_reason
from opro_action.gate.statistics import mean_interval
from opro_action.gate.verdict import Rule, Verdict
from opro_action.scoring.results import SuiteResult
from opro_action.suite.suite import GateSpec


def judge(result: SuiteResult, gate: GateSpec, matched: Matched | None = None, level: Level | None = None) -> Verdict:
    """The verdict on `result` beside what it was matched with, if anything.

    `level` is what p has to be under, by default the gate's alpha.
    """
    matched, level = matched or Matched(), level or Level(gate.alpha)
    rule = rule_of(result, gate, matched, level)
    if rule == "unscored":
        return Verdict(rule, unmeasured_reason(result), None, len(result.scored), result.unscored)
    found = _compared(_scored(rule, result), matched.common, gate, level)
    found = replace(
        found,
        why_not=matched.why_not,
        same_prompt=matched.same_prompt,
        recurred=matched.recurred,
        added=matched.added,
        removed=matched.removed,
        changed=matched.changed,
    )
    return replace(found, reason=reason_of(found, gate))


def rule_of(result: SuiteResult, gate: GateSpec, matched: Matched, level: Level) -> Rule:
    """The rule that decides, without the numbers that a reader needs beside it."""
    common = matched.common
    if not result.measured or result.score is None:
        return "unscored"
    if common and common.broken_must_pass:
        return "must_pass"
    if gate.min_score is not None and result.score < gate.min_score - SLACK:
        return "floor"
    return movement(common, gate, level, recurred=matched.recurred) if common else "nothing_to_compare"


def movement(common: Paired, gate: GateSpec, level: Level, *, recurred: bool = True) -> Rule:
    """Rules 3 to 5: whether the mean of the common cases moved, and whether chance explains it."""

    def real() -> bool:
        return common.n >= TOO_FEW and common.p_moved < level.value

    if common.delta < 0 and -common.delta >= gate.max_drop - SLACK:
        return "drop" if recurred and real() else "maybe_drop"
    return "gain" if common.delta > 0 and recurred and real() else "no_change"


def _scored(rule: Rule, result: SuiteResult) -> Verdict:
    scores = [(case.score, case.case.weight) for case in result.cases if case.score is not None]
    interval = mean_interval([score for score, _ in scores], weights=[weight for _, weight in scores])
    return Verdict(rule, "", result.score, len(scores), result.unscored, interval)


def _compared(found: Verdict, common: Paired | None, gate: GateSpec, level: Level) -> Verdict:
    if common is None:
        return found
    losable = [pair.before * pair.weight for pair in common.pairs]
    moves = common.weighted_differences
    detectable = min_detectable_drop(losable, moves, total=sum(common.weights), alpha=level.value)
    return replace(
        found,
        comparable=True,
        n_common=common.n,
        baseline_score=common.before,
        delta=common.delta,
        delta_ci95=common.interval,
        p_value=common.p_moved,
        level=level,
        min_detectable_drop=max(detectable, gate.max_drop) if detectable else None,
        cases_to_settle=cases_to_settle(moves, alpha=level.value),
        regressed_cases=common.worse,
        improved_cases=common.better,
        broken_must_pass=common.broken_must_pass,
    )
