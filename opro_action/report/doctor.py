"""The result of `opro doctor` as the JSON object `opro.doctor/1`, as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from opro_action.doctor.examine import Examination, Facts
from opro_action.doctor.finding import SEVERITIES, Finding, exit_code
from opro_action.doctor.noise import Noise
from opro_action.gate.paired import points
from opro_action.report.check import usage_line
from opro_action.report.check_json import PLACES
from opro_action.report.markdown import code, count, plain, table, visible
from opro_action.scoring.selfcheck import Earned
from opro_action.suite.suite import Suite

SCHEMA = "opro.doctor/1"


def doctor_json(found: Sequence[Examination], usage: Mapping[str, Any]) -> dict[str, Any]:
    """The object that `opro doctor --format json` prints."""
    return {
        "schema": SCHEMA,
        "exit_code": overall(found),
        "suites": [_suite(examination) for examination in found],
        "usage": dict(usage),
    }


def overall(found: Sequence[Examination]) -> int:
    """The exit code of several suites together: that of the worst."""
    return exit_code(finding for examination in found for finding in examination.findings)


def doctor_text(found: Sequence[Examination], usage: Mapping[str, Any]) -> str:
    """A few lines per suite: how many findings, the numbers behind them, then each finding with its remedy."""
    parts = [_suite_text(examination) for examination in found]
    return "\n\n".join([*parts, usage_line(usage)]) + "\n"


def doctor_markdown(found: Sequence[Examination], usage: Mapping[str, Any]) -> str:
    """For a job summary: a table of findings for each suite."""
    parts = [part for examination in found for part in _suite_markdown(examination)]
    return "\n\n".join([*parts, usage_line(usage)]) + "\n"


def finding_lines(suite: Suite, finding: Finding) -> list[str]:
    """A finding for a terminal: severity, place and what it is; then what to do."""
    what = visible(finding.what).replace("\n", " ")
    return [f"{finding.severity}  {_place(suite, finding)}: {what} [{finding.code}]", f"    → {finding.remedy}"]


def _suite(examination: Examination) -> dict[str, Any]:
    suite = examination.suite
    return {
        "suite": suite.title,
        "prompt": suite.relative(suite.prompt.path),
        "prompt_digest": suite.prompt.digest,
        "model": suite.model.id,
        "findings": [_finding(suite, finding) for finding in examination.findings],
        "facts": _facts(examination.facts),
    }


def _finding(suite: Suite, finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "what": finding.what,
        "remedy": finding.remedy,
        "path": suite.relative(finding.path) if finding.path else None,
        "line": finding.line,
    }


def _facts(facts: Facts) -> dict[str, Any]:
    best = facts.best_constant
    found = {
        **asdict(facts),
        "best_constant": None if best is None else _earned(best),
    }
    return {name: _rounded(value) for name, value in found.items()}


def _earned(best: Earned) -> dict[str, Any]:
    return {"answer": best.constant.text, "kind": best.constant.kind, "score": _rounded(best.score)}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    return round(value, PLACES) if isinstance(value, float) else value


def _suite_text(examination: Examination) -> str:
    suite = examination.suite
    lines = [f"{_summary(examination.findings)}  {suite.title}  ({suite.model.id})"]
    lines += [f"  {line}" for line in fact_lines(examination)]
    for finding in examination.findings:
        lines += [f"  {line}" for line in finding_lines(suite, finding)]
    return "\n".join(lines)


def _suite_markdown(examination: Examination) -> list[str]:
    suite = examination.suite
    head = f"**{_summary(examination.findings)}** {code(suite.title)} ({code(suite.model.id)})"
    facts = "\n".join(f"- {plain(line)}" for line in fact_lines(examination))
    rows = [
        (finding.severity, code(_place(suite, finding)), plain(finding.what, limit=1000), plain(finding.remedy))
        for finding in examination.findings
    ]
    findings = [table(("severity", "where", "what", "what to do"), rows).rstrip()] if rows else []
    return [head, facts, *findings]


def _summary(findings: Sequence[Finding]) -> str:
    counts = [(sum(finding.severity == each for finding in findings), each) for each in SEVERITIES]
    return ", ".join(count(number, each) for number, each in counts if number).upper() or "OK"


def _place(suite: Suite, finding: Finding) -> str:
    path = suite.relative(finding.path or suite.path)
    return f"{path}:{finding.line}" if finding.line else path


def fact_lines(examination: Examination) -> list[str]:
    """The numbers behind the findings, in a few sentences."""
    facts = examination.facts
    return [_cases_line(facts), _power_line(facts), _constants_line(facts), *_sample_lines(examination)]


def _cases_line(facts: Facts) -> str:
    if facts.chance is None:
        return f"{count(facts.cases, 'case')}, none says what answer it expects"
    return f"{count(facts.cases, 'case')}, {count(facts.kinds, 'expected answer')}, chance {facts.chance:.2f}"


def _power_line(facts: Facts) -> str:
    drop = "no drop" if facts.smallest_drop is None else f"a drop of {points(facts.smallest_drop)}"
    wanted = f" ({count(facts.cases_for_max_drop, 'case')} could show max_drop)" if facts.cases_for_max_drop else ""
    gain = "no gain" if facts.smallest_gain is None else f"a gain of {points(facts.smallest_gain)}"
    return f"the gate can show {drop}{wanted}; the holdout of {facts.holdout} can prove {gain}"


def _constants_line(facts: Facts) -> str:
    best = facts.best_constant
    if best is None:
        return "self-check: every scorer asks a model"
    answer = " ".join(visible(best.constant.text).split())
    shown = answer if len(answer) <= 60 else f"{answer[:59]}…"
    return f"self-check: of {count(facts.constants, 'constant answer')} the best, {shown!r}, scores {best.score:.2f}"


def _sample_lines(examination: Examination) -> list[str]:
    facts = examination.facts
    if facts.score is None:
        return ["noise and headroom: not measured"]
    lines = [f"sample of {count(facts.sampled, 'case')}: score {facts.score:.2f}"]
    if facts.model_noise:
        lines.append(f"asked twice: {_noise(facts.model_noise)}")
    if facts.judge_noise:
        lines.append(f"judged twice: {_noise(facts.judge_noise)}")
    return lines


def _noise(noise: Noise) -> str:
    same = noise.n - noise.scores
    return f"{same} of {noise.n} scores agree, on average they differ by {points(noise.disagreement)}"
