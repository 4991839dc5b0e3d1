"""The result of `opro check` as the JSON object `opro.check/1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.gate.again import Confirmation
from opro_action.gate.check import SuiteCheck, overall
from opro_action.gate.verdict import Verdict
from opro_action.scoring.results import CaseResult
from opro_action.suite.suite import Case, Suite

SCHEMA = "opro.check/1"
PLACES = 6


def check_json(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> dict[str, Any]:
    """The object that `opro check --format json` prints."""
    verdict, exit_code = overall(checks)
    return {
        "schema": SCHEMA,
        "verdict": verdict,
        "exit_code": exit_code,
        "suites": [_suite(check) for check in checks],
        "usage": dict(usage),
    }


def _suite(check: SuiteCheck) -> dict[str, Any]:
    suite, found = check.suite, check.verdict
    before = {case.id: case.score for case in check.baseline.cases} if check.baseline else {}
    return {
        "suite": suite.title,
        "prompt": suite.relative(suite.prompt.path),
        "prompt_digest": suite.prompt.digest,
        "model": suite.model.id,
        "verdict": found.verdict,
        "reason": found.reason,
        "score": _rounded(found.score),
        "n": found.n,
        "unscored": found.unscored,
        "ci95": _interval(found.ci95),
        "baseline": _baseline(check),
        **_comparison(found),
        "confirmation": _confirmation(check.confirmation) if check.confirmation else None,
        "added_cases": list(found.added),
        "removed_cases": list(found.removed),
        "changed_cases": list(found.changed),
        "scoring_s": round(check.result.scoring_s, 3),
        "cases": [
            {**_case(result, before.get(result.case.id)), **_place(suite, result.case)} for result in check.result.cases
        ],
    }


def _comparison(found: Verdict) -> dict[str, Any]:
    return {
        "delta": _rounded(found.delta),
        "delta_ci95": _interval(found.delta_ci95),
        "p_value": _rounded(found.p_value),
        "p_level": _rounded(found.level.value) if found.level else None,
        "p_suites": found.level.suites if found.level else None,
        "min_detectable_drop": _rounded(found.min_detectable_drop),
        "cases_to_settle": found.cases_to_settle,
        "same_prompt": found.same_prompt,
        "regressed_cases": list(found.regressed_cases),
        "improved_cases": list(found.improved_cases),
        "broken_must_pass": list(found.broken_must_pass),
    }


def _baseline(check: SuiteCheck) -> dict[str, Any] | None:
    if check.baseline is None:
        return None
    found, baseline = check.verdict, check.baseline
    day, commit = check.recorded or (None, None)
    return {
        "score": baseline.score if found.baseline_score is None else _rounded(found.baseline_score),
        "prompt_digest": baseline.prompt_digest,
        "comparable": found.comparable,
        "why_not": found.why_not,
        "ref": check.ref,
        "recorded": day or None,
        "commit": commit or None,
        "fingerprint": baseline.fingerprint.digest,
    }


def _confirmation(confirmation: Confirmation) -> dict[str, Any]:
    first = confirmation.first
    return {
        "cases": confirmation.cases,
        "problem": confirmation.problem,
        "first_verdict": first.verdict,
        "first_delta": _rounded(first.delta),
        "first_p_value": _rounded(first.p_value),
        "first_regressed_cases": list(first.regressed_cases),
    }


def _case(result: CaseResult, before: float | None) -> dict[str, Any]:
    answers = result.answers
    return {
        "id": result.case.id,
        "score": _rounded(result.score),
        "passed": result.passed,
        "baseline_score": before,
        "answer": answers[0].text,
        "answers": [answer.text for answer in answers],
        "explanation": result.explanation,
        "cached": all(answer.cached for answer in answers),
        "latency_s": round(sum(answer.latency_s for answer in answers), 3),
    }


def _place(suite: Suite, case: Case) -> dict[str, Any]:
    """Where the case stands, as the repository names its file."""
    return {"path": suite.relative(case.path) if case.path else None, "line": case.line}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)


def _interval(value: tuple[float, float] | None) -> list[float] | None:
    return [round(end, PLACES) for end in value] if value else None
