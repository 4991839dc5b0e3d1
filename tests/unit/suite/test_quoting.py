"""What of a case a prompt must not hold, and how texts are compared."""

from __future__ import annotations

import pytest
from builders import make_case, make_cases

from opro_action.suite.quoting import common_texts, folded, quotable
from opro_action.suite.suite import Case


@pytest.mark.parametrize("text", ["name THE team", "Name  the\nteam", "Ｎame the team", "\u00a0Name the team "])
def test_case_space_and_compatibility_forms_do_not_count(text: str) -> None:
    assert folded(text) == "name the team"


def test_a_long_input_and_a_long_expected_answer_can_be_quoted() -> None:
    case = make_case(said="My invoice of  March is wrong", expected="Please write to the support team")
    assert quotable(case) == ("my invoice of march is wrong", "please write to the support team")


@pytest.mark.parametrize("expected", ["billing", "a label of 19 chars", 18, {"team": "billing or something longer"}])
def test_common_words_labels_and_values_cannot(expected: object) -> None:
    assert quotable(make_case(said="I was charged", expected=expected)) == ()


LABELS = ("Account and billing support", "Technical troubleshooting", "Sales and partnerships")


def test_an_expected_answer_that_several_cases_share_is_a_label() -> None:
    cases = make_cases(6, labels=LABELS)
    assert common_texts(cases) == set(map(folded, LABELS))
    assert quotable(cases[0]) == ("account and billing support",)
    assert quotable(cases[0], common_texts(cases)) == ()


def test_where_most_expected_answers_are_shared_all_are_labels() -> None:
    cases = [*make_cases(6, labels=LABELS[:2]), make_case("rare", "ticket 9", LABELS[2])]
    assert folded(LABELS[2]) in common_texts(cases)
    assert common_texts([make_case("a", "one", "An answer of its own kind"), make_case("b", "two", "Another")]) == set()


def test_a_var_that_several_cases_share_is_no_cases_own() -> None:
    cases = [Case(id=text, vars={"team": "Customer Success Europe", "q": text}) for text in ("ask ant", "ask bee")]
    assert common_texts(cases) == {"customer success europe"}


def test_the_same_case_twice_shares_nothing() -> None:
    twice = [make_case(name, "My invoice of March is wrong", "Please write to the support team") for name in "ab"]
    assert common_texts(twice) == set()
