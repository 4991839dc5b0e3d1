"""The hidden line is read back, and cannot be ended or forged by the text above it."""

from __future__ import annotations

import pytest

from opro_action.report.marker import marker, read_marker


@pytest.mark.parametrize("value", ["plain", "a--b", "-->", "--!>", "--------", "-", "é提示", "<!-- x -->", "\n"])
def test_a_state_comes_back(value: str) -> None:
    line = marker({"prompt": value})
    assert read_marker(f"text\n{line}") == {"prompt": value}
    assert line.count("--") == 2
    assert line.count("\n") == 1


def test_the_last_marker_counts() -> None:
    assert read_marker(marker({"n": 1}) + "text\n" + marker({"n": 2})) == {"n": 2}


def test_a_marker_survives_windows_line_ends_and_text_after_it() -> None:
    assert read_marker((marker({"n": 1}) + "thanks!").replace("\n", "\r\n")) == {"n": 1}


@pytest.mark.parametrize("body", [None, "", "hello", "<!-- opro-action:{broken} -->", "<!-- opro-action:[1] -->"])
def test_what_is_no_marker_is_none(body: str | None) -> None:
    assert read_marker(body) is None
