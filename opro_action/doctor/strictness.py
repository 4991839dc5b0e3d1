"""Findings on the scorers: what a constant answer earns from them, and whether the expected answers pass."""

from __future__ import annotations

from opro_action.doctor.finding import Finding, line_of, place_of, some_cases
from opro_action.gate.statistics import wilson
from opro_action.scoring.expected import expected_text, labels
from opro_action.scoring.runner import gather
from opro_action.scoring.scorers import grade_all
from opro_action.scoring.scorers.text import quoted
from opro_action.scoring.selfcheck import Earned, SelfCheck, asked
from opro_action.scoring.tools import Tools
from opro_action.suite.suite import Case, Suite

PARTIAL = 0.2
"""Partial credit above chance that an answer may earn by being near, with a scorer that gives such credit."""

_ECHOING = frozenset({"exact", "iexact", "contains", "choice", "number", "json_equal", "starts_with", "ends_with"})
"""Scorers for which the expected answer is itself a right answer."""

_WHERE = ("scorers", "evaluators", "defaultTest", "tests")


def strictness_findings(suite: Suite, check: SelfCheck) -> list[Finding]:
    """A constant answer that beats chance by more than it may, or else a label that passes for another one.

    It may earn what chance explains: the upper end of the 95 % interval of the most common expected answer's share.
    Where no case says what it expects, chance is not known and it is a warning.
    """
    beaten = [earned for earned in check.earned if too_good(earned, check.chance, single=_single_scorer(suite))]
    if beaten:
        return [_beaten(suite, check, beaten)]
    confused = [earned for earned in check.earned if earned.constant.is_label and earned.mistaken]
    return [_confused(suite, confused[0])] if confused else []


def too_good(earned: Earned, chance: float | None, *, single: bool) -> bool:
    """Whether the answer passes more cases than chance explains, or earns as much from a `single` scorer's credit.

    With several scorers the mean says little: one of them may only guard against something that is rarely there.
    """
    limit = wilson((chance or 0.0) * earned.n, earned.n)[1]
    return earned.passed > limit or (single and earned.score > limit + PARTIAL)


async def expected_answer_findings(suite: Suite) -> list[Finding]:
    """Cases that no answer can pass: their own expected answer cannot be scored, or fails."""
    cases = [case for case in suite.cases if expected_text(case) and _echoes(suite, case)]
    answers = [asked(suite, case, expected_text(case) or "") for case in cases]
    grades = await gather([grade_all(suite.scorers, answer, Tools()) for answer in answers])
    unscored = [(case, why) for case, (score, _, why) in zip(cases, grades, strict=True) if score is None]
    failed = [(case, why) for case, (score, ok, why) in zip(cases, grades, strict=True) if score is not None and not ok]
    return [*_not_scorable(unscored), *_not_passing(failed)]


def _single_scorer(suite: Suite) -> bool:
    return len(suite.scorers) == 1 and not any(case.scorers for case in suite.cases)


def _beaten(suite: Suite, check: SelfCheck, beaten: list[Earned]) -> Finding:
    best = beaten[0]
    earns = f"The constant answer {_shown(best)} scores {best.score:.2f}{_against(check.chance)}"
    wrong = best.mistaken[:1]
    example = "".join(f"; it passes {place_of(case)}, which expects {_expected(case)}" for case in wrong)
    others = "; ".join(_shown(earned) for earned in beaten[1:4])
    rest = f". So do {others}" if others else ""
    return Finding(
        "error" if check.chance is not None else "warning",
        "scorer-beaten",
        f"{earns}{example}{rest}. A search would find and use it.",
        _stricter(suite),
        suite.path,
        line_of(suite, *_WHERE),
    )


def _confused(suite: Suite, earned: Earned) -> Finding:
    return Finding(
        "warning",
        "labels-confused",
        f"The answer {quoted(earned.constant.text)} passes where another is expected: {some_cases(earned.mistaken)}.",
        _stricter(suite),
        suite.path,
        line_of(suite, *_WHERE),
    )


def _shown(earned: Earned) -> str:
    return f"{quoted(earned.constant.text)} ({earned.constant.kind})"


def _expected(case: Case) -> str:
    return quoted(expected_text(case) or "")


def _against(chance: float | None) -> str:
    return " and nothing in the suite says what chance would" if chance is None else f", where chance is {chance:.2f}"


def _stricter(suite: Suite) -> str:
    names = labels(suite)
    if any(spec.name == "prompt_yml_string" for spec in suite.scorers):
        return 'Use `string: {equals: "{{expected}}"}`, which only the expected answer passes.'
    if any(spec.name == "promptfoo" for case in suite.cases for spec in case.scorers):
        return "Use `equals`, which only the expected answer passes, or a second assertion with `not-contains`."
    if names:
        listed = ", ".join(names)
        return f"Use `choice: {{of: [{listed}]}}`, which takes an answer only when it names exactly one of them."
    return "Use a scorer that only the right answer passes (`exact`, `number`, `json_equal`, …), or add one to this."


def _echoes(suite: Suite, case: Case) -> bool:
    specs = case.scorers or suite.scorers
    return all(spec.name in _ECHOING and not spec.negated and "paths" not in spec.options for spec in specs)


def _not_scorable(found: list[tuple[Case, str]]) -> list[Finding]:
    if not found:
        return []
    case, why = found[0]
    what = f"{_count(found)} cannot be scored, whatever the answer: {why} ({some_cases(case for case, _ in found)})."
    remedy = "Correct `expected`, or the scorer's options."
    return [Finding("error", "not-scorable", what, remedy, case.path, case.line)]


def _not_passing(found: list[tuple[Case, str]]) -> list[Finding]:
    if not found:
        return []
    case, why = found[0]
    what = f"The expected answer does not pass in {_count(found)}: {why} ({some_cases(case for case, _ in found)})."
    return [Finding("warning", "expected-fails", what, "Correct `expected`, or the scorer.", case.path, case.line)]


def _count(found: list[tuple[Case, str]]) -> str:
    return "1 case" if len(found) == 1 else f"{len(found)} cases"
