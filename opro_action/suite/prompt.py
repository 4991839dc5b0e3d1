"""A prompt file: the text that is optimized, and the bytes around it that are not."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")


def digest(text: str) -> str:
    """The SHA-256 of a prompt text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def placeholders(text: str) -> frozenset[str]:
    """The names in `{{name}}` marks of a prompt text; `{{ name }}` is the same placeholder."""
    return frozenset(_PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, Any]) -> str:
    """`text` with every placeholder replaced by its value; raises KeyError with the name of a missing one.

    Text is put in as it is, and a placeholder inside it is not looked at again; other values are put in as JSON.
    """
    return _PLACEHOLDER.sub(lambda mark: _as_text(values[mark.group(1)]), text)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Prompt:
    """A prompt as its file holds it: `before` and `after` are the bytes around `text` that a rewrite keeps.

    `before` is the byte order mark, the YAML front matter with its marks and the blank lines before the text, as
    far as there are any; `after` is the white space that ends the file. `newline` is the line ending of the file:
    `text` has "\\n" in its place. In a file that mixes both endings it is "\\n", and `text` keeps each "\\r".
    """

    path: Path
    text: str
    before: bytes = b""
    after: bytes = b""
    newline: str = "\n"

    @property
    def digest(self) -> str:
        return digest(self.text)

    @property
    def placeholders(self) -> frozenset[str]:
        return placeholders(self.text)

    def with_text(self, text: str) -> bytes:
        """The file's bytes with another text in it, every other byte kept."""
        return self.before + text.replace("\n", self.newline).encode() + self.after
