"""Where a text stands in a YAML file: the bytes around it, and what decides how it may be written there."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml
from yaml import tokens
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, MappingStartEvent, ScalarEvent

from opro_action.suite.scalars import meaning

# As in located.py: the C parser gives the same marks, and counts characters as the other does.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_A_BREAK = re.compile(r"\r\n|\n|\r")
_LAST_BREAK = re.compile(r"(?:\r\n|\n|\r)( *)\Z")
_HEADER = re.compile(r"[|>]([-+0-9]*)([ \t]*(?:#[^\r\n]*)?)")
_STARTS = (tokens.BlockMappingStartToken, tokens.BlockSequenceStartToken)
_FLOW_STARTS = (tokens.FlowMappingStartToken, tokens.FlowSequenceStartToken)
_ENDS = (tokens.BlockEndToken, tokens.FlowMappingEndToken, tokens.FlowSequenceEndToken)

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A scalar as its file has it: `source` between the bytes `before` and `after`, read as `text`.

    `style` is "" (plain), ', ", | or >. `indent` is the column of the block collection that holds the scalar,
    `content_indent` that of a block scalar's lines (0 for others). In a `flow` collection ([...] or {...}) no block
    scalar may stand. A block scalar's source ends before the break of its last line; the blank lines after it are
    `after`, unless they belong to its text (`|+`). `event` is the scalar's number among the parser's events.
    """

    before: bytes
    source: str
    after: bytes
    text: str
    style: str
    indent: int
    flow: bool
    newline: str
    event: int
    content_indent: int = 0

    @property
    def blank_lines_after(self) -> int:
        """How many empty lines come after the scalar's own; a text that keeps its line ends would take them in."""
        rows = _A_BREAK.split(self.after.decode())[1:-1]
        return next((count for count, row in enumerate(rows) if row.strip(" ")), len(rows))

    def reads_as(self, source: str, text: str) -> bool:
        """Whether the file with `source` in this place has `text` there, and all else as it was."""
        try:
            new = _events((self.before + source.encode() + self.after).decode("utf-8-sig"))
        except (yaml.YAMLError, UnicodeEncodeError):
            return False
        old = _events((self.before + self.source.encode() + self.after).decode("utf-8-sig"))
        if len(new) != len(old):
            return False
        here = new[self.event]
        others_same = all(
            _meaning(mine) == _meaning(theirs)
            for number, (mine, theirs) in enumerate(zip(old, new, strict=True))
            if number != self.event
        )
        return others_same and isinstance(here, ScalarEvent) and here.value == text and _is_text(here)


def find_scalar(data: bytes, path: Sequence[str | int]) -> Place:
    """The place of the scalar at `path` in a YAML file, such as ("messages", 0, "content").

    Raises ValueError, with what is wrong as the rest of a sentence, when another text would not be this place's
    alone (an alias, or an anchor that an alias shares) or when there is no scalar. Raises yaml.YAMLError for what
    is not YAML.
    """
    bom = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    text = data[bom:].decode()
    events = _events(text)
    number, event = _event_at(events, tuple(path))
    token, holder = _token_of(text, event)
    start, end = token.start_mark.index, token.end_mark.index
    a_break = _A_BREAK.search(text, start, end) or _A_BREAK.search(text)
    place = Place(
        before=b"",
        source=text[start:end],
        after=b"",
        text=event.value,
        style=event.style or "",
        indent=holder.start_mark.column,
        flow=isinstance(holder, _FLOW_STARTS),
        newline=a_break.group() if a_break else "\n",
        event=number,
    )
    if place.style in {"|", ">"}:
        place = _of_block(place)
    end = start + len(place.source)
    return replace(place, before=data[: bom + len(text[:start].encode())], after=text[end:].encode())


def header_of(source: str) -> tuple[str, str]:
    """The indicators and the comment in the first line of a block scalar, the white space before it included."""
    found = _HEADER.match(source)
    return (found.group(1), found.group(2).rstrip()) if found else ("", "")


