"""Reading a prompt file so that it can be written again with another text and every other byte kept."""

from __future__ import annotations

import re
from pathlib import Path

from opro_action.errors import FileError
from opro_action.suite.discovery import is_prompt_yml
from opro_action.suite.located import Located, read_yaml
from opro_action.suite.prompt import Frame, Prompt
from opro_action.suite.sources import inside, read_bytes, settled, shown

_BOM = b"\xef\xbb\xbf"
_FRONT_MATTER = re.compile(rb"---[ \t]*\r?\n(.*?)(?<=\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_MARK_AT_START = re.compile(r"\A\s*---[ \t]*$", re.MULTILINE)
_BLANK_LINES = re.compile(rb"(?:[ \t]*\r?\n)*")


def read_prompt(path: Path, root: Path) -> Prompt:
    """The prompt in the file at `path`; raises FileError when there is none, or none inside the folder `root`."""
    path = settled(path)
    if not inside(path, root):
        raise FileError(shown(path), None, "lies outside the repository; keep the prompt in it")
    if is_prompt_yml(path):
        raise FileError(shown(path), None, "is a suite of its own; run `opro check` on it, or name a .md or .txt file")
    return prompt_of(read_bytes(path), path)


def prompt_of(data: bytes, path: Path) -> Prompt:
    """The prompt in the bytes of the file at `path`; raises FileError when there is none."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    start = _after_front_matter(data, start, path)
    start = _end_of(_BLANK_LINES, data, start)
    body = data[start:].rstrip(b" \t\r\n")
    if not body:
        raise FileError(shown(path), None, "holds no prompt text; write the prompt into it")
    newline = _newline(body if b"\n" in body else data)
    text = body.decode().replace(newline, "\n")
    before, after = data[:start], data[start + len(body) :]
    return Prompt(path, text, before, after, newline, Frame(forbidden=_MARK_AT_START))


def front_matter_description(prompt: Prompt) -> str:
    """What the prompt's front matter says under `description`, or ""."""
    found = _FRONT_MATTER.match(prompt.before.removeprefix(_BOM))
    entries = _mapping(found.group(1), prompt.path) if found else None
    description = entries.value.get("description") if entries else None
    return description.source if description else ""


def _after_front_matter(data: bytes, start: int, path: Path) -> int:
    found = _FRONT_MATTER.match(data, start)
    if not found or _mapping(found.group(1), path) is None:
        return start
    return found.end()


def _mapping(inner: bytes, path: Path) -> Located | None:
    """Front matter as a mapping; None when there is other text between the marks, which are two rules then."""
    found = read_yaml(inner.decode(), path, first_line=2)
    if found.value is None:
        return Located({}, 2)
    return found if isinstance(found.value, dict) else None


def _end_of(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    found = pattern.match(data, start)
    return found.end() if found else start


def _newline(data: bytes) -> str:
    pairs = data.count(b"\r\n")
    return "\r\n" if pairs and pairs == data.count(b"\n") else "\n"
