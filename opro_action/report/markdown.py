"""Markdown from values: fences, code spans, tables and signed numbers, safe for text that nobody has vetted."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence

_SPAN_LIMIT = 200
_BACKTICKS = re.compile(r"`+")
# GitHub looks for mentions, issues and links in the rendered text, where a backslash is gone: a word joiner stays.
_REFERENCE = re.compile(r"(@|#|://|www(?=\.)|\bGH(?=\\-))", re.IGNORECASE)
_COMMAND = re.compile(r"(?P<start>(?:^|[\r\n])\s*):(?=:)|(?<=##)\[")
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


def visible(text: str) -> str:
    """`text` with line ends as "\\n" and every character that hides or reorders others spelled out as U+XXXX.

    Control characters, bidirectional marks, zero-width characters and lone surrogates let a text look like
    another one; a NUL is refused by the GitHub API.
    """
    lines = text.replace("\r\n", "\n")
    return "".join(char if _plain(char) else f"⟨U+{ord(char):04X}⟩" for char in lines)


def logged(text: str) -> str:
    """`text` for a log; where a GitHub runner reads it, what the runner would obey is spelled out as by `visible`.

    It obeys a line that starts with "::", blanks left aside, and "##[" anywhere in a line.
    """
    if not os.environ.get("GITHUB_ACTIONS"):
        return text
    return _COMMAND.sub(lambda found: f"{found['start'] or ''}⟨U+{ord(found[0][-1]):04X}⟩", text)


def fence(text: str, language: str = "") -> str:
    """`text` as a fenced code block; the fence is longer than any run of backticks in it."""
    shown = visible(text)
    ticks = "`" * max(3, _longest_backticks(shown) + 1)
    end = "" if shown.endswith("\n") else "\n"
    return f"{ticks}{language}\n{shown}{end}{ticks}\n"


def code(text: object, *, limit: int = _SPAN_LIMIT) -> str:
    """`text` as a code span on one line, at most `limit` characters of it."""
    shown = " ".join(visible(str(text)).split()) or " "
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    ticks = "`" * (_longest_backticks(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def plain(text: object, *, limit: int = 500) -> str:
    """`text` as one line of prose in which nothing is markup, a mention or a reference to an issue."""
    shown = " ".join(visible(str(text)).split())
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = _MARKUP.sub(r"\\\1", shown)
    return _REFERENCE.sub("\\1\u2060", shown)


def cell(text: object) -> str:
    """Our own Markdown made fit for a table cell: one line, pipes escaped."""
    return re.sub(r"(\\*)\|", _escaped_pipe, " ".join(str(text).split()))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; cells are Markdown already (`code`, `plain` or our own words)."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell(value) for value in line) + " |\n" for line in lines)


def score(value: float | None) -> str:
    """A score in [0, 1] with two decimals, or a dash where there is none."""
    return "–" if value is None else f"{value:.2f}"


def signed(value: float | None) -> str:
    """A difference of scores with its sign, or a dash where there is none."""
    return "–" if value is None else f"{value:+.2f}"


def count(number: int, noun: str) -> str:
    """`1 case`, `2 cases`, `1,234 cases`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _escaped_pipe(match: re.Match[str]) -> str:
    return match[0] if len(match[1]) % 2 else f"{match[1]}\\|"


def _plain(char: str) -> bool:
    return char in "\n\t\u200c\u200d" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _longest_backticks(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
