"""How promptfoo, which is JavaScript, takes texts apart: white space, and lists that are written as one text."""

from __future__ import annotations

import re

SPACE = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""The white space of JavaScript: Python's has a few characters more, and not the byte order mark."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\.|"")*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])|""')


def separated(text: str) -> list[str]:
    """The entries between commas; one in double quotes may hold commas. Raises ValueError for quotes that are wrong."""
    found: list[str] = []
    at = 0
    while True:
        at = len(text) - len(text[at:].lstrip("," + SPACE))
        if at >= len(text):
            return found
        quoted = _QUOTED.match(text, at)
        if quoted:
            found.append(_ESCAPE.sub(lambda mark: mark.group(1) or '"', quoted.group(1)))
            at = len(text) - len(text[quoted.end() :].lstrip(SPACE))
            if at < len(text) and text[at] != ",":
                raise ValueError("a quoted entry has to end before a comma")
        elif text[at] == '"':
            raise ValueError("a quoted entry has no end")
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            found.append(text[at:end].strip(SPACE))
            at = end
