"""Annotations on the lines of the cases that broke, as commands for the runner, from the result of a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from opro_action.report.markdown import visible
from opro_action.report.workflow import command

MOST = 9
"""The runner keeps ten errors of a step, and one of them says why the step is red."""

_WORDS = 300


def case_annotations(result: Mapping[str, Any]) -> list[str]:
    """At most nine lines: cases under their baseline, those marked as must-pass first, and how many there are more."""
    found = [line for suite in result.get("suites", ()) for line in _of_suite(suite)]
    if len(found) <= MOST:
        return found
    more = f"{len(found) - MOST + 1} more cases broke: see the summary of this job."
    return [*found[: MOST - 1], command("error", more, title="opro")]


def _of_suite(suite: Mapping[str, Any]) -> Iterator[str]:
    if suite["verdict"] != "regressed":
        return
    must = set(suite["broken_must_pass"])
    broken = must | set(suite["regressed_cases"])
    cases = [case for case in suite["cases"] if case["id"] in broken]
    for case in sorted(cases, key=lambda case: case["id"] not in must):
        where = {"file": case["path"], "line": case["line"]} if case.get("path") and case.get("line") else {}
        kind = "must-pass case broke" if case["id"] in must else "case broke"
        yield command("error", _words(case), **where, title=f"{suite['suite']}: {kind}")


def _words(case: Mapping[str, Any]) -> str:
    said = " ".join(visible(f"{case['id']}: {case['explanation']}; answer {case['answer']!r}").split())
    return said if len(said) <= _WORDS else said[: _WORDS - 1] + "…"
