"""Findings on headroom: whether the prompt's score leaves room to fall, and to rise."""

from __future__ import annotations

from collections.abc import Sequence

from opro_action.doctor.finding import Finding, some_cases
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.suite.suite import Suite


def headroom_findings(suite: Suite, results: Sequence[CaseResult], chance: float | None) -> list[Finding]:
    """At the ceiling a search is pointless; at `chance` the score measures nothing, and cannot fall either.

    `chance` is None where answers are open: what a constant one would score, says nothing about an honest one there.
    """
    score = SuiteResult(tuple(results)).score
    if score is None:
        return []
    prompt, line = suite.prompt.path, suite.prompt.before.count(b"\n") + 1
    found = []
    if score >= min(suite.optimize.target, 1.0) - 1e-9:
        what = f"The prompt scores {score:.2f} on {len(results)} cases: a search has nothing to gain."
        found = [Finding("note", "at-ceiling", what, "Add harder cases before you search.", prompt, line)]
    elif score <= (chance or 0.0) + 1e-9:
        constant = "" if chance is None else f", no better than an answer that never changes ({chance:.2f})"
        what = f"The prompt scores {score:.2f} on {len(results)} cases{constant}."
        remedy = "Read a few answers with `opro check`: the prompt, the model or the scorer does not fit the task."
        found = [Finding("warning", "at-chance", what, remedy, prompt, line)]
    return [*found, *_must_pass(results)]


def _must_pass(results: Sequence[CaseResult]) -> list[Finding]:
    failing = [result.case for result in results if result.case.must_pass and not result.passed]
    if not failing:
        return []
    what = f"A must_pass case that fails already cannot break: {some_cases(failing)}."
    remedy = "Fix the prompt until it passes, or take `must_pass` out."
    return [Finding("note", "must-pass-fails", what, remedy, failing[0].path, failing[0].line)]
