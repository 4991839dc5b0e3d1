from typing import Any

import pytest
from builders import graded

from opro_action.scoring.results import Grade
from opro_action.suite.suite import Case, ScorerSpec


def compared(expected: Any, answer: str, **options: Any) -> Grade:
    return graded(ScorerSpec("json_equal", options), Case("c", {}, expected), answer)


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ({"a": 1, "b": [True, None]}, '{"b": [true, null], "a": 1}'),
        ({"a": 1}, '```json\n{"a": 1}\n```'),
        ({"a": 1}, '```\n{"a": 1}```\n'),
        ({"a": 1}, '{"a": 1.0}'),
        ('{"a": [1, 2]}', '{"a": [1, 2]}'),
        ("billing", '"billing"'),
        (18, "18"),
        ("18", "18"),
    ],
)
def test_equal_values_in_any_order_of_keys_and_with_a_fence(expected: Any, answer: str) -> None:
    assert compared(expected, answer).score == 1


@pytest.mark.parametrize(
    ("expected", "answer", "words"),
    [
        ({"a": 1}, '{"a": true}', "at a: expected 1, got true"),
        ({"a": True}, '{"a": 1}', "at a: expected true, got 1"),
        ({"a": 1}, '{"a": "1"}', 'at a: expected 1, got "1"'),
        ({"a": {"b": [1, 2]}}, '{"a": {"b": [1, 3]}}', "at a.b[1]: expected 2, got 3"),
        ({"a": [1, 2]}, '{"a": [1]}', "at a: expected 2 items, got 1"),
        ({"a": 1, "b": 2}, '{"a": 1}', "at b: missing"),
        ({"a": 1}, '{"a": 1, "b": 2}', "at b: not expected"),
        ({}, "[]", "expected {}, got []"),
        ("billing", "18", 'expected "billing", got 18'),
    ],
)
def test_the_first_difference_is_named(expected: Any, answer: str, words: str) -> None:
    found = compared(expected, answer)

    assert (found.score, found.explanation) == (0, words)


@pytest.mark.parametrize(
    "answer", ["billing", "{'a': 1}", '{"a": 1', 'Here: {"a": 1}', "NaN", "[" * 100_000, "9" * 5000]
)
def test_what_is_not_json_is_wrong(answer: str) -> None:
    assert compared({"a": 1}, answer).score == 0


def test_paths_are_compared_and_the_rest_is_free() -> None:
    answer = '{"a": {"b": [{"c": 5}]}, "other": 1}'

    assert compared(None, answer, paths={"a.b[0].c": 5}).score == 1
    assert compared(None, answer, paths={"a.b": [{"c": 5}], "other": 1.0}).score == 1
    assert compared(None, answer, paths={"a.b[0].c": 5, "other": 2}).explanation == "at other: expected 2, got 1"


@pytest.mark.parametrize("path", ["a.b[1]", "a.c", "a[0]", "a.b.c", "other.x"])
def test_a_path_that_leads_nowhere_is_missing(path: str) -> None:
    found = compared(None, '{"a": {"b": [5]}, "other": 1}', paths={path: 5})

    assert (found.score, found.explanation) == (0, f"at {path}: missing")


@pytest.mark.parametrize("path", ["a..b", ".a", "a[x]", "a[", ""])
def test_what_is_no_path_is_unscored(path: str) -> None:
    assert compared(None, "{}", paths={path: 5}).score is None


@pytest.mark.parametrize("answer", ["1e400", '{"a": -1e999}'])
def test_a_number_beyond_all_bounds_is_not_json(answer: str) -> None:
    found = graded(ScorerSpec("json_equal"), Case("c", {}, {"a": 1}), answer)
    assert (found.score, "not JSON" in found.explanation) == (0.0, True)


def test_an_explanation_can_be_written_to_a_file_whatever_the_answer_spells() -> None:
    found = graded(ScorerSpec("json_equal"), Case("c", {}, {"a": 1}), '{"a": "\\ud800"}')
    assert found.explanation.encode()


def test_a_fence_of_blanks_without_end_is_read_at_once() -> None:
    found = graded(ScorerSpec("json_equal"), Case("c", {}, {"a": 1}), "```json\n{" + " " * 400_000 + "x")
    assert found.score == 0.0
