"""The self-check: constant answers, and what the scorers give for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_case, make_cases, make_suite

from opro_action.scoring.constants import constants, options_in
from opro_action.scoring.expected import chance, expected_text, kinds, labels, stratified
from opro_action.scoring.selfcheck import Earned, SelfCheck, self_check
from opro_action.suite.suite import Case, ScorerSpec, Suite


def suite_of(folder: Path, expected: list[Any], **keys: Any) -> Suite:
    cases = [{"id": f"c{i}", "input": f"text {i}", "expected": value} for i, value in enumerate(expected)]
    return make_suite(folder, **{"cases": cases, **keys})


def checked(suite: Suite) -> SelfCheck:
    return asyncio.run(self_check(suite))


def earned(check: SelfCheck, text: str) -> Earned:
    return next(found for found in check.earned if found.constant.text == text)


def texts(suite: Suite) -> list[str]:
    return [constant.text for constant in constants(suite)]


def test_chance_is_the_share_of_the_most_common_expected_answer_by_weight() -> None:
    cases = [make_case("a", expected="x", weight=3.0), make_case("b", expected="X "), make_case("c", expected="y")]
    assert chance(cases) == pytest.approx(0.8)
    assert kinds(cases) == {"x": 4.0, "y": 1.0}
    assert chance([make_case(expected=None)]) is None


@pytest.mark.parametrize(
    ("expected", "scorers", "found"),
    [
        (["b", "a", "b", "a", "b"], "exact", ("b", "a")),
        (["a", "b"], {"choice": {"of": ["a", "b", "c"]}}, ("a", "b", "c")),
        (["one", "two", "three"], "exact", ()),
        ([str(i % 21) for i in range(63)], "exact", ()),
        ([None, None], "exact", ()),
    ],
)
def test_labels_are_a_closed_set_that_a_choice_names_or_that_cases_share(
    tmp_path: Path, expected: list[Any], scorers: Any, found: tuple[str, ...]
) -> None:
    assert labels(suite_of(tmp_path, expected, scorers=scorers)) == found


def test_labels_all_of_them_what_the_prompt_lists_and_what_says_nothing_are_tried(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["valid", "invalid"] * 3, prompt="Is it Valid or\ninvalid? Say which.\n")
    assert texts(suite) == [
        "valid",
        "invalid",
        "valid, invalid",
        "valid or invalid",
        "Valid or invalid",
        "yes or no",
        "",
        "I don't know.",
        "I'm sorry, but I can't help with that.",
    ]


def test_with_open_answers_the_most_common_expected_one_is_tried(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["12", "7", "12", "9"])
    assert texts(suite)[0] == "12"


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("Answer yes, no or unsure.", "yes, no or unsure"),
        ("Answer yes or no.", None),
        ("Answer yes. " + "x" * 400 + " Or no, or unsure.", None),
    ],
)
def test_the_prompts_own_options_are_the_part_that_names_all_labels(prompt: str, found: str | None) -> None:
    assert options_in(prompt, ["yes", "no", "unsure"]) == found


def test_each_constant_answer_earns_its_share_from_a_strict_scorer(tmp_path: Path) -> None:
    check = checked(suite_of(tmp_path, ["a", "b", "a", "c"] * 2, scorers={"choice": {"of": ["a", "b", "c"]}}))
    assert (check.chance, check.earned[0].constant.text) == (0.5, "a")
    assert [earned(check, text).score for text in ("a", "b", "a, b, c", "", "yes or no")] == [0.5, 0.25, 0, 0, 0]
    assert all(found.mistaken == () for found in check.earned)


def test_one_label_inside_another_and_all_at_once_earn_everything_from_contains(tmp_path: Path) -> None:
    check = checked(suite_of(tmp_path, ["valid", "invalid"] * 5, scorers="contains"))
    assert (earned(check, "invalid").score, earned(check, "valid, invalid").score) == (1.0, 1.0)
    assert {case.expected for case in earned(check, "invalid").mistaken} == {"valid"}
    assert earned(check, "valid").score == 0.5


def test_a_refusal_passes_where_only_something_is_not_wanted(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, [None] * 4, scorers={"not_contains": {"any": ["as an AI"]}})
    check = checked(suite)
    assert check.chance is None
    assert earned(check, "I'm sorry, but I can't help with that.").passed == 1.0


def test_numbers_within_a_tolerance_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    check = checked(suite_of(tmp_path, [17, 18, 17, 18], scorers={"number": {"tolerance": 1}}))
    assert earned(check, "17").score == 1.0
    assert earned(check, "17").mistaken == ()


def test_cases_that_cannot_be_scored_count_for_nothing(tmp_path: Path) -> None:
    check = checked(suite_of(tmp_path, ["a", None, "a", None]))
    assert earned(check, "a").score == 1.0
    assert earned(check, "a").n == 2


def test_weights_count(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ["a", "b", "a", "b"])
    heavy = replace(suite, cases=tuple(replace(case, weight=3.0 * (case.expected == "a") + 1) for case in suite.cases))
    found = earned(checked(heavy), "a")
    assert found.score == pytest.approx(0.8)
    assert found.n == pytest.approx(100 / 34)


def test_a_sample_keeps_the_shares_and_does_not_depend_on_order_or_names() -> None:
    cases = make_cases(300, labels=("a", "a", "b"))
    sample = stratified(cases, 30)
    assert [sum(case.expected == label for case in sample) for label in "ab"] == [20, 10]
    renamed = [Case(id=f"x{i}", vars=case.vars, expected=case.expected) for i, case in enumerate(reversed(cases))]
    assert [case.digest for case in stratified(renamed, 30)] == [case.digest for case in sample]


def test_what_a_case_of_promptfoo_expects_stands_in_its_own_assertion() -> None:
    def case(kind: str, value: object) -> Case:
        return Case("c", {}, scorers=(ScorerSpec("promptfoo", {"type": kind, "value": value}),))

    assert expected_text(case("icontains", "Paris")) == "Paris"
    assert expected_text(case("not-contains", "Paris")) is None
    assert expected_text(case("contains-any", ["Paris"])) is None
