"""The verdict on a change: from its scores, the baseline's and the gate's settings, by five rules in order.

0. too little could be scored: `unmeasured`;
1. a must_pass case that had passed does not any more: `regressed`;
2. the score is under `min_score`: `regressed`;
   without a baseline to compare with: `no_baseline`;
3. a mean drop of `max_drop` or more that chance does not explain (one-sided sign-flip p < `alpha`): `regressed`;
4. such a drop that chance may explain: `inconclusive`;
5. a mean gain that chance does not explain: `improved`; anything else: `unchanged`.

A drop is judged on the cases that are in both, the floor on all that were scored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from opro_action.gate.baseline import Baseline
from opro_action.gate.paired import Pair, Paired, p_in_words, paired, points, some
from opro_action.gate.statistics import Interval, cases_to_settle, mean_interval, min_detectable_drop
from opro_action.scoring.results import SuiteResult
from opro_action.suite.suite import GateSpec

Word = Literal["improved", "unchanged", "regressed", "inconclusive", "no_baseline", "unmeasured"]

FEW = 20
"""Under so many cases the report says that they are few."""

TOO_FEW = 6
"""Under so many cases no two-sided sign-flip test can reach 0.05: rules 3 to 5 find neither drop nor gain."""

_SLACK = 1e-9


@dataclass(frozen=True)
class Verdict:
    """What was found, with every number that a reader needs; scores and differences in [0, 1], intervals of 95 %.

    `score` and `ci95` are over the `n` scored cases. Everything from `baseline_score` on is over the `n_common`
    cases of both, and None or empty without a comparison. `p_value` is one-sided, in the direction of `delta`.
    """

    verdict: Word
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
    min_detectable_drop: float | None = None
    cases_to_settle: int | None = None
    regressed_cases: tuple[str, ...] = ()
    improved_cases: tuple[str, ...] = ()
    broken_must_pass: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def exit_code(verdict: Verdict, gate: GateSpec) -> int:
    """0 fine, 1 failed, 3 not measured."""
    if verdict.verdict == "unmeasured":
        return 3
    failed = verdict.verdict == "regressed" or (verdict.verdict == "inconclusive" and gate.on_inconclusive == "fail")
    return 1 if failed else 0


def judge(
    result: SuiteResult, gate: GateSpec, *, baseline: Baseline | None = None, why_not: str | None = None
) -> Verdict:
    """The verdict on `result`.

    `why_not` says why there is no comparison with the baseline, if there is to be none (see
    `opro_action.gate.baseline.why_not_comparable`).
    """
    if not result.measured or result.score is None:
        return _unmeasured(result)
    found = _scored(result)
    if baseline is None or why_not:
        return _decided(replace(found, why_not=why_not or "no baseline is recorded"), gate)
    common = common_cases(result, baseline)
    found = _with_cases(found, result, baseline)
    if common is None:
        return _decided(replace(found, why_not="no case is the same in the baseline and now"), gate)
    return _decided(_compared(found, common, gate), gate)


def common_cases(result: SuiteResult, baseline: Baseline) -> Paired | None:
    """The scored cases that are in both with the same id and content; None when there are none."""
    recorded = {(case.id, case.digest): case for case in baseline.cases}
    pairs = []
    for now in result.scored:
        before = recorded.get((now.case.id, now.case.digest))
        if before is None or now.score is None:
            continue
        broke = before.passed and not now.passed
        pairs.append(Pair(now.case.id, before.score, now.score, now.case.weight, broke, now.case.must_pass))
    return paired(pairs)


def _unmeasured(result: SuiteResult) -> Verdict:
    unscored = [case for case in result.cases if case.score is None]
    why = " ".join(unscored[0].explanation.split()) if unscored else ""
    first = f" (first {some([unscored[0].case.id])}: {why.rstrip('.')})" if unscored else ""
    reason = f"{len(unscored)} of {len(result.cases)} cases could not be scored{first}, so nothing is decided."
    return Verdict("unmeasured", reason, None, len(result.scored), result.unscored)


def _scored(result: SuiteResult) -> Verdict:
    scores = [(case.score, case.case.weight) for case in result.cases if case.score is not None]
    interval = mean_interval([score for score, _ in scores], weights=[weight for _, weight in scores])
    return Verdict("no_baseline", "", result.score, len(scores), result.unscored, interval)


def _with_cases(found: Verdict, result: SuiteResult, baseline: Baseline) -> Verdict:
    now = {case.case.id: case.case.digest for case in result.cases}
    before = {case.id: case.digest for case in baseline.cases}
    return replace(
        found,
        added=tuple(sorted(now.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - now.keys())),
        changed=tuple(sorted(id_ for id_ in now.keys() & before.keys() if now[id_] != before[id_])),
    )


def _compared(found: Verdict, common: Paired, gate: GateSpec) -> Verdict:
    losable = [pair.weight for pair in common.pairs if pair.before > 0 and pair.weight > 0]
    detectable = min_detectable_drop(losable, total=sum(common.weights), alpha=gate.alpha)
    settle = cases_to_settle(common.weighted_differences, alpha=gate.alpha)
    return replace(
        found,
        comparable=True,
        n_common=common.n,
        baseline_score=common.before,
        delta=common.delta,
        delta_ci95=common.interval,
        p_value=common.p("less" if common.delta < 0 else "greater"),
        min_detectable_drop=max(detectable, gate.max_drop) if detectable and common.n >= TOO_FEW else None,
        cases_to_settle=max(settle, TOO_FEW) if settle else None,
        regressed_cases=common.worse,
        improved_cases=common.better,
        broken_must_pass=common.broken_must_pass,
    )


def _decided(found: Verdict, gate: GateSpec) -> Verdict:
    word, sentence = _rules(found, gate)
    return replace(found, verdict=word, reason=f"{sentence}{_few(found)}.")


def _rules(found: Verdict, gate: GateSpec) -> tuple[Word, str]:
    if found.broken_must_pass:
        return "regressed", _broken(found.broken_must_pass)
    if gate.min_score is not None and found.score is not None and found.score < gate.min_score - _SLACK:
        return "regressed", f"the score {found.score:.3f} is under the floor of {gate.min_score:g} (min_score)"
    if found.delta is None or found.p_value is None:
        return "no_baseline", f"nothing to compare with: {found.why_not}"
    real = found.p_value < gate.alpha and found.n_common >= TOO_FEW
    if found.delta < 0 and -found.delta >= gate.max_drop - _SLACK:
        return ("regressed", _real(found)) if real else ("inconclusive", _unsettled(found))
    if found.delta > 0 and real:
        return "improved", _real(found)
    return "unchanged", _small(found, gate)


def _broken(ids: tuple[str, ...]) -> str:
    if len(ids) == 1:
        return f"the must_pass case {some(ids)} had passed and does not any more"
    return f"{len(ids)} must_pass cases had passed and do not any more: {some(ids)}"


def _real(found: Verdict) -> str:
    return f"{_moved(found)}, more than chance explains ({p_in_words(found.p_value or 0.0)})"


def _unsettled(found: Verdict) -> str:
    chance = f"{_moved(found)}, which may be chance ({p_in_words(found.p_value or 0.0)})"
    if found.min_detectable_drop is None:
        return f"{chance}: these cases could not have shown any drop"
    shown = f"{chance}: the smallest drop that these cases could have shown is {points(found.min_detectable_drop)}"
    return f"{shown}, and about {found.cases_to_settle} cases would settle it" if found.cases_to_settle else shown


def _small(found: Verdict, gate: GateSpec) -> str:
    if not found.regressed_cases and not found.improved_cases:
        return f"each of the {found.n_common} cases scored as before"
    if found.delta and found.delta > 0:
        return f"{_moved(found)}, which may be chance ({p_in_words(found.p_value or 0.0)})"
    if not found.delta:
        return f"{_counts(found)}, and the mean score stayed"
    return f"{_moved(found)}, less than the {points(gate.max_drop)} that count (max_drop)"


def _moved(found: Verdict) -> str:
    delta = found.delta or 0.0
    return f"the mean score {'fell' if delta < 0 else 'rose'} by {points(delta)} ({_counts(found)})"


def _counts(found: Verdict) -> str:
    worse, better = len(found.regressed_cases), len(found.improved_cases)
    return f"{worse} worse and {better} better of {found.n_common} cases"


def _few(found: Verdict) -> str:
    n = found.n_common if found.comparable else found.n
    if n < TOO_FEW:
        return f"; with {n} {_cases(n)} no test can tell a drop from chance, so only min_score and must_pass can fail"
    if n < FEW:
        return f"; {n} cases are few: 20 to 50 are needed for a firm answer"
    return ""


def _cases(n: int) -> str:
    return "case" if n == 1 else "cases"
