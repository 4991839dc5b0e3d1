"""Reading files of cases (.yaml, .jsonl, .csv) into rows: what stands there, with its file and line."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.located import Located, read_yaml
from opro_action.suite.sources import read_text, shown
from opro_action.suite.suite import Written
from opro_action.suite.wording import quoted


@dataclass(frozen=True, slots=True)
class Row:
    """A case as its file has it, not checked yet. `node` knows the lines of its parts, where the format has them."""

    fields: Any
    path: Path
    line: int
    node: Located | None = None

    def error(self, what: str, at: Iterable[str | int] = ()) -> FileError:
        line = self.node.line_at(at) if self.node else self.line
        return FileError(shown(self.path), line, what)


def read_rows(path: Path) -> list[Row]:
    """All rows of a case file; raises FileError when there are none or the file is no such file."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise FileError(shown(path), None, "cases are read from .yaml, .yml, .jsonl and .csv files; convert it")
    rows = list(reader(read_text(path), path))
    if not rows:
        raise FileError(shown(path), None, "holds no cases; add one")
    return rows


def row_of(node: Located, path: Path) -> Row:
    """The row of a case in YAML, its input and vars with numbers as they were written (`1.10`, not 1.1)."""
    fields = node.plain
    if isinstance(fields, dict):
        _keep_source(fields, node.value, "input")
        if isinstance(fields.get("expected"), float):
            fields["expected"] = Written(fields["expected"], node.value["expected"].source)
        if isinstance(fields.get("vars"), dict):
            for name in fields["vars"]:
                _keep_source(fields["vars"], node.value["vars"].value, name)
    return Row(fields, path, node.line, node)


def _keep_source(fields: dict[str, Any], nodes: Mapping[str, Located], name: str) -> None:
    if isinstance(fields.get(name), int | float):
        fields[name] = nodes[name].source


def _yaml_rows(text: str, path: Path) -> Iterator[Row]:
    top = read_yaml(text, path)
    if top.value is None:
        return iter(())
    if not isinstance(top.value, list):
        raise FileError(shown(path), top.line, "a file of cases has to be a list; start each case with `- `")
    return (row_of(node, path) for node in top.value)


def _jsonl_rows(text: str, path: Path) -> Iterator[Row]:
    # Not splitlines: JSON allows U+2028 and its like inside a text.
    for line, row in enumerate(text.split("\n"), start=1):
        if row.strip():
            yield Row(_json(row, path, line), path, line)


def _json(row: str, path: Path, line: int) -> Any:
    try:
        value = json.loads(row, **_STRICT)
        if "\\ud" in row.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except json.JSONDecodeError as error:
        what = f"not valid JSON: {error.msg} in column {error.colno}; write one JSON object per line"
        raise FileError(shown(path), line, what) from None
    except UnicodeEncodeError:
        raise FileError(shown(path), line, "half of a surrogate pair is no text; write the character itself") from None
    except RecursionError:
        raise FileError(shown(path), line, "nested too deeply; flatten it") from None
    except ValueError as error:
        raise FileError(shown(path), line, f"not valid JSON: {error}; correct it") from None
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {quoted(next(key for key in keys if keys.count(key) > 1))} stands twice")
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{quoted(constant)} is not a number that can be held")


def _whole(text: str) -> int:
    return int(text) if len(text) < 1000 else int(_refuse(text))


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _csv_rows(text: str, path: Path) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(lines, [])
        _check_header(header, path)
        before = lines.line_num
        for cells in lines:
            if any(cells):
                yield _csv_row(header, cells, path, before + 1)
            before = lines.line_num
    except csv.Error as error:
        raise FileError(shown(path), lines.line_num, f"not valid CSV: {error}; correct it") from None


def _check_header(header: list[str], path: Path) -> None:
    for name in header:
        if not name.strip() or header.count(name) > 1:
            what = f"the column {quoted(name)} stands twice" if name.strip() else "a column has no name"
            raise FileError(shown(path), 1, f"{what}; correct the first line")


def _csv_row(header: list[str], cells: list[str], path: Path, line: int) -> Row:
    if len(cells) != len(header):
        what = f"has {len(cells)} cells, but the first line names {len(header)} columns; quote cells that hold a comma"
        raise FileError(shown(path), line, what)
    fields: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if name == "input":
            fields[name] = cell
        elif name not in _CELLS:
            fields.setdefault("vars", {})[name] = cell
        elif cell:
            fields[name] = _cell(name, cell, path, line)
    return Row(fields, path, line)


def _cell(name: str, cell: str, path: Path, line: int) -> Any:
    try:
        return _CELLS[name](cell)
    except (KeyError, ValueError):
        wanted = "true or false" if name == "must_pass" else "a number"
        raise FileError(shown(path), line, f"`{name}` has to be {wanted}, not the text {quoted(cell)}") from None


def _tags(cell: str) -> list[str]:
    return [tag.strip() for tag in cell.split(";") if tag.strip()]


_CELLS: dict[str, Callable[[str], Any]] = {
    "id": str,
    "expected": str,
    "tags": _tags,
    "must_pass": lambda cell: {"true": True, "false": False}[cell.strip().lower()],
    "weight": lambda cell: _finite(cell.strip()),
}
_STRICT: dict[str, Any] = {
    "object_pairs_hook": _without_doubles,
    "parse_constant": _refuse,
    "parse_float": _finite,
    "parse_int": _whole,
}
_READERS: dict[str, Callable[[str, Path], Iterator[Row]]] = {
    ".yaml": _yaml_rows,
    ".yml": _yaml_rows,
    ".jsonl": _jsonl_rows,
    ".csv": _csv_rows,
}
