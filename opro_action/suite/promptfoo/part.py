"""A value of a promptfoo file that knows its place: file, line and key, for messages that name them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.located import Located, read_yaml
from opro_action.suite.naming import Named
from opro_action.suite.sources import read_text, shown
from opro_action.suite.wording import described, did_you_mean, quoted

_TABS = re.compile(r"^\t+", re.MULTILINE)
_MOST_REFERENCES = 10_000
FILE = "file://"


@dataclass(frozen=True)
class Part:
    """A value under the key `key` of the file at `path`, which lies in the repository `root`.

    `base` is the folder that `file://` paths in it are relative to: that of the configuration.
    """

    node: Located
    path: Path
    root: Path
    base: Path
    key: str = ""

    @property
    def value(self) -> Any:
        return self.node.value

    @property
    def plain(self) -> Any:
        return self.node.plain

    @property
    def line(self) -> int:
        return self.node.line

    def error(self, what: str) -> FileError:
        return FileError(shown(self.path), self.line, what)

    def wrong(self, wanted: str) -> FileError:
        """The error for a value of the wrong kind."""
        return self.error(f"`{self.key}` has to be {wanted}, not {described(self.plain)}")

    def of(self, node: Located, key: str) -> Part:
        return Part(node, self.path, self.root, self.base, key)

    def get(self, key: str) -> Part | None:
        """The entry of a mapping; None for one that is missing or null."""
        entry = self.value.get(key) if isinstance(self.value, dict) else None
        return None if entry is None or entry.value is None else self.of(entry, key)

    def fields(self, known: Sequence[str]) -> dict[str, Part]:
        """The entries of a mapping that are not null; raises FileError for a key that is not `known`."""
        found = self.entries()
        for key, entry in found.items():
            if key not in known:
                raise entry.error(f"`{key}` is an unknown key of `{self.key}`; {did_you_mean(key, known)}")
        return found

    def entries(self, *, null: bool = False) -> dict[str, Part]:
        """All entries of a mapping; those that are null only where `null` says so."""
        if not isinstance(self.value, dict):
            raise self.wrong("a mapping")
        return {key: self.of(entry, key) for key, entry in self.value.items() if null or entry.value is not None}

    def items(self) -> list[Part]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [self.of(entry, self.key) for entry in self.value]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("a number")
        if not is_number(self.value):
            raise self.error(f"`{self.key}`: {quoted(str(self.value)[:20])} is too large for a number; correct it")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def file(self, name: str) -> Path:
        """The file that the text `name` stands for, with or without `file://`; it lies in the repository."""
        named = Named(name.removeprefix(FILE), self.key, self.line, self.base / self.path.name, self.root)
        try:
            return named.checked(named.target)
        except FileError as error:
            # `Named` speaks of a file in the base folder, and the name may stand in another.
            raise self.error(str(error).partition(": ")[2]) from None

    def named_file(self) -> str | None:
        """What stands behind `file://`, or None for a value that names no file."""
        value = self.value
        return value.removeprefix(FILE) if isinstance(value, str) and value.startswith(FILE) else None

    def loaded(self) -> Part:
        """The content of the YAML or JSON file that a `file://` text names; any other value itself."""
        name = self.named_file()
        if name is None:
            return self
        if not name.endswith((".yaml", ".yml", ".json")):
            raise self.error(f"`{self.key}` names {name}, and only .yaml, .yml and .json files are read here")
        return read_part(self.file(name), self.root, self.base, self.key)


def is_number(value: float) -> bool:
    """Whether a number is finite, and no integer that is too large to be calculated with."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def read_part(path: Path, root: Path, base: Path, key: str = "") -> Part:
    """The content of a YAML or JSON file, with `$ref: '#/...'` replaced by what it points at."""
    node = _read_json(path) if path.suffix == ".json" else read_yaml(read_text(path), path)
    return Part(dereferenced(node, path), path, root, base, key)


def located(value: Any, line: int) -> Located:
    """A plain value as if it stood in one line."""
    if isinstance(value, dict):
        return Located({str(key): located(entry, line) for key, entry in value.items()}, line)
    if isinstance(value, list):
        return Located([located(entry, line) for entry in value], line)
    return Located(value, line, value if isinstance(value, str) else json.dumps(value))


def dereferenced(node: Located, path: Path) -> Located:
    """`node` with each mapping `{$ref: '#/a/b'}` that points at something in it replaced by that.

    One that points nowhere stays: it may belong to a JSON Schema. Raises FileError for those that go in circles.
    """
    left = [_MOST_REFERENCES]
    return _resolved(node, node, path, left, ())


def _resolved(node: Located, top: Located, path: Path, left: list[int], way: tuple[str, ...]) -> Located:
    if isinstance(node.value, list):
        return node._replace(value=[_resolved(entry, top, path, left, way) for entry in node.value])
    if not isinstance(node.value, dict):
        return node
    pointer = node.value.get("$ref")
    if pointer is not None and isinstance(pointer.value, str):
        found = _at(top, pointer.value)
        left[0] -= 1
        if pointer.value in way or left[0] < 0:
            raise FileError(shown(path), node.line, f"`$ref: {pointer.value}` leads back to itself; write it out")
        if found is not None:
            return _resolved(found, top, path, left, (*way, pointer.value))
    return node._replace(value={key: _resolved(entry, top, path, left, way) for key, entry in node.value.items()})


def _at(top: Located, pointer: str) -> Located | None:
    if not pointer.startswith("#/"):
        return None
    node = top
    for step in pointer[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        try:
            node = node.value[int(name) if isinstance(node.value, list) else name]
        except (LookupError, TypeError, ValueError):
            return None
    return node


def _read_json(path: Path) -> Located:
    """JSON is YAML but for tabs and a few escapes: it is read as YAML for its lines, else without them."""
    text = read_text(path)
    as_yaml = _TABS.sub(lambda tabs: " " * len(tabs.group()), text)
    try:
        value = parsed_json(text)
    except json.JSONDecodeError as error:
        raise FileError(shown(path), error.lineno, f"not valid JSON: {error.msg}; correct it") from None
    except _TwiceError as error:
        read_yaml(as_yaml, path)  # says so too, and knows the line
        raise FileError(shown(path), 1, f"{error}; keep one") from None
    except (ValueError, RecursionError) as error:
        raise FileError(shown(path), 1, f"not valid JSON: {error}; correct it") from None
    try:
        node = read_yaml(as_yaml, path)
    except FileError:
        return located(value, 1)
    return node if node.plain == value else located(value, 1)


def jsonl_parts(path: Path, part: Part) -> Iterator[Part]:
    """Each line of a JSONL file."""
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            try:
                value = parsed_json(line)
            except _TwiceError as error:
                raise FileError(shown(path), number, f"{error}; keep one") from None
            except (ValueError, RecursionError) as error:
                raise FileError(shown(path), number, f"not valid JSON: {error}; correct it") from None
            yield Part(located(value, number), path, part.root, part.base, part.key)


class _TwiceError(ValueError):
    """A key that stands twice in a mapping."""


def parsed_json(text: str) -> Any:
    """JSON without what `json` is lenient with; raises ValueError, or RecursionError for what is nested too deep."""
    return json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(f"the key {quoted(next(key for key in keys if keys.count(key) > 1))} stands twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{quoted(text)} is too large for a number")
    return number


def _no_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
