"""Tests in a CSV file: a row is a test, `__` columns say more than its vars."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.promptfoo.kinds import KINDS
from opro_action.suite.promptfoo.part import Part, located
from opro_action.suite.promptfoo.words import separated
from opro_action.suite.sources import read_text, shown
from opro_action.suite.wording import quoted

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_CONFIG = re.compile(r"__config:__expected(\d*):threshold")
_JAVASCRIPT = re.compile(r"(?:javascript|fn|eval):|file://\S*\.(?:js|mjs|cjs|ts|mts|cts)(?::\w+)?\Z")
_PYTHON_FILE = re.compile(r"file://\S+\.py(?::\w+)?")
_ASSERTION = re.compile(
    rf"(not-)?({'|'.join(sorted(map(re.escape, KINDS), key=len, reverse=True))})"
    r"(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?",
    re.DOTALL,
)
_WITH_THRESHOLD = frozenset(
    ("answer-relevance", "classifier", "context-faithfulness", "context-recall", "context-relevance", "cost",
     "latency", "levenshtein", "perplexity-score", "perplexity", "rouge-n", "similar", "starts-with")
)  # fmt: skip
_THRESHOLD = 0.75
_SIMILAR_THRESHOLD = 0.8
_SPECIAL = (
    "expected", "prefix", "suffix", "description", "providerOutput", "metric", "threshold", "metadata", "config",
)  # fmt: skip


def csv_parts(path: Path, part: Part) -> Iterator[Part]:
    """Each row of a CSV file as a test."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    header: list[str] = []
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not header:
                header = _header(cells, path)
            elif cells:
                yield Part(located(_test(header, cells, path, line), line), path, part.root, part.base, part.key)
    except csv.Error as error:
        raise FileError(shown(path), begins, f"not valid CSV: {error}; correct it") from None


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    for divider, shown_as in ((";", "`;`"), ("\t", "tabs")):
        if len(names) == 1 and divider in names[0]:
            raise FileError(shown(path), 1, f"the columns are divided by {shown_as}; save the table with commas")
    for name in names:
        if not name.startswith("__") and name.startswith(tuple(f"_{special}" for special in _SPECIAL)):
            raise FileError(shown(path), 1, f"the column {quoted(name)} has one underscore; write {quoted('_' + name)}")
        if names.count(name) > 1:
            raise FileError(shown(path), 1, f"two columns are called {quoted(name)}; rename one")
    return names


def _test(header: list[str], cells: list[str], path: Path, line: int) -> dict[str, Any]:
    """The row as a test would be written in YAML."""
    if len(cells) != len(header):
        what = f"has {len(cells)} cells, but the first line names {len(header)} columns; quote cells that hold a comma"
        raise FileError(shown(path), line, what)
    row = dict(zip(header, cells, strict=True))
    test: dict[str, Any] = {"vars": {}, "assert": [], "options": {}, "metadata": {}}
    for name, cell in row.items():
        if not name.startswith("__"):
            test["vars"][name] = cell
        elif name.startswith("__expected"):
            if cell.strip():
                test["assert"].append(_assertion(cell.strip(), path, line))
        else:
            _put(test, name, cell, path, line)
    _configure(test["assert"], row, path, line)
    if row.get("__metric"):
        test["assert"] = [{**assertion, "metric": row["__metric"]} for assertion in test["assert"]]
    return test


def _put(test: dict[str, Any], name: str, cell: str, path: Path, line: int) -> None:
    if name in {"__prefix", "__suffix"}:
        test["options"][name[2:]] = cell or None
    elif name in {"__description", "__providerOutput"}:
        test[name[2:]] = cell or None
    elif name == "__threshold":
        test["threshold"] = _number(cell)
        if cell.strip() and test["threshold"] is None:
            raise FileError(shown(path), line, f"`__threshold` has to be a number, not {quoted(cell)}")
    elif name.startswith("__metadata:"):
        key = name.removeprefix("__metadata:")
        if cell.strip():
            test["metadata"][key.removesuffix("[]")] = _listed(cell) if key.endswith("[]") else cell
    elif name != "__metric" and not _CONFIG.fullmatch(name):
        known = "__expected, __description, __prefix, __suffix, __metric, __threshold, __providerOutput, "
        what = f"there is no column {quoted(name)}; known are {known}__metadata:name and __config:__expected:threshold"
        raise FileError(shown(path), 1, what)


def _configure(assertions: list[dict[str, Any]], row: dict[str, str], path: Path, line: int) -> None:
    """Thresholds from `__config` columns; the number counts the assertions that the row has."""
    for name, cell in row.items():
        found = _CONFIG.fullmatch(name)
        if found is None:
            continue
        threshold, index = _number(cell), int(found.group(1) or 1) - 1
        if not cell.strip() and index >= len(assertions):
            continue
        if threshold is None:
            raise FileError(shown(path), line, f"`{name}` has to be a number, not {quoted(cell)}")
        if 0 <= index < len(assertions):  # other rows have the assertion
            assertions[index]["threshold"] = threshold


def _assertion(cell: str, path: Path, line: int) -> dict[str, Any]:
    """What an `__expected` cell says: `type:value`, `type(threshold):value`, or a text that the answer equals."""
    if _JAVASCRIPT.match(cell):
        raise FileError(shown(path), line, f"{quoted(cell)} is JavaScript, which is not run; use another assertion")
    if cell.startswith(("grade:", "llm-rubric:")):
        return {"type": "llm-rubric", "value": cell.partition(":")[2]}
    if cell.startswith("python:") or _PYTHON_FILE.fullmatch(cell):
        return {"type": "python", "value": cell.removeprefix("python:").strip()}
    found = _ASSERTION.fullmatch(cell)
    if found is None:
        return {"type": "equals", "value": cell}
    negation, kind, threshold, value = found.groups()
    assertion: dict[str, Any] = {"type": (negation or "") + kind}
    if value is not None:
        assertion["value"] = _value(kind, value)
    if kind in _WITH_THRESHOLD:
        usual = _SIMILAR_THRESHOLD if kind == "similar" else _THRESHOLD
        assertion["threshold"] = usual if threshold is None else _number(threshold)
    elif threshold is not None:
        what = f"promptfoo passes over the threshold in {quoted(cell)}; write it into a column __config:__expected"
        raise FileError(shown(path), line, f"{what}:threshold")
    return assertion


def _value(kind: str, value: str) -> Any:
    if kind.endswith(("contains-all", "contains-any")) and value:
        return separated(value)
    return value if kind in {"is-json", "contains-json"} else value.strip()


def _listed(cell: str) -> list[str]:
    return [entry.strip().replace("\\,", ",") for entry in re.split(r"(?<!\\),", cell)]


def _number(cell: str) -> float | None:
    number = float(cell) if _NUMBER.fullmatch(cell.strip()) else math.inf
    return number if math.isfinite(number) else None
