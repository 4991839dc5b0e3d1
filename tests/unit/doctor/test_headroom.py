"""Whether the prompt's score leaves room to fall and to rise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import make_suite

from opro_action.doctor.headroom import headroom_findings
from opro_action.scoring.results import Answer, CaseResult
from opro_action.suite.suite import Suite


def suite_of(folder: Path, **keys: Any) -> Suite:
    cases = [{"id": f"c{i}", "input": f"text {i}", "expected": "ab"[i % 2], "must_pass": i == 0} for i in range(20)]
    return make_suite(folder, cases=cases, **keys)


def scored(suite: Suite, right: int) -> list[CaseResult]:
    """The last `right` cases are right."""
    first = len(suite.cases) - right
    return [
        CaseResult(case, (Answer("x", float(index >= first), passed=index >= first),))
        for index, case in enumerate(suite.cases)
    ]


@pytest.mark.parametrize(
    ("right", "codes"),
    [
        (20, ["at-ceiling"]),
        (19, ["must-pass-fails"]),
        (11, ["must-pass-fails"]),
        (10, ["at-chance", "must-pass-fails"]),
        (0, ["at-chance", "must-pass-fails"]),
    ],
)
def test_a_score_at_either_end_says_so(tmp_path: Path, right: int, codes: list[str]) -> None:
    suite = suite_of(tmp_path)
    assert [finding.code for finding in headroom_findings(suite, scored(suite, right), 0.5)] == codes


def test_the_target_of_the_search_is_the_ceiling(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, optimize={"target": 0.9})
    found = headroom_findings(suite, scored(suite, 18), 0.5)
    assert [finding.severity for finding in found] == ["note", "note"]


def test_where_chance_is_not_known_only_nothing_is_nothing(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    [zero, _] = headroom_findings(suite, scored(suite, 0), None)
    assert zero.what == "The prompt scores 0.00 on 20 cases."
    assert [finding.code for finding in headroom_findings(suite, scored(suite, 1), None)] == ["must-pass-fails"]


def test_without_a_score_nothing_is_said(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    unscored = [CaseResult(case, (Answer("", None, passed=False),)) for case in suite.cases]
    assert headroom_findings(suite, unscored, 0.5) == []
