"""The JSON Schemas of the files that this package reads and writes, and the check against them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.checking import compile_schema
from opro_action.suite.keywords import Check
from opro_action.suite.sources import shown

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The names of all schemas, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema `name`, as draft 2020-12 JSON; treat it as read-only. Raises KeyError for an unknown name."""
    path = _FOLDER / f"{name}.json"
    if name not in names():
        raise KeyError(name)
    loaded: dict[str, Any] = json.loads(path.read_bytes())
    return loaded


@cache
def checker(name: str, definition: str | None = None) -> Check:
    """The check against a schema, or against one of its `$defs`: it gives the first problem or None."""
    whole = schema(name)
    return compile_schema(whole["$defs"][definition] if definition else whole, whole)


def validate(value: Any, name: str, *, path: Path | str | None = None, line: int | None = None) -> None:
    """Raises FileError with the first thing in `value` that is against the schema, named with `path` and `line`.

    Without a `path` the schema's name stands in its place.
    """
    problem = checker(name)(value)
    if problem:
        raise FileError(shown(Path(path)) if path is not None else name, line, problem.sentence)
