"""Findings on the cases as a set: how many there are, what they can show, and how their expected answers are spread."""

from __future__ import annotations

from collections.abc import Sequence

from opro_action.doctor.finding import Finding, line_of, some_cases
from opro_action.gate.evidence import LEVEL
from opro_action.gate.paired import points
from opro_action.gate.power import FEW, TOO_FEW, smallest_change
from opro_action.scoring.expected import chance, kinds, labels, options_of
from opro_action.scoring.scorers.text import quoted
from opro_action.suite.quoting import folded
from opro_action.suite.suite import Case, Suite

LOPSIDED = 0.8
"""From this share on, one expected answer leaves hardly any case for the others."""

LEAST_HOLDOUT = 10
"""A holdout of fewer cases proves a gain only when half of them turn from wrong to right."""

_CASES = ("cases", "testData", "tests")


def count_findings(suite: Suite, holdout: Sequence[Case]) -> list[Finding]:
    """Too few cases for the gate, or for the decision after a search; `holdout` is what a search would keep for it."""
    n = len(suite.cases)
    if n >= FEW:
        return _holdout_findings(suite, holdout)
    drop = smallest_change([case.weight for case in suite.cases], alpha=suite.gate.alpha)
    shows = f"they can show a drop of {points(drop)} or more" if drop else "no test can tell a drop from chance"
    cases = "1 case is too few" if n == 1 else f"{n} cases are {'too few' if n < TOO_FEW else 'few'}"
    remedy = f"Add cases until there are {FEW} or more"
    remedy += "; until then only min_score and must_pass can fail a change." if not drop else "."
    return [Finding("warning", "few-cases", f"{cases}: {shows}.", remedy, suite.path, line_of(suite, *_CASES))]


def balance_findings(suite: Suite) -> list[Finding]:
    """Expected answers so one-sided, or a floor so low, that an answer that never changes does well."""
    share = chance(suite.cases)
    if share is None:
        return []
    return [*_one_sided(suite, share), *_never_expected(suite), *_low_floor(suite, share)]


def weightless_findings(suite: Suite) -> list[Finding]:
    """Cases that are asked and paid for, and count for nothing."""
    idle = [case for case in suite.cases if not case.weight and not case.must_pass]
    if not idle:
        return []
    what = f"Cases with the weight 0 that are not must_pass change no verdict: {some_cases(idle)}."
    return [
        Finding("note", "no-weight", what, "Give them a weight, or take them out.", idle[0].path, idle[0].line),
    ]


def _holdout_findings(suite: Suite, holdout: Sequence[Case]) -> list[Finding]:
    if len(holdout) >= LEAST_HOLDOUT:
        return []
    gain = smallest_change([case.weight for case in holdout], alpha=LEVEL)
    shows = f"proves only a gain of {points(gain)} or more" if gain else "can prove no gain"
    what = f"The holdout of {len(holdout)} of {len(suite.cases)} cases {shows}, so a search ends without evidence."
    remedy = "Raise `optimize.holdout`, or add cases."
    return [Finding("warning", "small-holdout", what, remedy, suite.path, line_of(suite, "optimize", *_CASES))]


def _one_sided(suite: Suite, share: float) -> list[Finding]:
    top = next(iter(kinds(suite.cases)))
    open_answers = not labels(suite)
    if share < LOPSIDED or (open_answers and share < 1) or len(suite.cases) < 2:
        return []
    what = f"{100 * share:.0f} % of the cases expect {quoted(top)}: an answer that never changes scores {share:.2f}."
    remedy = "Add cases that expect something else."
    return [Finding("warning", "one-sided", what, remedy, suite.path, line_of(suite, *_CASES))]


def _never_expected(suite: Suite) -> list[Finding]:
    expected = {folded(text) for text in kinds(suite.cases)}
    missing = [option for option in options_of(suite) if folded(option) not in expected]
    if not missing:
        return []
    what = f"No case expects {', '.join(map(quoted, missing))}: a prompt that never answers so loses nothing."
    return [Finding("note", "never-expected", what, "Add cases for it.", suite.path, line_of(suite, *_CASES))]


def _low_floor(suite: Suite, share: float) -> list[Finding]:
    floor = suite.gate.min_score
    if floor is None or floor > share:
        return []
    what = f"min_score {floor:g} is no floor: an answer that never changes scores {share:.2f}."
    return [Finding("warning", "low-floor", what, "Raise `gate.min_score`.", suite.path, line_of(suite, "gate"))]
