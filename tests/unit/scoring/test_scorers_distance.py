"""`levenshtein` and `rouge_l`, held against the textbook's tables."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from builders import by

from opro_action.scoring.scorers.distance import LONGEST, common_length, distance, words


def distance_by_table(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        above, row = row, [i]
        for j, b in enumerate(second, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]


def common_by_table(first: str, second: str) -> int:
    row = [0] * (len(second) + 1)
    for a in first:
        above, row = row, [0]
        for j, b in enumerate(second, 1):
            row.append(above[j - 1] + 1 if a == b else max(above[j], row[-1]))
    return row[-1]


@pytest.mark.parametrize("letters", ["ab", "abcdefgh", "a\u00e9\U0001f600"])
def test_both_agree_with_the_tables_on_random_texts(letters: str) -> None:
    chance = random.Random(letters)
    for _ in range(300):
        first, second = ("".join(chance.choices(letters, k=chance.randrange(80))) for _ in range(2))
        assert distance(first, second) == distance_by_table(first, second), (first, second)
        assert common_length(first, second) == common_by_table(first, second), (first, second)


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ("kitten", "sitting", 1 - 3 / 7),
        ("kitten", "kitten", 1),
        ("kitten", " kitten\n", 1),
        ("caf\u00e9", "cafe\u0301", 1),
        ("abc", "xyz", 0),
        ("a", "abcdefghij", 0.1),
        (18, "18", 1),
        ("Kitten", "kitten", 1 - 1 / 6),
    ],
)
def test_levenshtein_is_the_share_of_the_longer_text_that_stays(expected: Any, answer: str, score: float) -> None:
    assert by("levenshtein", expected, answer).score == pytest.approx(score)


def test_levenshtein_with_max_is_all_or_nothing() -> None:
    assert by("levenshtein", "kitten", "sitting", max=3).score == 1
    assert by("levenshtein", "kitten", "sitting", max=2).score == 0
    assert by("levenshtein", "kitten", "sitting").explanation == '3 edits from "kitten": "sitting"'
    assert by("levenshtein", "Kitten", "kitten", max=0, ignore_case=True).score == 1


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ("police killed the gunman", "police kill the gunman", 0.75),
        ("police killed the gunman", "the gunman kill police", 0.5),
        ("The cat sat.", "the **cat** sat", 1),
        ("the cat sat", "the cat sat on the mat", 2 * 3 / 9),
        ("\u6211\u7231\u732b", "\u6211\u4e0d\u7231\u732b", 2 * 3 / 7),
        ("na\u00efve", "nai\u0308ve", 1),
        ("one two", "three", 0),
        ("one two", "...", 0),
    ],
)
def test_rouge_l_counts_words_in_the_same_order(expected: str, answer: str, score: float) -> None:
    assert by("rouge_l", expected, answer).score == pytest.approx(score)


def test_words_are_without_case_punctuation_and_markdown() -> None:
    assert words("**Hello**, snake_case World's 3.5 \u65e5\u672c") == [
        "hello", "snake", "case", "world", "s", "3", "5", "\u65e5", "\u672c",
    ]  # fmt: skip


@pytest.mark.parametrize("expected", ["", "...", None, ["a"]])
def test_rouge_l_without_an_expected_word_is_unscored(expected: Any) -> None:
    assert by("rouge_l", expected, "anything").score is None


@pytest.mark.parametrize("name", ["levenshtein", "rouge_l"])
def test_too_long_an_answer_is_unscored_and_a_long_one_quick(name: str) -> None:
    chance = random.Random(0)
    long, other = ("".join(chance.choices("abcdefg ", k=LONGEST - 10)) for _ in range(2))
    began = time.monotonic()

    assert by(name, long, other).score is not None
    assert time.monotonic() - began < 5
    assert by(name, "a", "b" * (LONGEST + 1)).score is None


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [("mả", "mạ", 0.0), ("राम का घर", "राम की घर", 2 / 3), ("გამარჯობა", "გამარჯობა", 1.0), ("ἀρχὴ", "ἀρχὴ", 1.0)],
)
def test_words_of_any_script_are_whole_with_their_marks(expected: str, answer: str, score: float) -> None:
    assert by("rouge_l", expected, answer).score == pytest.approx(score)
