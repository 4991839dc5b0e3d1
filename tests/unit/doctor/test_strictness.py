"""Scorers that reward what knows nothing, and cases that nothing can pass."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from builders import make_suite, write

from opro_action.doctor.finding import Finding
from opro_action.doctor.strictness import expected_answer_findings, strictness_findings
from opro_action.scoring.selfcheck import self_check
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Suite

OWN = Path(__file__).parents[3] / "evals"


def suite_of(folder: Path, expected: list[Any], scorers: Any, **keys: Any) -> Suite:
    cases = [{"id": f"c{i}", "input": f"text {i}", "expected": value} for i, value in enumerate(expected)]
    return make_suite(folder, cases=cases, scorers=scorers, **keys)


def found_in(suite: Suite) -> list[Finding]:
    return strictness_findings(suite, asyncio.run(self_check(suite)))


def test_valid_inside_invalid_is_named_with_the_example_and_the_remedy(tmp_path: Path) -> None:
    [finding] = found_in(suite_of(tmp_path, ["valid", "invalid"] * 10, "contains"))
    assert (finding.severity, finding.code) == ("error", "scorer-beaten")
    assert 'The constant answer "invalid" (one label for every case) scores 1.00, where chance is 0.50' in finding.what
    assert "it passes `c" in finding.what
    assert 'which expects "valid"' in finding.what
    assert '"valid, invalid" (all labels at once)' in finding.what
    assert "choice: {of: [valid, invalid]}" in finding.remedy
    assert (finding.path, finding.line) == (tmp_path / "evals" / "routing.yaml", 3)


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_a_hack_shows_on_few_cases_too(tmp_path: Path, pairs: int) -> None:
    suite = suite_of(tmp_path, ["valid", "invalid"] * pairs, {"contains": {"ignore_case": True}})
    assert [finding.severity for finding in found_in(suite)] == ["error"] * (pairs > 1)


@pytest.mark.parametrize(
    ("expected", "scorers"),
    [
        (["yes", "no"] * 10, "contains"),
        (["True", "False"] * 10, {"contains": {"ignore_case": True}}),
        (["(A)", "(B)", "(C)", "(D)"] * 5, "contains"),
        (["yes", "no"] * 10, "regex"),
    ],
)
def test_naming_every_option_is_a_hack_of_every_scorer_that_searches(
    tmp_path: Path, expected: list[Any], scorers: Any
) -> None:
    assert [finding.code for finding in found_in(suite_of(tmp_path, expected, scorers))] == ["scorer-beaten"]


@pytest.mark.parametrize(
    ("expected", "scorers"),
    [
        (["valid", "invalid"] * 10, {"choice": {"of": ["valid", "invalid"]}}),
        (["valid", "invalid"] * 10, "exact"),
        (["valid"] * 18 + ["invalid"] * 2, "iexact"),
        ([3, 18, 7, 250, 18, 5, 12, 9] * 3, "number"),
        ([f"the answer is number {i}" for i in range(20)], "contains"),
        (
            ["billing", "bug", "feature"] * 8,
            [{"choice": {"of": ["billing", "bug", "feature"]}}, {"not_contains": {"any": ["sorry"]}}],
        ),
        ([{"team": "billing"}, {"team": "bug"}] * 10, "json_equal"),
        (["a summary of the first", "a summary of another text"] + [f"words about {i}" for i in range(18)], "rouge_l"),
    ],
)
def test_a_strict_scorer_is_left_in_peace(tmp_path: Path, expected: list[Any], scorers: Any) -> None:
    assert found_in(suite_of(tmp_path, expected, scorers)) == []


def test_credit_for_being_near_may_not_be_nearly_full(tmp_path: Path) -> None:
    [finding] = found_in(suite_of(tmp_path, ["valid", "invalid"] * 20, "levenshtein"))
    assert finding.severity == "error"
    assert '"invalid"' in finding.what


def test_where_nothing_says_what_is_right_a_refusal_that_passes_is_a_warning(tmp_path: Path) -> None:
    [finding] = found_in(suite_of(tmp_path, [None] * 12, {"not_contains": {"any": ["as an AI"]}}))
    assert (finding.severity, finding.code) == ("warning", "scorer-beaten")
    assert "nothing in the suite says what chance would" in finding.what


def test_a_label_that_passes_for_another_is_a_warning_where_it_earns_no_more_than_chance_may(tmp_path: Path) -> None:
    expected = ["bug", "bugfix", "feature", "question", "billing", "praise", "spam", "other", "none", "legal"] * 2
    [finding] = found_in(
        suite_of(
            tmp_path,
            expected,
            {
                "starts_with": None,
            },
        )
    )
    assert (finding.severity, finding.code) == ("warning", "labels-confused")
    assert 'The answer "bugfix" passes where another is expected' in finding.what


@pytest.mark.parametrize("name", ["language-identification", "meter-reading", "table-booking", "ticket-routing"])
def test_the_projects_own_suites_are_left_in_peace(name: str) -> None:
    suite = read_suite(OWN / f"{name}.yaml")
    assert found_in(suite) == []
    assert asyncio.run(expected_answer_findings(suite)) == []


def test_a_case_that_expects_what_is_no_option_cannot_be_scored(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["bug", "bgu", "billing"], {"choice": {"of": ["bug", "billing"]}})
    [finding] = asyncio.run(expected_answer_findings(suite))
    assert (finding.severity, finding.code, finding.line) == ("error", "not-scorable", suite.cases[1].line)
    assert '1 case cannot be scored, whatever the answer: the case expects "bgu"' in finding.what


def test_an_expected_answer_that_fails_its_own_scorer_is_named(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["a refund", "a receipt"], {"contains": {"any": ["refund"]}})
    [finding] = asyncio.run(expected_answer_findings(suite))
    assert (finding.severity, finding.code) == ("warning", "expected-fails")
    assert "`c1`" in finding.what


def test_what_is_expected_need_not_be_an_answer_where_the_scorer_reads_it_otherwise(tmp_path: Path) -> None:
    assert asyncio.run(expected_answer_findings(suite_of(tmp_path, ["^[0-9]+$"], "regex"))) == []


def test_a_prompt_yml_is_told_what_its_own_format_has(tmp_path: Path) -> None:
    data = "".join(f'  - {{input: "text {i}", expected: {("valid", "invalid")[i % 2]}}}\n' for i in range(8))
    content = (
        "model: openai/gpt-4.1-mini\n"
        "messages:\n  - {role: system, content: Say valid or invalid.}\n  - {role: user, content: '{{input}}'}\n"
        f"testData:\n{data}"
        "evaluators:\n  - name: has it\n    string: {contains: '{{expected}}'}\n"
    )
    suite = read_suite(write(tmp_path / "evals" / "valid.prompt.yml", content), root=tmp_path)
    [finding] = found_in(suite)
    assert (finding.code, finding.line) == ("scorer-beaten", content[: content.index("evaluators")].count("\n") + 1)
    assert "string: {equals:" in finding.remedy
