"""Findings: their order, their exit code and the places they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from builders import make_case, make_suite

from opro_action import doctor
from opro_action.doctor.finding import Finding, Severity, exit_code, line_of, some_cases, worst_first


def finding(severity: Severity, code: str = "x") -> Finding:
    return Finding(severity, code, "what", "remedy")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], 0),
        ([("warning", "few-cases"), ("note", "at-ceiling")], 0),
        ([("warning", "model-unavailable")], 0),
        ([("error", "scorer-beaten")], 1),
        ([("error", "model-unavailable")], 3),
        ([("error", "not-measured"), ("error", "budget-spent")], 3),
        ([("error", "budget-spent")], 4),
        ([("error", "not-measured"), ("error", "contradiction")], 1),
    ],
)
def test_an_error_in_the_suite_is_1_and_what_was_not_measured_3_or_4(
    found: list[tuple[Severity, str]], code: int
) -> None:
    assert exit_code(finding(severity, name) for severity, name in found) == code


def test_the_worst_comes_first_and_else_the_order_stays() -> None:
    found = [finding("note", "a"), finding("error", "b"), finding("warning", "c"), finding("error", "d")]
    assert [each.code for each in worst_first(found)] == ["b", "d", "c", "a"]


def test_a_line_is_that_of_the_first_key_that_the_file_has(tmp_path: Path) -> None:
    suite = make_suite(tmp_path)
    assert line_of(suite, "evaluators", "scorers", "model") == 3
    assert line_of(suite, "gate") is None


def test_cases_are_named_with_their_lines_and_the_rest_is_counted() -> None:
    cases = [make_case(name, path=Path("evals/cases.yaml"), line=number) for number, name in enumerate("abcde", 1)]
    assert some_cases(cases) == "`a` (cases.yaml:1), `b` (cases.yaml:2), `c` (cases.yaml:3) and 2 more"
    assert some_cases([make_case("x")]) == "`x`"


def test_the_page_on_the_doctor_lists_every_kind_of_finding() -> None:
    package = Path(doctor.__file__).parent
    source = "\n".join(path.read_text() for path in package.glob("*.py"))
    made = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source))
    table = (package.parents[1] / "docs" / "doctor.md").read_text().split("## Findings")[1].split("\n## ")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("|")]
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", "".join(first_cells))) == made
