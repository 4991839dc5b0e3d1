"""The templates of promptfoo, as far as they are data: `{{ name }}` and `{{ name.entry }}`; the rest is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from opro_action.suite.promptfoo.part import Part
from opro_action.suite.wording import quoted

MARK = re.compile(r"\{\{\s*([^\W\d]\w*(?:\.\w+)*)\s*\}\}")
"""A placeholder; its first group is the name, with dots for entries of a mapping."""

_OPENS = re.compile(r"\{\{|\{%|\{#")
_RESERVED = frozenset(("true", "false", "none", "null", "not", "and", "or", "in", "is", "if", "else", "loop", "env"))
_ROUNDS = 5
_LARGEST = 1e21


def check_template(text: str, part: Part, *, by_line: bool = False) -> None:
    """Raises FileError for anything in a template that only a template language could run.

    The error names the line of `part`; where the text stands in its file `by_line`, the line within it.
    """
    for opening in _OPENS.finditer(text):
        mark = MARK.match(text, opening.start())
        name = mark.group(1).partition(".")[0] if mark else ""
        if mark and name not in _RESERVED and name != "_conversation":
            continue
        line = text.count("\n", 0, opening.start()) if by_line else 0
        where = part.of(part.node._replace(line=part.line + line), part.key)
        if mark and name == "env":
            raise where.error(f"{quoted(mark.group())} would put an environment variable into a text; use a var")
        snippet = text[opening.start() : opening.start() + 60].split("\n")[0]
        end = re.search(r"[}%#]\}", snippet)
        what = "is template code, and only {{ name }} and {{ name.entry }} are filled in; write it without"
        raise where.error(f"{quoted(snippet[: end.end()] if end else snippet)} {what}")


def names(text: str) -> Iterator[str]:
    """The names of the placeholders in a template."""
    return (mark.group(1) for mark in MARK.finditer(text))


def render(part: Part, values: Mapping[str, Any], text: str | None = None) -> str:
    """A template with its placeholders filled in; what no var has is filled with nothing, as promptfoo does."""
    template = part.text() if text is None else text
    check_template(template, part)
    return MARK.sub(lambda mark: said(look_up(values, mark.group(1)), mark.group(1), part), template)


def look_up(values: Mapping[str, Any], name: str) -> Any:
    """The value of `name`, or the entry that its dots lead to; None when there is none."""
    if name in values:
        return values[name]
    found: Any = values
    for step in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def said(value: Any, name: str, part: Part) -> str:
    """A value as a template writes it: nothing for null, a list of plain values with commas."""
    if _has_mapping(value):
        what = f"`{{{{ {name} }}}}` is a mapping, which a text would show as [object Object]; name one of its entries"
        raise part.error(what)
    return plain_text(value)


def plain_text(value: Any) -> str:
    """A value as JavaScript turns it into text."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(plain_text, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, int | float) else str(value)


def number_text(value: float) -> str:
    """A number as JavaScript writes it: 1 for 1.0, 1e+21, 1e-7, and otherwise all digits."""
    try:
        number = float(value)
    except OverflowError:  # an integer of 310 digits, which a file can hold
        return str(value)
    text = repr(number)
    power = int(text.partition("e")[2] or 0)
    if -7 < power < 21 and abs(number) < _LARGEST:
        return format(Decimal(text), "f").removesuffix(".0")
    return f"{text.partition('e')[0].removesuffix('.0')}e{power:+d}"


def settled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Vars whose texts name other vars, filled in; a name that no var has stays as it is."""
    found = {name: _without_last_break(value) for name, value in values.items()}
    for _ in range(_ROUNDS):
        if not any(isinstance(value, str) and "{{" in value for value in found.values()):
            break
        found = {name: _with_others(value, found) for name, value in found.items()}
    return found


def _with_others(value: Any, values: Mapping[str, Any]) -> Any:
    return MARK.sub(lambda mark: _known(values, mark), value) if isinstance(value, str) else value


def _known(values: Mapping[str, Any], mark: re.Match[str]) -> str:
    name = mark.group(1)
    value = look_up(values, name)
    if value is None:
        return "null" if name in values else mark.group()  # JavaScript's replace() writes null out
    return mark.group() if _has_mapping(value) else plain_text(value)


def _has_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(map(_has_mapping, value)))


def _without_last_break(value: Any) -> Any:
    return value.removesuffix("\n") if isinstance(value, str) else value


def as_json(value: Any) -> str:
    """A value as JavaScript's JSON.stringify writes it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{as_json(it)}" for key, it in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(as_json, value)) + "]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "null" if isinstance(value, float) and not math.isfinite(value) else number_text(value)
