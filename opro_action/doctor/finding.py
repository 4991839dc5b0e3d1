"""A finding: what is wrong with a suite, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from opro_action.suite.located import read_yaml
from opro_action.suite.sources import read_text
from opro_action.suite.suite import Case, Suite

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

_EXIT_CODES = {"budget-spent": 4, "not-measured": 3, "model-unavailable": 3}


@dataclass(frozen=True)
class Finding:
    """One thing to know about a suite. `code` names its kind, as docs/doctor.md lists them.

    An `error` makes the suite's numbers wrong or impossible, a `warning` makes them say less than they seem to, a
    `note` is good to know.
    """

    severity: Severity
    code: str
    what: str
    remedy: str
    path: Path | None = None
    line: int | None = None


def exit_code(findings: Iterable[Finding]) -> int:
    """1 with an error in the suite; 3 or 4 when an error kept something from being measured; else 0."""
    codes = {_EXIT_CODES.get(finding.code, 1) for finding in findings if finding.severity == "error"}
    return next((code for code in (1, 3, 4) if code in codes), 0)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, then warnings, then notes; otherwise in the order in which they were found."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def line_of(suite: Suite, *keys: str) -> int | None:
    """The line of the first of `keys` that the suite's file has at its top level; None when it has none of them."""
    node = read_yaml(read_text(suite.path), suite.path)
    fields = node.value if isinstance(node.value, dict) else {}
    return next((fields[key].line for key in keys if key in fields), None)


def place_of(case: Case) -> str:
    """A case as a message names it: its id, and the line where it stands."""
    where = f" ({case.path.name}:{case.line})" if case.path and case.line else ""
    return f"`{case.id}`{where}"


def some_cases(cases: Iterable[Case], limit: int = 3) -> str:
    """The first few cases, and how many more there are."""
    found = list(cases)
    more = f" and {len(found) - limit} more" if len(found) > limit else ""
    return ", ".join(map(place_of, found[:limit])) + more
