"""Regular expressions of JavaScript, without flags, as Python's `re` reads them.

JavaScript sees UTF-16: a character beyond U+FFFF is two for `.` and in a class, so pattern and text are searched as
`units`. What JavaScript refuses, and what Python cannot search for, raises ValueError.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

_SPACES = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NOT_A_BREAK = "[^\n\r\u2028\u2029]"
_QUANTIFIER = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")
_NAMED = re.compile(r"\(\?<([^=!>][^>]*)>")
_GROUP = re.compile(r"\((?!\?)|\(\?<(?![=!])")
_HEX = {"u": re.compile(r"u[0-9a-fA-F]{4}"), "x": re.compile(r"x[0-9a-fA-F]{2}"), "c": re.compile(r"c[A-Za-z]")}
_OPENINGS = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(")
_NOT_REPEATED = frozenset((*_OPENINGS, "|", "^", r"\Z", r"\b", r"(?!\b)"))
_CLASSES = "dDwWsS"
_SAME = "tnrvfbdDwW"


def units(text: str) -> str:
    """A text as JavaScript sees it: each half of a surrogate pair is a character."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[at] | data[at + 1] << 8) for at in range(0, len(data), 2))


@functools.lru_cache(maxsize=1024)
def python_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern to search the `units` of a text with; raises ValueError, as the rest of a sentence."""
    translated = _Translation(units(pattern)).result()
    try:
        return re.compile(translated, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not one that can be searched for here ({error}); write it in another way") from None


@dataclass
class _Translation:
    """Goes through a pattern once, and writes what Python reads the same way."""

    source: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    closed: str = ""

    def result(self) -> str:
        while self.at < len(self.source):
            self._next(self.source[self.at])
        return "".join(self.out)

    def _next(self, char: str) -> None:
        quantifier = _QUANTIFIER.match(self.source, self.at)
        if quantifier:
            self._quantify(quantifier.group())
        elif char == "\\":
            self._write(self._escape(in_class=False))
        elif char == "[":
            self._write(self._class())
        elif char == "(":
            self._open()
        elif char == ")" and self.groups:
            self.at += 1
            self.closed = self.groups.pop()
            self._write(char)
        else:
            self.at += 1
            self._write({".": _NOT_A_BREAK, "$": r"\Z", "{": r"\{", "}": r"\}", "]": r"\]"}.get(char, char))

    def _write(self, text: str) -> None:
        self.out.append(text)

    def _quantify(self, quantifier: str) -> None:
        behind = self.out[-1:] == [")"] and self.closed in {"(?<=", "(?<!"}
        if behind or not self.out or self.out[-1] in _NOT_REPEATED:
            raise ValueError("repeats nothing; correct it")
        self.at += len(quantifier)
        if self.source[self.at : self.at + 1] == "?":
            quantifier += "?"
            self.at += 1
        if _QUANTIFIER.match(self.source, self.at):
            raise ValueError("repeats a repeat; correct it")
        self._write(quantifier)

    def _open(self) -> None:
        named = _NAMED.match(self.source, self.at)
        rest = self.source[self.at :]
        if named:
            if not named.group(1).isidentifier():
                raise ValueError(f"names a group {named.group(1)!r}, which is no name here; rename it")
            opening, length = f"(?P<{named.group(1)}>", len(named.group())
        else:
            opening = next(it for it in _OPENINGS if rest.startswith(it))
            length = len(opening)
            if opening == "(" and rest.startswith("(?"):
                raise ValueError("has flags inside of it, which JavaScript does not know; write it without")
        self.at += length
        self.groups.append(opening)
        self._write(opening)

    def _class(self) -> str:
        """A set of characters; `[]` is none of them, and `[^]` is any."""
        self.at += 1
        negated = self.source.startswith("^", self.at)
        self.at += negated
        members: list[str] = []
        after_class = False
        while not self.source.startswith("]", self.at):
            if self.at >= len(self.source):
                raise ValueError("has a `[` without its `]`; correct it")
            char = self.source[self.at]
            was_class, after_class = after_class, self._is_class(self.at)
            if char == "\\":
                members.append(self._escape(in_class=True))
                continue
            self.at += 1
            # A `-` beside a class such as \w is no range.
            literal = char in "[&|~" or (char == "-" and (was_class or (bool(members) and self._is_class(self.at))))
            members.append(f"\\{char}" if literal else char)
        self.at += 1
        if not members:
            return r"[\s\S]" if negated else "(?!)"
        body = "".join(members)
        return f"[^{body}]" if negated else f"[{body}]"

    def _is_class(self, at: int) -> bool:
        return self.source[at : at + 1] == "\\" and self.source[at + 1 : at + 2] in tuple(_CLASSES)

    def _escape(self, *, in_class: bool) -> str:
        char = self.source[self.at + 1 : self.at + 2]
        if not char:
            raise ValueError("ends in a backslash; correct it")
        if char.isascii() and char.isdigit():
            return self._number(in_class=in_class)
        if char in "sS":
            self.at += 2
            return self._space(char, in_class=in_class)
        if char in _HEX and (code := _HEX[char].match(self.source, self.at + 1)):
            self.at += 1 + len(code.group())
            number = ord(code.group()[1]) % 32 if char == "c" else int(code.group()[1:], 16)
            return re.escape(chr(number))
        if char == "k" and (name := re.compile(r"k<([^>]+)>").match(self.source, self.at + 1)):
            self.at += 1 + len(name.group())
            return f"(?({name.group(1)})(?P={name.group(1)}))"
        if char in "pP" or self.source.startswith("u{", self.at + 1):
            raise ValueError(f"has \\{char}, which JavaScript knows with the flag u only; write the characters out")
        self.at += 2
        if char == "B":
            # Python's own \B does not find the empty text.
            return "B" if in_class else r"(?!\b)"
        if char in _SAME:
            return f"\\{char}"
        return re.escape(char)

    def _space(self, char: str, *, in_class: bool) -> str:
        if char == "S":
            # In a class Python has no way to take the further spaces out again.
            return r"\S" if in_class else rf"[^\s{_SPACES}]"
        return rf"\s{_SPACES}" if in_class else rf"[\s{_SPACES}]"

    def _number(self, *, in_class: bool) -> str:
        """A reference to a group, or the character 0."""
        digits = re.compile(r"\d+").match(self.source, self.at + 1)
        text = digits.group() if digits else ""
        groups = len(_GROUP.findall(re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", self.source, flags=re.DOTALL)))
        if text == "0":
            self.at += 2
            return r"\x00"
        while text and (in_class or int(text) > groups or text[0] == "0"):
            text = text[:-1]
        if not text:
            raise ValueError("has an octal number, or a reference to a group that is not there; write the character")
        self.at += 1 + len(text)
        # A group that has matched nothing is empty in JavaScript, and matches nothing in Python.
        return f"(?({text})\\{text})"
