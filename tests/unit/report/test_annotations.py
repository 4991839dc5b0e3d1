"""Annotations on the lines of broken cases: few, on the right line, and nothing in them is a command."""

from __future__ import annotations

from typing import Any

from opro_action.report.annotations import MOST, case_annotations


def case(name: str, **changes: Any) -> dict[str, Any]:
    found = {"id": name, "explanation": "expected 'billing'", "answer": "bug", "path": "evals/a.cases.yaml", "line": 7}
    return {**found, **changes}


def result(*cases: dict[str, Any], verdict: str = "regressed", must: tuple[str, ...] = ()) -> dict[str, Any]:
    ids = [each["id"] for each in cases if each["id"] not in must]
    suite = {"suite": "evals/a.yaml", "verdict": verdict, "regressed_cases": ids, "broken_must_pass": list(must)}
    return {"suites": [{**suite, "cases": list(cases)}]}


def test_a_broken_case_is_shown_on_its_line() -> None:
    assert case_annotations(result(case("refund"))) == [
        "::error file=evals/a.cases.yaml,line=7,title=evals/a.yaml%3A case broke"
        "::refund: expected 'billing'; answer 'bug'"
    ]


def test_must_pass_cases_come_first() -> None:
    first, second = case_annotations(result(case("a"), case("b"), must=("b",)))
    assert "must-pass case broke::b:" in first
    assert "::a:" in second


def test_there_are_at_most_nine_and_the_last_one_counts_the_rest() -> None:
    shown = case_annotations(result(*(case(f"c{number}") for number in range(30))))
    assert len(shown) == MOST
    assert shown[-1] == "::error title=opro::22 more cases broke: see the summary of this job."
    assert len(case_annotations(result(*(case(f"c{number}") for number in range(MOST))))) == MOST


def test_only_a_suite_that_regressed_has_any() -> None:
    assert case_annotations(result(case("a"), verdict="inconclusive")) == []
    assert case_annotations({}) == []


def test_a_case_without_a_place_is_shown_without_one() -> None:
    (line,) = case_annotations(result(case("a", path=None, line=None)))
    assert line.startswith("::error title=evals/a.yaml%3A case broke::a:")


def test_words_of_a_model_are_one_line_and_no_command() -> None:
    nasty = "x\n::error::forged\r\n::add-mask::a\u202e\0 100 %" + "y" * 1000
    (line,) = case_annotations(result(case(nasty, explanation=nasty, answer=nasty, path="a:b,c\n.yaml")))
    assert "\n" not in line
    assert "\r" not in line
    assert "\u202e" not in line
    assert line.startswith("::error file=a%3Ab%2Cc%0A.yaml,line=7,")
    assert len(line) < 500
