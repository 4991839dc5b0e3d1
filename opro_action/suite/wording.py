"""How messages name places, values and words of a user's files: short, in one line, in backticks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

_LONGEST = 60


def quoted(text: object) -> str:
    """A text in backticks, in one line and cut when it is long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    return f"`{line if len(line) <= _LONGEST else line[: _LONGEST - 1] + '…'}`"


def listed(words: Sequence[object], joint: str = "and") -> str:
    """`a`, `b` and `c`."""
    *most, last = map(quoted, words)
    return f"{', '.join(most)} {joint} {last}" if most else last


def place(path: Iterable[str | int]) -> str:
    """A path as a message names it: `gate.max_drop`, `cases[3].weight`; the empty one is "the file"."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    joined = "".join(steps).removeprefix(".")
    return quoted(joined) if joined else "the file"


def described(value: Any) -> str:
    """A value as a message shows it."""
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        kind = "mapping" if isinstance(value, dict) else "list"
        return f"a {kind}" if value else f"an empty {kind}"
    return f"the text {quoted(value)}" if isinstance(value, str) else json.dumps(value)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The end of a sentence: the known word that `word` is nearly, else all of them."""
    from difflib import get_close_matches  # 3 ms, and only when something is wrong

    close = get_close_matches(word[:_LONGEST].lower(), known, n=1)
    if close:
        return f"did you mean {quoted(close[0])}?"
    return f"known are {listed(known)}" if known else "none is known"
