"""What a run says of its suites: a line before the tests, a section behind them, and the report file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from opro_action.pytest_plugin.catalogue import Chosen
from opro_action.pytest_plugin.desk import Desk
from opro_action.pytest_plugin.outcome import CaseOutcome, gate_outcome
from opro_action.pytest_plugin.settings import Settings
from opro_action.report.check import check_markdown, usage_line
from opro_action.report.check_json import check_json
from opro_action.report.markdown import count, logged, visible
from opro_action.suite.files import write_atomically

SHOWN = 10
"""How many flipped cases are named; the report file has them all."""


def head(settings: Settings, chosen: Sequence[Chosen]) -> list[str]:
    """Suites with their models, and what may be spent; nothing without suites."""
    if not chosen:
        return []
    named = [f"{one.suite.title} ({one.suite.model.id})" for one in chosen[:3]]
    more = [f"and {len(chosen) - 3} more"] if len(chosen) > 3 else []
    caps = [f"at most {settings.max_calls:,} calls"] if settings.max_calls else []
    caps += [f"at most ${settings.max_cost:g}"] if settings.max_cost else []
    budget = "offline" if settings.offline else ", ".join(caps) or "no cap on calls or dollars"
    return [f"opro: {', '.join([*named, *more])}; {budget}"]


def summary(desk: Desk) -> list[str]:
    """A line for each suite, the flipped cases, and what was spent; nothing where nothing was asked."""
    spent = desk.asking.usage
    if not (desk.decided.cases or spent.calls or spent.cached):
        return []
    lines = [line for chosen in desk.chosen for line in _suite_lines(desk, chosen)]
    flipped = [_flipped(case) for case in desk.decided.cases.values() if case.flipped]
    more = len(flipped) - SHOWN
    lines += [*flipped[:SHOWN], *([f"  … and {more} more flipped"] if more > 0 else [])]
    return [*map(logged, [*lines, *desk.asking.told]), usage_line(spent.as_json())]


def write_report(desk: Desk, file: str) -> str:
    """Write the checks in the form that the file's name asks for; returns what to say of it. Raises FileError."""
    checks, usage = list(desk.decided.checks.values()), desk.asking.usage.as_json()
    if not checks:
        return f"{file}: not written, since no suite was scored as a whole"
    as_json = json.dumps(check_json(checks, usage), ensure_ascii=False, indent=1) + "\n"
    write_atomically(Path(file), check_markdown(checks, usage) if file.endswith(".md") else as_json)
    return f"report: {file}"


def _suite_lines(desk: Desk, chosen: Chosen) -> Iterator[str]:
    suite, check = chosen.suite, desk.decided.checks.get(chosen.place)
    if check is not None:
        yield gate_outcome(check).text.split("\n")[0]
    elif chosen.whole:
        yield f"NO VERDICT  {suite.title}: the run ended before it"
    else:
        yield f"NO VERDICT  {suite.title}: {len(chosen.cases)} of {count(len(suite.cases), 'case')}, without the gate"
    yield from (f"  {note}" for note in suite.notes)


def _flipped(case: CaseOutcome) -> str:
    explanation = " ".join(visible(case.explanation).split())[:100]
    return f"  flipped: {case.place}: `{case.id}` {case.score:.2f}, was {case.baseline_score:.2f}: {explanation}"
