"""A prompt file: the text that is optimized, and the bytes around it that are not."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
"""A placeholder of the native form; its first group is the name."""

Chat = tuple[tuple[str, str], ...]
"""Messages as (role, text)."""


def digest(text: str) -> str:
    """The SHA-256 of a prompt text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def placeholders(text: str) -> frozenset[str]:
    """The names in `{{name}}` marks of a prompt text; `{{ name }}` is the same placeholder."""
    return frozenset(PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, Any], marks: re.Pattern[str] = PLACEHOLDER) -> str:
    """`text` with every placeholder replaced by its value; raises KeyError with the name of a missing one.

    Text is put in as it is, and a placeholder inside it is not looked at again; other values are put in as JSON.
    """
    return marks.sub(lambda mark: _as_text(values[mark.group(1)]), text)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Frame:
    """What a prompt's text becomes when it is put to a model.

    Without a `role` the native rule holds: a text with placeholders is one user message; without any it is the
    system message, and the case's input the user message. With a `role` the text is the message of that role in a
    chat, between `before` and `after`; `tail` is the white space at its end, which a rewrite keeps. `marks` finds
    placeholders, in all messages; its first group is the name. `forbidden` finds what a text may not hold, because its
    file would be read as something else.
    """

    role: str | None = None
    before: Chat = ()
    after: Chat = ()
    marks: re.Pattern[str] = PLACEHOLDER
    tail: str = ""
    forbidden: re.Pattern[str] | None = None

    def placeholders(self, text: str) -> frozenset[str]:
        """The names of the placeholders in one text."""
        return frozenset(self.marks.findall(text))

    def chat(self, text: str, values: Mapping[str, Any]) -> Chat:
        """The messages that put a case's `values` to the model; raises KeyError for a value that is missing."""
        if self.role:
            around = (*self.before, (self.role, text + self.tail), *self.after)
            return tuple((role, fill(content, values, self.marks)) for role, content in around)
        if self.placeholders(text):
            return (("user", fill(text, values, self.marks)),)
        return (("system", text), ("user", str(values["input"])))


@dataclass(frozen=True)
class Prompt:
    """A prompt as its file holds it: `before` and `after` are the bytes around `text` that a rewrite keeps.

    `before` is the byte order mark, the YAML front matter with its marks and the blank lines before the text, as
    far as there are any; `after` is the white space that ends the file. `newline` is the line ending of the file:
    `text` has "\\n" in its place. In a file that mixes both endings it is "\\n", and `text` keeps each "\\r".
    Where the text is a value inside another format, `spell` gives the bytes that stand for a text there.
    """

    path: Path
    text: str
    before: bytes = b""
    after: bytes = b""
    newline: str = "\n"
    frame: Frame = Frame()
    spell: Callable[[str], bytes] | None = None

    @property
    def digest(self) -> str:
        return digest(self.text)

    @property
    def placeholders(self) -> frozenset[str]:
        return self.frame.placeholders(self.text)

    def with_text(self, text: str) -> bytes:
        """The file's bytes with another text in it, every other byte kept."""
        spelled = self.spell(text) if self.spell else text.replace("\n", self.newline).encode()
        return self.before + spelled + self.after
