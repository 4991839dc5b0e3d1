"""Markdown stays well-formed whatever text it carries."""

from __future__ import annotations

import pytest

from opro_action.report.markdown import cell, code, count, fence, logged, plain, score, signed, table, visible


def test_a_fence_is_longer_than_any_backticks_in_it() -> None:
    assert fence("a\n`````\nb").startswith("``````\n")


def test_a_fence_ends_on_its_own_line() -> None:
    assert fence("x", "diff") == "```diff\nx\n```\n"


@pytest.mark.parametrize("text", ["a\0b", "a\u202eb", "a\u200bb", "a\x1bb", "a\rb", "a\u2028b", "a\ud800b"])
def test_what_hides_or_reorders_is_spelled_out(text: str) -> None:
    assert visible(text) == f"a⟨U+{ord(text[1]):04X}⟩b"


def test_letters_line_breaks_and_emoji_are_left_as_they_are() -> None:
    text = "Grüße\t提示\n👩‍💻 ✈️"
    assert visible(text) == text


def test_crlf_is_a_line_break() -> None:
    assert visible("a\r\nb") == "a\nb"


@pytest.mark.parametrize(("text", "shown"), [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("", "` `")])
def test_a_code_span_holds_backticks(text: str, shown: str) -> None:
    assert code(text) == shown


def test_a_code_span_is_one_short_line() -> None:
    assert code("a\nb") == "`a b`"
    assert len(code("x" * 1000, limit=20)) == 22


@pytest.mark.parametrize(
    ("text", "shown"), [("a|b", r"a\|b"), (r"a\|b", r"a\|b"), (r"a\\|b", r"a\\\|b"), ("a\nb", "a b")]
)
def test_a_cell_keeps_its_row_together(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_a_table_has_a_rule_below_its_header() -> None:
    assert table(("a", "b"), [(1, "x|y")]) == "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n"


@pytest.mark.parametrize("text", ["@team", "Fixes #1", "GH-1", "https://x.y", "www.x.y", "o/r#1"])
def test_prose_mentions_nobody_and_links_nothing(text: str) -> None:
    assert "\u2060" in plain(text)


@pytest.mark.parametrize("text", ["<!-- x -->", "<img src=x>", "**bold**", "[a](b)", "`a`", "# head", "a|b", "~~a~~"])
def test_prose_has_no_markup(text: str) -> None:
    shown = plain(text)
    for char in "*_[`|~":
        assert f" {char}" not in f" {shown}"
    assert "<" not in shown


def test_numbers_read_as_such() -> None:
    assert (score(0.5), score(None), signed(0.5), signed(-0.25), signed(None)) == ("0.50", "–", "+0.50", "-0.25", "–")
    assert (count(1, "case"), count(1234, "case")) == ("1 case", "1,234 cases")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::add-mask::x", "⟨U+003A⟩:add-mask::x"),
        ("a\n \t::error::x\r::warning::y", "a\n \t⟨U+003A⟩:error::x\r⟨U+003A⟩:warning::y"),
        ("a ##[error]b", "a ##⟨U+005B⟩error]b"),
        ("a::b, a: b, # [x] and :x", "a::b, a: b, # [x] and :x"),
    ],
)
def test_what_a_runner_would_obey_is_spelled_out_for_it_alone(
    text: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert logged(text) == text
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert logged(text) == shown