def _of_block(place: Place) -> Place:
    indicators, _ = header_of(place.source)
    digits = re.sub(r"[-+]", "", indicators)
    lines = _A_BREAK.split(place.source)[1:]
    spaces = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")]
    indent = place.indent + int(digits) if digits else next(iter(spaces), 0)
    source, last = place.source, _LAST_BREAK.search(place.source)
    while last and len(last.group(1)) <= indent:
        source = source[: last.start()]
        last = None if "+" in indicators else _LAST_BREAK.search(source)
    return replace(place, source=source, content_indent=indent)


def _events(text: str) -> list[Event]:
    return list(yaml.parse(text.encode(), Loader=_LOADER))


def _event_at(events: Sequence[Event], path: Path) -> tuple[int, ScalarEvent]:
    number = next((number for number, at in enumerate(_paths(events)) if at == path), None)
    if number is None:
        raise ValueError("is not there; write it")
    event = events[number]
    if isinstance(event, AliasEvent):
        raise ValueError(f"is an alias (*{event.anchor}); write the text out here")  # noqa: TRY004 - of the file
    if not isinstance(event, ScalarEvent):
        raise ValueError("is no text; write one")  # noqa: TRY004 - as above
    for anchor in _anchors_around(events, number):
        if any(isinstance(other, AliasEvent) and other.anchor == anchor for other in events):
            raise ValueError(f"is shared by an alias (*{anchor}); write the text out in both places")
    return number, event


def _anchors_around(events: Sequence[Event], number: int) -> Iterator[str]:
    """The anchors of the event with this number and of the collections that hold it."""
    holders: list[Any] = []
    for event in events[:number]:
        if isinstance(event, CollectionStartEvent):
            holders.append(event)
        elif isinstance(event, CollectionEndEvent):
            holders.pop()
    return (event.anchor for event in (*holders, events[number]) if event.anchor)


@dataclass(slots=True)
class _Open:
    """A collection whose end was not seen yet; `at` is the path of its next value, None while a key is awaited."""

    path: Path | None
    is_mapping: bool
    at: Path | None = None
    count: int = 0


def _paths(events: Sequence[Event]) -> Iterator[Path | None]:
    """The path at which each event begins a value; None for keys, ends and what lies inside of a key."""
    open_: list[_Open] = []
    for event in events:
        if isinstance(event, CollectionEndEvent):
            open_.pop()
            yield None
        elif isinstance(event, (ScalarEvent, AliasEvent, CollectionStartEvent)):
            at = _entered(open_[-1], event) if open_ else ()
            if isinstance(event, CollectionStartEvent):
                open_.append(_Open(at, isinstance(event, MappingStartEvent)))
            yield at
        else:
            yield None


def _entered(parent: _Open, event: Event) -> Path | None:
    if not parent.is_mapping:
        parent.count += 1
        return None if parent.path is None else (*parent.path, parent.count - 1)
    parent.count += 1
    if parent.count % 2:
        key = event.value if isinstance(event, ScalarEvent) else None
        parent.at = None if parent.path is None or key is None else (*parent.path, key)
        return None
    return parent.at


def _token_of(text: str, event: Any) -> tuple[Any, Any]:
    """The scalar's own token, which an anchor and a tag come before, and the start of the collection around it.

    A value that is left out has an event and no token.
    """
    holders: list[Any] = []
    for token in yaml.scan(text.encode(), Loader=_LOADER):
        if isinstance(token, (*_STARTS, *_FLOW_STARTS)):
            holders.append(token)
        elif isinstance(token, _ENDS):
            holders.pop()
        elif isinstance(token, tokens.ScalarToken) and token.end_mark.index == event.end_mark.index:
            return token, holders[-1]
    raise ValueError("is no text; write one")


def _meaning(event: Event) -> tuple[Any, ...]:
    names = ("anchor", "tag", "implicit", "value")
    return type(event), *(getattr(event, name, None) for name in names)


def _is_text(event: ScalarEvent) -> bool:
    if not event.implicit[0]:
        return True
    try:
        return isinstance(meaning(event.value), str)
    except ValueError:
        return False
