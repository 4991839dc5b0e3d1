"""The result of `opro check` as text for a terminal and as Markdown: the verdict first, then what broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opro_action.gate.again import Confirmation
from opro_action.gate.check import SuiteCheck, overall
from opro_action.gate.paired import p_in_words, some
from opro_action.gate.verdict import Verdict
from opro_action.report.markdown import code, count, fence, logged, plain, score, signed, table, visible
from opro_action.scoring.results import CaseResult

SHOWN = 10
"""How many broken cases a text report names; the JSON has them all."""


def check_text(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> str:
    """A few lines per suite: the verdict first, then what broke."""
    parts = [suite_text(check) for check in checks]
    return "\n\n".join([*parts, _spent(checks, usage)]) + "\n"


def check_markdown(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> str:
    """For a job summary: a table of suites, then the broken cases of each. Starts with NOT MEASURED if so."""
    verdict, _ = overall(checks)
    head = "NOT MEASURED\n\n" if verdict == "unmeasured" else ""
    header = ("suite", "verdict", "score", "baseline", "change", "cases")
    reasons = [f"{code(check.suite.name)}: {plain(check.verdict.reason)}" for check in checks]
    details = [part for check in checks if (part := _details_markdown(check))]
    rows = table(header, [_row(check) for check in checks])
    return logged("\n\n".join([head + rows.rstrip(), *reasons, *details, _spent(checks, usage)]) + "\n")


def _spent(checks: Sequence[SuiteCheck], usage: Mapping[str, Any]) -> str:
    return f"{usage_line(usage)}, of it scorers {sum(check.result.scoring_s for check in checks):.2f} s"


def usage_line(usage: Mapping[str, Any]) -> str:
    """Calls, cache and dollars in one line."""
    cost = usage["cost_usd"]
    dollars = "cost unknown" if cost is None else f"${cost:.4f}"
    retries = f", {usage['retries']} retries" if usage["retries"] else ""
    return f"{usage['calls']} calls{retries}, {usage['cached']} from cache, {dollars}, {usage['seconds']:.1f} s"


def suite_text(check: SuiteCheck) -> str:
    """The verdict in the first line, the reason in the second, then what it rests on and what broke."""
    suite, found = check.suite, check.verdict
    word = "NOT MEASURED" if found.verdict == "unmeasured" else found.verdict.upper().replace("_", " ")
    lines = [f"{word}  {suite.title}  ({suite.model.id})", f"  {found.reason}"]
    lines += [f"  {line}" for line in (*_facts(check), *_broken_lines(check))]
    return logged("\n".join(lines))


def _facts(check: SuiteCheck) -> Iterator[str]:
    """The numbers behind the verdict, a line for each question that a reader has."""
    found = check.verdict
    if found.score is None:
        return
    yield from _how_sure(found)
    yield f"now       {found.score:.2f}{_between(found.ci95)} over {count(found.n, 'case')}"
    yield from _accepted(check)
    if found.delta is not None:
        both = f"the {count(found.n_common, 'case')} of both sides"
        between = _between(found.delta_ci95, unit=100, places=1)
        yield f"change    {100 * found.delta:+.1f} points{between} over {both}"
    if check.confirmation:
        yield f"again     {_confirmed(check.confirmation)}"
    ids = (("added", found.added), ("removed", found.removed), ("changed", found.changed))
    named = [f"{len(names)} {what}: {some(names)}" for what, names in ids if names]
    if named:
        yield f"cases     not compared: {'; '.join(named)}"


def _how_sure(found: Verdict) -> Iterator[str]:
    """How far to believe it, for a reader who knows no statistics."""
    if found.rule in {"must_pass", "floor"}:
        yield "how sure  this rule asks for no statistics: it looks at these answers alone"
    elif found.p_value is not None and found.rule in {"drop", "maybe_drop", "gain"}:
        times = f"{round(1 / found.p_value):,}" if found.p_value >= 1e-6 else "a million or more"
        direction = "rise" if (found.delta or 0) > 0 else "fall"
        yield f"how sure  with nothing changed, answers would {direction} so far about once in {times} checks"


def _accepted(check: SuiteCheck) -> Iterator[str]:
    """The side that was compared with: its score, age and fingerprint."""
    found, baseline = check.verdict, check.baseline
    if baseline is None:
        return
    score_ = baseline.score if found.baseline_score is None else found.baseline_score
    if check.ref:
        yield f"before    {score_:.2f}, the prompt at {check.ref} scored just now ({found.why_not})"
        return
    compared = "" if found.comparable else ", not compared with"
    when, fingerprint = _recorded(check.recorded), baseline.fingerprint.digest[:8]
    yield f"before    {score_:.2f}, {when}, fingerprint {fingerprint}{compared}"


def _recorded(last_change: tuple[str, str] | None) -> str:
    if last_change is None:
        return "recorded, not committed yet"
    day, commit = last_change
    return f"recorded {day} ({commit})" if day else "recorded before the commits of this shallow clone"


def _confirmed(confirmation: Confirmation) -> str:
    first = confirmation.first
    moved = f", {100 * first.delta:+.1f} points, {p_in_words(first.p_value)}" if first.delta and first.p_value else ""
    if confirmation.problem:
        return f"the cases could not be asked again, so the first answers stand: {_one_line(confirmation.problem)}"
    asked = f"{count(confirmation.cases, 'case')} asked again on both sides"
    return f"{asked}; the first answers alone said {first.verdict}{moved}"


def _between(interval: tuple[float, float] | None, *, unit: int = 1, places: int = 2) -> str:
    return f" (95 %: {unit * interval[0]:.{places}f} to {unit * interval[1]:.{places}f})" if interval else ""


def _broken_lines(check: SuiteCheck) -> list[str]:
    lines = [f"✗ {result.case.id}{_place(check, result)}: {_what(result)}" for result in _broken(check)]
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"… and {more} more"] if more > 0 else [])]


def _broken(check: SuiteCheck) -> list[CaseResult]:
    """What a reader must look at: cases under their baseline, must_pass ones first, and cases without a score.

    Where the score alone decides, or there is nothing to compare with, every case that failed.
    """
    first, second = set(check.verdict.broken_must_pass), set(check.verdict.regressed_cases)
    alone = check.verdict.rule in {"floor", "nothing_to_compare"}
    wanted = [r for r in check.result.cases if r.case.id in first | second or r.score is None or (alone and r.failed)]
    return sorted(wanted, key=lambda result: result.case.id not in first)


def _place(check: SuiteCheck, result: CaseResult) -> str:
    case = result.case
    return f" ({check.suite.relative(case.path)}:{case.line})" if case.path and case.line else ""


def _what(result: CaseResult) -> str:
    """The scorer's words, and the answer where they do not quote it."""
    explanation, answer = _one_line(result.explanation), _one_line(result.answers[0].text, 40)
    return explanation if not answer or answer[:20] in explanation else f"{explanation}; answer {answer!r}"


def _one_line(text: str, limit: int = 80) -> str:
    """One line of at most `limit` characters that cannot steer a terminal."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _row(check: SuiteCheck) -> tuple[str, ...]:
    found = check.verdict
    new, change = f"{score(found.score)}{_between(found.ci95)}", f"{signed(found.delta)}{_between(found.delta_ci95)}"
    return code(check.suite.name), found.verdict, new, score(found.baseline_score), change, str(found.n)


def _details_markdown(check: SuiteCheck) -> str:
    """What stands under the table for a suite: the facts as a reader needs them, then the broken cases."""
    lines = [*_facts(check), *_broken_lines(check)]
    if not lines or check.verdict.rule == "no_change":
        return ""
    return f"{code(check.suite.name)}:\n\n{fence(chr(10).join(lines), 'text').rstrip()}"
