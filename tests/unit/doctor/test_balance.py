"""How many cases there are, what they can show, and how their expected answers are spread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_cases, make_suite

from opro_action.doctor.balance import balance_findings, count_findings, weightless_findings
from opro_action.doctor.finding import line_of
from opro_action.suite.suite import Suite


def suite_of(folder: Path, expected: list[Any], **keys: Any) -> Suite:
    cases = [{"id": f"c{i}", "input": f"text {i}", "expected": value} for i, value in enumerate(expected)]
    return make_suite(folder, cases=cases, **keys)


@pytest.mark.parametrize(
    ("count", "says"),
    [
        (1, "1 case is too few: no test can tell a drop from chance."),
        (5, "5 cases are too few: no test can tell a drop from chance."),
        (6, "6 cases are few: they can show a drop of 83.3 points or more."),
        (19, "19 cases are few: they can show a drop of 26.3 points or more."),
    ],
)
def test_few_cases_are_a_warning_that_says_what_they_can_show(tmp_path: Path, count: int, says: str) -> None:
    [finding] = count_findings(suite_of(tmp_path, ["a"] * count), ())
    assert (finding.severity, finding.code, finding.what, finding.line) == ("warning", "few-cases", says, 4)
    assert ("min_score" in finding.remedy) == (count < 6)


def test_a_small_holdout_is_a_warning_that_says_what_it_can_prove(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["a", "b"] * 15, optimize={"holdout": 0.2})
    assert count_findings(suite, make_cases(10)) == []
    [small] = count_findings(suite, make_cases(7))
    [tiny] = count_findings(suite, make_cases(3))
    assert "The holdout of 7 of 30 cases proves only a gain of 71.4 points or more" in small.what
    assert "The holdout of 3 of 30 cases can prove no gain" in tiny.what
    assert (small.code, small.line) == ("small-holdout", line_of(suite, "optimize"))


@pytest.mark.parametrize(
    ("expected", "codes"),
    [
        (["a"] * 16 + ["b"] * 4, ["one-sided"]),
        (["a"] * 15 + ["b"] * 5, []),
        (["the same long answer"] * 20, ["one-sided"]),
        ([str(i) for i in range(20)], []),
        ([None] * 20, []),
        ([{"a": 1}] * 18 + [{"a": 2}] * 2, ["one-sided"]),
    ],
)
def test_cases_that_nearly_all_expect_the_same_are_a_warning(
    tmp_path: Path, expected: list[Any], codes: list[str]
) -> None:
    assert [finding.code for finding in balance_findings(suite_of(tmp_path, expected))] == codes


def test_an_option_that_no_case_expects_is_a_note(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["a", "B "] * 10, scorers={"choice": {"of": ["a", "b", "unsure"]}})
    [finding] = balance_findings(suite)
    assert (finding.severity, finding.code) == ("note", "never-expected")
    assert finding.what.startswith('No case expects "unsure"')


@pytest.mark.parametrize(("floor", "codes"), [(0.5, ["low-floor"]), (0.6, []), (0.2, ["low-floor"])])
def test_a_floor_that_a_constant_answer_reaches_is_none(tmp_path: Path, floor: float, codes: list[str]) -> None:
    suite = suite_of(tmp_path, ["a", "b"] * 10, gate={"min_score": floor})
    assert [finding.code for finding in balance_findings(suite)] == codes


def test_cases_that_decide_nothing_are_named(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["a", "b", "c"])
    first, second, third = suite.cases
    idle = replace(suite, cases=(first, replace(second, weight=0.0), replace(third, weight=0.0, must_pass=True)))
    [finding] = weightless_findings(idle)
    assert "`c1`" in finding.what
    assert "`c2`" not in finding.what
