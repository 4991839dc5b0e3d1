"""Random texts made of what is hard to write in YAML."""

from __future__ import annotations

import random
from collections.abc import Iterator

WORDS = ["Answer", "no", "it's", '"so"', "a: b", "c # d", "- e", "{{input}}", "é🦉", "%", "true", "17", "\\n", "`x`"]
WORDS += [
    "#",
    ":",
    "? g",
    "& h",
    "|",
    ">",
    "",
    " ",
    "  two",
    "trailing ",
    "\ttab",
    "---",
    "...",
    "[j]",
    ", k",
    "~",
    "!",
]
RARE = ["\r", "\x07", "\x7f", "\x85", "\xa0", "\u2028", "\u2029", "\ufeff", "\uffff", "\r\n", "\0", "\U000e0001"]


def texts(chance: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        words = chance.choices(WORDS + chance.choices(RARE, k=chance.choice([0, 0, 1])), k=chance.randint(1, 40))
        yield "".join(word + chance.choice([" ", " ", " ", "", "\n", "\n\n"]) for word in words)
