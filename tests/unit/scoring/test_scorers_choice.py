import unicodedata
from typing import Any

import pytest
from builders import graded

from opro_action.scoring.results import Grade
from opro_action.suite.suite import Case, ScorerSpec

LABELS = ["billing", "bug", "bug report", "feature"]


def chosen(expected: Any, answer: str, options: list[Any] | None = None) -> Grade:
    return graded(ScorerSpec("choice", {"of": options or LABELS}), Case("c", {}, expected), answer)


@pytest.mark.parametrize(
    "answer",
    [
        "billing",
        "Billing",
        "BILLING.",
        "**billing**",
        "`billing`",
        "_billing_",
        "__Billing__",
        "- billing",
        "Answer: billing.",
        '"billing"',
        "(billing)",
        "The category is **billing**, since billing is what it is about.",
        "billing\n",
        "\uff42\uff49\uff4c\uff4c\uff49\uff4e\uff47",
    ],
)
def test_naming_the_expected_option_alone_is_right(answer: str) -> None:
    assert chosen("billing", answer).score == 1


@pytest.mark.parametrize(
    "answer",
    [
        "bug",
        "billing or bug",
        "billing, bug, bug report, feature",
        "billing/feature",
        "It is not a bug, it is billing.",
        "billings",
        "rebilling",
        "non-billing",
        "billing-related",
        "billing_team",
        "I do not know.",
        "b i l l i n g",
    ],
)
def test_another_two_or_no_option_is_wrong(answer: str) -> None:
    assert chosen("billing", answer).score == 0


def test_the_longest_option_is_taken_first() -> None:
    assert chosen("bug report", "**Bug Report**").score == 1
    assert chosen("bug", "bug report").score == 0
    assert chosen("bug", "bug **report**").score == 0
    assert chosen("bug report", "a bug\nreport").score == 1


def test_an_option_inside_another_word_is_not_named() -> None:
    assert chosen("valid", "The argument is invalid.", ["valid", "invalid"]).score == 0
    assert chosen("invalid", "The argument is invalid.", ["valid", "invalid"]).score == 1
    assert chosen("can", "I can't.", ["can", "cannot"]).score == 0


@pytest.mark.parametrize("expected", ["yes", "no"])
@pytest.mark.parametrize("answer", ["Yes or No", "yes, no", "The answer is yes. Or no."])
def test_a_constant_answer_that_names_all_options_scores_nothing(expected: str, answer: str) -> None:
    assert chosen(expected, answer, ["yes", "no"]).score == 0


def test_listing_all_letters_scores_nothing() -> None:
    letters = ["(A)", "(B)", "(C)"]

    assert chosen("(B)", "(A) (B) (C)", letters).score == 0
    assert chosen("(B)", "The answer is (B).", letters).score == 1


def test_options_with_marks_are_told_apart() -> None:
    assert chosen("C#", "It is C#.", ["C", "C#", "C++"]).score == 1
    assert chosen("C", "It is C#.", ["C", "C#", "C++"]).score == 0
    assert chosen("A*", "**A***", ["A*", "Dijkstra"]).score == 1


def test_unicode_form_does_not_matter() -> None:
    assert chosen("Español", unicodedata.normalize("NFD", "ESPAÑOL"), ["Español", "Français"]).score == 1
    assert chosen("日本語", "日本語。", ["日本語", "中文"]).score == 1


def test_an_expected_option_that_is_none_of_them_is_unscored() -> None:
    found = chosen("refund", "billing")

    assert found.score is None
    assert found.explanation == 'the case expects "refund", which is not one of billing, bug, bug report, feature'


def test_without_options_nothing_can_be_judged() -> None:
    assert graded(ScorerSpec("choice"), Case("c", {}, "a"), "a").score is None


def test_explanations_name_what_was_found() -> None:
    assert chosen("billing", "billing or bug").explanation == 'expected "billing", got two options: billing, bug'
    assert chosen("billing", "Feature!").explanation == 'expected "billing", got "feature"'
    assert chosen("billing", "What?").explanation == 'expected "billing", got no option: "What?"'


@pytest.mark.parametrize(
    "answer",
    [
        "It crashes, which sounds like a bug, but it is about money.\n\n**Answer:** billing",
        "Options: billing, bug, feature.\nThe answer is billing",
        "Not a bug.\nFinal answer: **Billing**\n(It is not a bug report.)",
        "Could be a bug.\n__Answer__: `billing`",
        "A bug?\nAnswer\uff1abilling",
        "First answer: bug. No.\nAnswer: billing",
        "billing. That is my answer: certain.",
    ],
)
def test_after_reasoning_the_announced_answer_counts(answer: str) -> None:
    assert chosen("billing", answer).score == 1


@pytest.mark.parametrize(
    "answer",
    [
        "billing\nAnswer: bug",
        "Answer: billing or bug",
        "The answer is billing, bug, bug report, feature",
        "Answer: billing.\nAnswer: bug.",
        "The answer is unclear: billing or bug",
        "I cannot help with that request.",
        "Answer: none of billing, bug",
    ],
)
def test_an_announced_answer_is_as_strict_as_any(answer: str) -> None:
    assert chosen("billing", answer).score == 0


def constant(answer: str, options: list[Any], shares: dict[str, float]) -> float:
    """What one answer to every case earns, by the share of the cases that expect each option."""
    return sum(share * (chosen(expected, answer, options).score or 0) for expected, share in shares.items())


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (["valid", "invalid"], "The argument is invalid."),
        (["Yes", "No"], "Yes or No"),
        (["Yes", "No"], "Yes, and no: it depends."),
        (["True", "False"], "True or False"),
        (["(A)", "(B)", "(C)", "(D)"], "(A) (B) (C) (D)"),
        (["A", "B", "C", "D"], "A, B, C, D"),
        (["A", "B", "C", "D"], "Answer: A B C D"),
    ],
)
def test_no_constant_answer_beats_chance(options: list[Any], answer: str) -> None:
    assert constant(answer, options, dict.fromkeys(options, 1 / len(options))) <= 1 / len(options)


@pytest.mark.parametrize("answer", ["This is not spam.", "It isn't spam", "Never *spam*.", "Answer: not a spam"])
def test_an_answer_that_denies_the_option_does_not_name_it(answer: str) -> None:
    found = graded(ScorerSpec("choice", {"of": ["spam", "ham"]}), Case("c", {}, "spam"), answer)
    assert (found.score, "denial" in found.explanation) == (0.0, True)


def test_a_denial_of_something_else_does_not_matter() -> None:
    found = graded(ScorerSpec("choice", {"of": ["spam", "ham"]}), Case("c", {}, "spam"), "I am not sure, but: spam")
    assert found.score == 1.0


def test_an_option_before_a_combining_mark_is_another_word() -> None:
    found = graded(ScorerSpec("choice", {"of": ["राज", "मत"]}), Case("c", {}, "राज"), "राजा")
    assert found.score == 0.0
