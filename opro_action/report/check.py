"""The result of `opro check` as the JSON object `opro.check/1`, as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.gate.check import SuiteCheck, overall
from opro_action.gate.paired import p_in_words
from opro_action.report.markdown import code, count, fence, plain, score, signed, table, visible
from opro_action.scoring.results import CaseResult

SCHEMA = "opro.check/1"
PLACES = 6
SHOWN = 10
"""How many broken cases a text report names; the JSON has them all."""


def check_json(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> dict[str, Any]:
    """The object that `opro check --format json` prints."""
    verdict, exit_code = overall(list(checks))
    return {
        "schema": SCHEMA,
        "verdict": verdict,
        "exit_code": exit_code,
        "suites": [_suite(check) for check in checks],
        "usage": dict(usage),
    }


def check_text(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> str:
    """A few lines per suite: the verdict first, then what broke."""
    parts = [_suite_text(check) for check in checks]
    return "\n\n".join([*parts, _spent(checks, usage)]) + "\n"


def check_markdown(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> str:
    """For a job summary: a table of suites, then the broken cases of each. Starts with NOT MEASURED if so."""
    verdict, _ = overall(list(checks))
    head = "NOT MEASURED\n\n" if verdict == "unmeasured" else ""
    header = ("suite", "verdict", "score", "baseline", "change", "cases")
    reasons = [f"{code(check.suite.name)}: {plain(check.verdict.reason)}" for check in checks]
    details = [part for check in checks if (part := _broken_markdown(check))]
    rows = table(header, [_row(check) for check in checks])
    return "\n\n".join([head + rows.rstrip(), *reasons, *details, _spent(checks, usage)]) + "\n"


def _spent(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> str:
    return f"{usage_line(usage)}, of it scorers {sum(check.result.scoring_s for check in checks):.2f} s"


def usage_line(usage: Mapping[str, Any]) -> str:
    """Calls, cache and dollars in one line."""
    cost = usage["cost_usd"]
    dollars = "cost unknown" if cost is None else f"${cost:.4f}"
    retries = f", {usage['retries']} retries" if usage["retries"] else ""
    return f"{usage['calls']} calls{retries}, {usage['cached']} from cache, {dollars}, {usage['seconds']:.1f} s"


def _suite(check: SuiteCheck) -> dict[str, Any]:
    suite, found = check.suite, check.verdict
    baseline = {case.id: case.score for case in check.baseline.cases} if check.baseline else {}
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
        "delta": _rounded(found.delta),
        "delta_ci95": _interval(found.delta_ci95),
        "p_value": _rounded(found.p_value),
        "min_detectable_drop": _rounded(found.min_detectable_drop),
        "cases_to_settle": found.cases_to_settle,
        "regressed_cases": list(found.regressed_cases),
        "improved_cases": list(found.improved_cases),
        "broken_must_pass": list(found.broken_must_pass),
        "added_cases": list(found.added),
        "removed_cases": list(found.removed),
        "changed_cases": list(found.changed),
        "scoring_s": round(check.result.scoring_s, 3),
        "cases": [_case(result, baseline.get(result.case.id)) for result in check.result.cases],
    }


def _baseline(check: SuiteCheck) -> dict[str, Any] | None:
    if check.baseline is None:
        return None
    found = check.verdict
    return {
        "score": check.baseline.score if found.baseline_score is None else _rounded(found.baseline_score),
        "prompt_digest": check.baseline.prompt_digest,
        "comparable": found.comparable,
        "why_not": found.why_not,
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


def _suite_text(check: SuiteCheck) -> str:
    suite, found = check.suite, check.verdict
    word = "NOT MEASURED" if found.verdict == "unmeasured" else found.verdict.upper().replace("_", " ")
    lines = [f"{word}  {suite.title}  ({suite.model.id})", f"  {found.reason}"]
    if found.score is not None:
        lines.append(f"  score {found.score:.2f}{_between(found.ci95)} over {count(found.n, 'case')}{_against(check)}")
    lines += [f"  {line}" for line in _broken_lines(check)]
    return "\n".join(lines)


def _against(check: SuiteCheck) -> str:
    found = check.verdict
    if found.delta is None or found.p_value is None:
        return ""
    return f"; {found.delta:+.2f}{_between(found.delta_ci95)} against the baseline, {p_in_words(found.p_value)}"


def _between(interval: tuple[float, float] | None) -> str:
    return f" (95 %: {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""


def _broken_lines(check: SuiteCheck) -> list[str]:
    lines = [f"✗ {result.case.id}{_place(check, result)}: {_what(result)}" for result in _broken(check)]
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"… and {more} more"] if more > 0 else [])]


def _broken(check: SuiteCheck) -> list[CaseResult]:
    """What a reader must look at: cases under their baseline, must_pass ones first, and cases without a score."""
    first, second = set(check.verdict.broken_must_pass), set(check.verdict.regressed_cases)
    wanted = [r for r in check.result.cases if r.case.id in first | second or r.score is None]
    return sorted(wanted, key=lambda result: result.case.id not in first)


def _place(check: SuiteCheck, result: CaseResult) -> str:
    case = result.case
    return f" ({check.suite.relative(case.path)}:{case.line})" if case.path and case.line else ""


def _what(result: CaseResult) -> str:
    """The scorer's words, and the answer where they do not quote it."""
    explanation, answer = _one_line(result.explanation), _one_line(result.answers[0].text, 60)
    return explanation if not answer or answer[:20] in explanation else f"{explanation}; answer {answer!r}"


def _one_line(text: str, limit: int = 100) -> str:
    """One line of at most `limit` characters that cannot steer a terminal."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _row(check: SuiteCheck) -> tuple[str, ...]:
    found = check.verdict
    new, change = f"{score(found.score)}{_between(found.ci95)}", f"{signed(found.delta)}{_between(found.delta_ci95)}"
    return code(check.suite.name), found.verdict, new, score(found.baseline_score), change, str(found.n)


def _broken_markdown(check: SuiteCheck) -> str:
    lines = _broken_lines(check)
    return f"Cases of {code(check.suite.name)}:\n\n{fence(chr(10).join(lines), 'text').rstrip()}" if lines else ""


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)


def _interval(value: tuple[float, float] | None) -> list[float] | None:
    return [round(end, PLACES) for end in value] if value else None
