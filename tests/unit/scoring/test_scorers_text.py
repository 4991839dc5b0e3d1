import time
import unicodedata
from typing import Any

import pytest
from builders import by


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ("billing", "billing", 1),
        ("billing", " billing\n", 1),
        ("billing", "Billing", 0),
        ("billing", "billing.", 0),
        ("Zürich", unicodedata.normalize("NFD", "Zürich"), 1),
        (18, "18", 1),
        (True, "true", 1),
        (["a"], "a", None),
        ("", "a", None),
    ],
)
def test_exact(expected: Any, answer: str, score: float | None) -> None:
    assert by("exact", expected, answer).score == score


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ("Billing", "BILLING", 1),
        ("straße", "STRASSE", 1),
        ("bug report", "Bug\u00a0 report", 1),
        ("billing", "billing", 1),
        ("billing", "billing.", 0),
    ],
)
def test_iexact(expected: str, answer: str, score: float) -> None:
    assert by("iexact", expected, answer).score == score


@pytest.mark.parametrize(
    ("expected", "options", "answer", "score"),
    [
        ("bug", {}, "It is a bug.", 1),
        ("bug", {}, "It is a Bug.", 0),
        ("bug", {"ignore_case": True}, "It is a BUG.", 1),
        (None, {"any": ["bug", "error"]}, "an error", 1),
        (None, {"any": ["bug", "error"]}, "a mistake", 0),
        (None, {"any": "error"}, "an error", 1),
        (None, {"all": ["bug", "error"]}, "an error", 0),
        (None, {"all": ["bug", "error"]}, "bug, error", 1),
        (None, {"all": ["bug"], "any": ["x", "y"]}, "bug x", 1),
        (None, {"all": ["bug"], "any": ["x", "y"]}, "bug", 0),
        ("bug", {"any": ["error"]}, "bug", 0),
        (None, {"any": ["bug", ""]}, "bug", None),
        (None, {"all": []}, "bug", None),
    ],
)
def test_contains(expected: Any, options: dict[str, Any], answer: str, score: float | None) -> None:
    assert by("contains", expected, answer, **options).score == score


def test_contains_says_what_is_missing() -> None:
    assert by("contains", None, "an error", all=["an", "bug"]).explanation == '"bug" is not in "an error"'


@pytest.mark.parametrize(
    ("expected", "options", "answer", "score"),
    [
        (r"^\d{3}$", {}, "123", 1),
        (r"^\d{3}$", {}, "1234", 0),
        ("ignored", {"pattern": "b[ui]g"}, "a big", 1),
        (None, {"pattern": "(?i)bug"}, "a BUG", 1),
        (None, {"pattern": "("}, "a", None),
        (None, {"pattern": ""}, "a", None),
    ],
)
def test_regex(expected: Any, options: dict[str, Any], answer: str, score: float | None) -> None:
    assert by("regex", expected, answer, **options).score == score


def test_a_pattern_that_would_take_hours_is_given_up_and_the_answer_unscored() -> None:
    started = time.monotonic()
    found = by("regex", None, "a" * 60, pattern="(a+)+b")

    assert found.score is None
    assert "took over 1 s" in found.explanation
    assert time.monotonic() - started < 10


def test_an_answer_too_long_to_search_is_unscored() -> None:
    assert by("regex", "a", "a" * 100_001).score is None
    assert by("regex", "a", "a" * 100_000).score == 1


@pytest.mark.parametrize(
    ("name", "expected", "answer", "score"),
    [
        ("starts_with", "Dear", "Dear Ms. Li,", 1),
        ("starts_with", "Dear", "\n Dear Ms. Li,", 1),
        ("starts_with", "Dear", "dear Ms. Li,", 0),
        ("starts_with", "Dear", "My dear", 0),
        ("starts_with", "Dear", "De", 0),
        ("starts_with", 18, "18 apples", 1),
        ("ends_with", "regards", "Kind regards\n", 1),
        ("ends_with", "regards", "regards.", 0),
        ("ends_with", "caf\u00e9", "un cafe\u0301", 1),
    ],
)
def test_the_beginning_or_end_of_an_answer(name: str, expected: Any, answer: str, score: float) -> None:
    assert by(name, expected, answer).score == score


def test_a_beginning_may_be_one_of_several_whatever_its_case() -> None:
    assert by("starts_with", None, "hello there", any=["Dear", "Hello"], ignore_case=True).score == 1
    found = by("ends_with", None, "hello there", any=["bye", "regards"])
    assert (found.score, found.explanation) == (0, '"hello there" does not end with "bye" or "regards"')


@pytest.mark.parametrize("name", ["starts_with", "ends_with"])
@pytest.mark.parametrize("options", [{}, {"any": [""]}, {"any": []}])
def test_an_empty_beginning_or_end_is_unscored(name: str, options: dict[str, Any]) -> None:
    assert by(name, "", "anything", **options).score is None
