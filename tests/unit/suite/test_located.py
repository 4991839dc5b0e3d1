from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opro_action.suite.located import Located, read_yaml, starts_with_list


def read(text: str) -> Located:
    return read_yaml(text, Path("x.yaml"))


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "Yes", "NO", "y", "n", "2024-01-31", "1:30", "007", "1_000"]
)
def test_words_that_yaml_takes_for_something_else_stay_words(word: str) -> None:
    assert read(f"expected: {word}").plain == {"expected": word}


@pytest.mark.parametrize("word", ["+49301234", "0x1F", "1.", "1.2.3", "-x", "e5", "1e", "."])
def test_what_is_not_quite_a_number_stays_text(word: str) -> None:
    assert read(f"expected: '{word}'").plain == read(f"expected: {word}").plain == {"expected": word}


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-12", -12)],
)
def test_plain_words_mean_what_json_means_by_them(word: str, value: Any) -> None:
    found = read(f"expected: {word}").plain["expected"]

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("word", "value"), [("0.80", 0.8), (".5", 0.5), ("-1.5e-3", -0.0015), ("1e3", 1000.0)])
def test_decimals_are_numbers(word: str, value: float) -> None:
    assert read(word).plain == value


@pytest.mark.parametrize("written", ["'5'", '"5"', "!!str 5", "|-\n  5"])
def test_what_is_quoted_is_text(written: str) -> None:
    assert read(f"expected: {written}").plain == {"expected": "5"}


def test_a_key_is_text_whatever_it_looks_like() -> None:
    assert read("{on: 1, 5: 2, null: 3}").plain == {"on": 1, "5": 2, "null": 3}


def test_an_entry_has_the_line_of_its_key() -> None:
    found = read("a: 1\n\nb:\n  - x\n  - c: |\n      long\n      text\n")

    paths: list[list[str | int]] = [[], ["a"], ["b"], ["b", 0], ["b", 1], ["b", 1, "c"]]
    assert [found.line_at(path) for path in paths] == [1, 1, 3, 4, 5, 5]


def test_what_is_not_there_has_the_line_of_what_would_hold_it() -> None:
    assert read("a: 1\nb:\n  c: 2\n").line_at(["b", "d", 3]) == 2


def test_an_alias_has_its_own_line() -> None:
    assert read("- &x 1\n- 2\n- *x\n").line_at([2]) == 3


def test_a_scalar_keeps_how_it_was_written() -> None:
    assert read("1.10").source == "1.10"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_are_counted_with_either_ending(newline: str) -> None:
    assert read(newline.join(["a: 1", "b: 2", ""])).line_at(["b"]) == 2


def test_nothing_is_null() -> None:
    assert read("# only a comment\n") == Located(None, 1)


@pytest.mark.parametrize(("text", "is_list"), [("- a", True), ("[a]", True), ("# c\n- a", True), ("a: 1", False)])
def test_a_list_is_told_by_its_first_token(text: str, is_list: bool) -> None:
    assert starts_with_list(text) is is_list


@pytest.mark.parametrize("text", ["", "word", "\tx: 1", "- a\n\t- b: [", "@"])
def test_what_is_no_list_or_no_yaml_does_not_start_with_one(text: str) -> None:
    assert starts_with_list(text) is text.startswith("- ")
