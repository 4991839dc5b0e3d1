"""YAML read into values that know their line: a small, strict YAML in which words stay words.

Only the tag `!!str` is read. Aliases share their target and may add a million characters at most, so a file of
nested aliases is refused while it is parsed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from yaml.reader import Reader

from opro_action.errors import FileError
from opro_action.suite.scalars import meaning
from opro_action.suite.sources import shown
from opro_action.suite.wording import quoted

# The C parser gives the same events about twenty times as fast: 5,000 events in 6 ms against 120 ms.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 100
_TOO_DEEP = f"nested deeper than {_MAX_DEPTH} levels; flatten it"
_MAX_ALIASED = 1_000_000
_MAX_VALUES = 500_000
_STR_TAG = "tag:yaml.org,2002:str"


class Located(NamedTuple):
    """A value with its line. An entry of a mapping has the line of its key; `source` is a scalar as it was written."""

    value: Any
    line: int
    source: str = ""

    @property
    def plain(self) -> Any:
        """The value without lines, as JSON knows it."""
        if isinstance(self.value, dict):
            return {key: entry.plain for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [entry.plain for entry in self.value]
        return self.value

    def line_at(self, path: Iterable[str | int]) -> int:
        """The line of the entry at `path`, or of the innermost collection on the way that exists."""
        node = self
        for step in path:
            try:
                node = node.value[step]
            except (LookupError, TypeError):
                break
        return node.line


def read_yaml(text: str, path: Path, *, first_line: int = 1) -> Located:
    """The one document in `text`; raises FileError for what is not YAML, or not the part of it that is read."""
    builder = _Builder(path, first_line)
    try:
        builder.refuse_unprintable(text)
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, text, path, first_line) from None
    return builder.root or Located(None, first_line)


def starts_with_list(text: str) -> bool:
    """Whether the first value in a YAML text is a list; False for a text that is not YAML."""
    try:
        first = next((event for event in _events(text) if isinstance(event, (CollectionStartEvent, ScalarEvent))), None)
    except yaml.YAMLError:
        return False
    return isinstance(first, SequenceStartEvent)


def lacks_keys(text: str, keys: Collection[str]) -> bool:
    """Whether a YAML text is a mapping that has none of these keys; False for what is no mapping, or not YAML."""
    depth, at_key, is_mapping = 0, True, False
    try:
        for event in _events(text):
            if isinstance(event, CollectionStartEvent):
                depth += 1
                is_mapping = is_mapping or (depth == 1 and isinstance(event, MappingStartEvent))
                continue
            if depth == 1 and at_key and isinstance(event, ScalarEvent) and event.value in keys:
                return False
            depth -= isinstance(event, CollectionEndEvent)
            if depth == 1:  # a key has ended here, or its value
                at_key = not at_key
    except yaml.YAMLError:
        return False
    return is_mapping


def _events(text: str) -> Iterator[Event]:
    # The C parser holds its input as UTF-8: encoding here spares a copy.
    events: Iterator[Event] = yaml.parse(text.encode(), Loader=_LOADER)
    return events


@dataclass(slots=True)
class _Open:
    """A collection whose end was not seen yet; `key` waits for its value."""

    content: list[Located] | dict[str, Located]
    line: int
    anchor: str | None
    size_before: int
    key: Located | None = None


class _Builder:
    """Puts the parser's events together and refuses the first that may not be there."""

    def __init__(self, path: Path, first_line: int) -> None:
        self.root: Located | None = None
        self._path = path
        self._first_line = first_line
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Located, int]] = {}
        self._size = 0
        self._aliased = 0
        self._documents = 0
        self._values = 0

    def take(self, event: Event) -> None:
        if isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, CollectionEndEvent):
            self._close()
        elif isinstance(event, CollectionStartEvent):
            self._start(event)
        elif isinstance(event, AliasEvent):
            self._alias(event)
        elif isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error(self._line(event), "a second document starts here; keep one per file")

    def refuse_unprintable(self, text: str) -> None:
        found = Reader.NON_PRINTABLE.search(text)
        if found:
            line = text.count("\n", 0, found.start()) + self._first_line
            raise self._error(line, f"the character U+{ord(found.group()):04X} may not stand in YAML; remove it")

    def _scalar(self, event: ScalarEvent) -> None:
        self._check_tag(event)
        line, text = self._line(event), event.value
        value = self._meaning(text, line) if event.implicit[0] and event.tag is None else text
        self._size += len(text) + 1
        node = Located(value, line, text)
        if event.anchor:
            self._anchors[event.anchor] = node, len(text) + 1
        self._add(node)

    def _start(self, event: CollectionStartEvent) -> None:
        self._check_tag(event)
        line = self._line(event)
        if len(self._open) == _MAX_DEPTH:
            raise self._error(line, _TOO_DEEP)
        if self._awaits_key():
            raise self._error(line, "a key has to be text, not a list or mapping")
        content: list[Located] | dict[str, Located] = {} if isinstance(event, MappingStartEvent) else []
        self._open.append(_Open(content, line, event.anchor, self._size))
        self._size += 1

    def _close(self) -> None:
        closed = self._open.pop()
        node = Located(closed.content, closed.line)
        if closed.anchor:
            self._anchors[closed.anchor] = node, self._size - closed.size_before
        self._add(node)

    def _alias(self, event: AliasEvent) -> None:
        line = self._line(event)
        if event.anchor not in self._anchors:
            raise self._error(
                line, f"the alias {quoted(f'*{event.anchor}')} has no anchor before it; write the value out"
            )
        node, size = self._anchors[event.anchor]
        self._size += size
        self._aliased += size
        if self._aliased > _MAX_ALIASED:
            raise self._error(line, "aliases would expand to more than a million characters; write the values out")
        self._add(node._replace(line=line))

    def _add(self, node: Located) -> None:
        self._values += 1
        if self._values > _MAX_VALUES:
            what = "more than 500,000 values are too many for YAML; keep the cases in .jsonl files"
            raise self._error(node.line, what)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent.content, list):
            parent.content.append(node)
        elif parent.key is None:
            parent.key = self._checked_key(node, parent.content)
        else:
            parent.content[parent.key.source] = Located(node.value, parent.key.line, node.source)
            parent.key = None

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].content, dict) and self._open[-1].key is None

    def _checked_key(self, key: Located, entries: dict[str, Located]) -> Located:
        if isinstance(key.value, (list, dict)):
            raise self._error(key.line, "a key has to be text, not a list or mapping")
        if key.source == "<<":
            raise self._error(key.line, "the merge key `<<` is not read; write the keys out")
        if key.source in entries:
            first = entries[key.source].line
            raise self._error(key.line, f"the key {quoted(key.source)} stands twice, first in line {first}; keep one")
        return key

    def _check_tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        if event.tag not in (None, _STR_TAG):
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            raise self._error(self._line(event), f"the tag {quoted(tag)} is not read; write a plain value")

    def _meaning(self, text: str, line: int) -> Any:
        try:
            return meaning(text)
        except ValueError as error:
            raise self._error(line, f"{error}; quote it if it is text") from None

    def _line(self, event: Event) -> int:
        mark: Any = event.start_mark
        return int(mark.line) + self._first_line

    def _error(self, line: int, what: str) -> FileError:
        return FileError(shown(self._path), line, what)


def _not_yaml(error: yaml.MarkedYAMLError, text: str, path: Path, first_line: int) -> FileError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    row = dict(enumerate(text.split("\n"))).get(line, "")
    if row[: column + 1].strip(" ").startswith("\t"):
        return FileError(shown(path), line + first_line, "a tab cannot indent YAML; use spaces")
    if "nesting depth" in str(error.problem):  # newer parsers have a limit of their own, and look ahead
        return FileError(shown(path), line + first_line, _TOO_DEEP)
    context = f" {error.context}" if error.context else ""
    what = f"not valid YAML: {error.problem}{context}; correct it, or quote the text"
    return FileError(shown(path), line + first_line, what)
