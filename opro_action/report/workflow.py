"""What a GitHub runner reads from a step: commands on its log, outputs and the job summary, as text."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

SUMMARY_LIMIT = 1024 * 1024 - 4096
"""Bytes of one step's summary. The runner drops the whole of a summary over 1 MiB; the rest is a margin."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def command(level: str, message: str, **where: str | int) -> str:
    """A log line that makes an annotation; `level` is `notice`, `warning` or `error`, `where` its file, line, title."""
    named = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in where.items())
    return f"::{level}{' ' if named else ''}{named}::{_escaped(message)}"


def _escaped(text: str, besides: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + besides else char for char in text)


@contextmanager
def silenced(say: Callable[[str], None]) -> Iterator[None]:
    """Between the two lines that this says, the runner obeys no line of the log."""
    stop, resume = silence()
    say(stop)
    try:
        yield
    finally:
        say(resume)


def silence() -> tuple[str, str]:
    """Two log lines: between them the runner obeys no line. The mark is random: no model output can be the second."""
    mark = f"opro-{secrets.token_hex(16)}"
    return f"::stop-commands::{mark}", f"::{mark}::"


def outputs(values: Mapping[str, str]) -> str:
    """The text that sets a step's outputs. The delimiter is random, so no value can set another output."""
    mark = f"opro-{secrets.token_hex(16)}"
    return "".join(f"{name}<<{mark}\n{value}\n{mark}\n" for name, value in values.items())


def shortened(markdown: str, *, limit: int = SUMMARY_LIMIT) -> str:
    """The first whole sections of `markdown` that fit into `limit` bytes, and a line that says what was left out."""
    if len(markdown.encode()) <= limit:
        return markdown
    kept: list[str] = []
    room = limit - 200
    parts = list(sections(markdown))
    for part in parts:
        room -= len(part.encode())
        if room < 0:
            break
        kept.append(part)
    left = len(parts) - len(kept)
    return (
        "".join(kept) + f"\n{left} of {len(parts)} sections left out here; the output `result-json` has everything.\n"
    )


def sections(markdown: str) -> Iterator[str]:
    """`markdown` in pieces that each start at a heading; a `#` inside a code block starts none."""
    piece: list[str] = []
    fence = ""
    for line in markdown.splitlines(keepends=True):
        if not fence and line.startswith("#") and piece:
            yield "".join(piece)
            piece = []
        fence = _fence_after(line, fence)
        piece.append(line)
    if piece:
        yield "".join(piece)


def _fence_after(line: str, fence: str) -> str:
    mark = _FENCE.match(line)
    if not mark:
        return fence
    if not fence:
        return mark.group(1)
    closes = line.strip() == fence[0] * len(line.strip()) and len(line.strip()) >= len(fence)
    return "" if closes else fence
