from typing import Any

import pytest
from builders import graded

from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.number import final_number
from opro_action.suite.suite import Case, ScorerSpec


def counted(expected: Any, answer: str, **options: Any) -> Grade:
    return graded(ScorerSpec("number", options), Case("c", {}, expected), answer)


@pytest.mark.parametrize(
    "answer",
    [
        "18",
        "18.",
        "18.0",
        "+18",
        "**18**",
        "_18_",
        "`18`",
        "**Answer:** 18",
        "**Answer**: 18",
        "Answer:\n18",
        "#### 18",
        "$18",
        "US$18.00",
        "18 €",
        "18%",
        "18kg",
        "She has 3 apples and 15 pears, so 18.",
        "The answer is 18, since 3 × 6.",
        "The final answer is: **18** (6 × 3)",
        "The answer is 6 * 3 = 18.",
        "First answer: 17. No: the answer is 18 of 20.",
        "On 2024-01-15 there were 18",
        "\uff0b18",
        "$\\boxed{18}$",
        "\u7b54\u6848\u662f18\u3002",
        "\u517118\u4e2a",
        "1. Take 6.\n2. Times 3.\n\nSo it is **18**",
        "<think>17? No.</think>\n18",
    ],
)
def test_eighteen(answer: str) -> None:
    assert counted(18, answer).score == 1


@pytest.mark.parametrize(
    "answer",
    [
        "17.6",
        "18.4",
        "17,6",
        "-18",
        "\u221218",
        "180",
        "18,000",
        "1.8e2",
        "eighteen",
        "seventeen",
        "18-20",
        "18–20",
        "18/20",
        "18:30",
        "1.2.18",
        "2024-01-18",
        "v18x or GPT-18",
        "18 or 19",
        "x18",
        "\u0446\u042518",
        "I cannot answer that.",
        "I'm sorry, but I can't help with 18 of these 19.",
        "17, 18, 19",
    ],
)
def test_not_eighteen(answer: str) -> None:
    assert counted(18, answer).score == 0


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (-5, "-5"),
        (-5, "\u22125"),
        (-5, "It is -$5."),
        (-5, "$-5"),
        (5, "10 - 5 = 5"),
        (0.5, ".5"),
        (0.5, "0,5"),
        (0.5, "0,500"),
        (1234, "1,234"),
        (1234567.5, "1,234,567.5"),
        (1234567.5, "1.234.567,5"),
        (1234567, "1.234.567"),
        (1234, "1\u202f234"),
        (1234, "1'234"),
        (1234, "1_234"),
        (1000, "1e3"),
        (1e22, "10000000000000000000000"),
        (9007199254740993, "9007199254740993"),
        ("1,234", "1234"),
        ("$18", "18"),
        (42, "٤٢"),
    ],
)
def test_signs_separators_and_sizes(expected: Any, answer: str) -> None:
    assert counted(expected, answer).score == 1


def test_large_numbers_are_not_rounded_together() -> None:
    assert counted(9007199254740993, "9007199254740992").score == 0


def test_number_words_are_not_read() -> None:
    assert counted(7, "seventeen").score == 0
    assert counted(4, "fourteen").score == 0


def test_within_the_tolerance_is_right() -> None:
    assert counted(18, "17.6", tolerance=0.5).score == 1
    assert counted(18, "17.5", tolerance=0.5).score == 1
    assert counted(18, "17.4", tolerance=0.5).score == 0
    assert counted(0.3, "0.4", tolerance=0.1).score == 1


def test_without_a_marker_the_last_number_counts() -> None:
    assert final_number("It is 17, or rather 18, at 3 o'clock") == "3"


def test_after_a_marker_the_first_number_counts_and_the_result_of_a_sum() -> None:
    assert final_number("3 apples. Answer: 18 dollars for 7 days") == "18"
    assert final_number("The answer is 6 + 12 = 18 for 7 days") == "18"


def test_a_marker_with_nothing_after_it_is_passed_over() -> None:
    assert final_number("18. That is the answer: done") == "18"
    assert final_number("I will answer 3 questions. In total there are 18") == "18"


@pytest.mark.parametrize("expected", ["many", "3 or 4", "1/2", True, [18], float("nan"), ""])
def test_an_expectation_that_is_not_one_number_is_unscored(expected: Any) -> None:
    assert counted(expected, "18").score is None


@pytest.mark.parametrize("answer", ["9" * 100_000, "1" + ",000" * 20_000, "1e999", "-" * 50_000, "answer " * 20_000])
def test_huge_answers_are_wrong_and_quick(answer: str) -> None:
    assert counted(18, answer).score == 0


def test_explanations_name_what_was_found() -> None:
    assert counted(18, "It is 17.6").explanation == "expected 18, got 17.6"
    assert counted(18, "eighteen").explanation == 'expected 18, got no number: "eighteen"'
    assert counted(18, "10-20").explanation == 'expected 18, got "10-20", which is not one number'
