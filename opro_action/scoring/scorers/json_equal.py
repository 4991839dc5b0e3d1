"""The scorer `json_equal`: an answer that is JSON, compared value by value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import no_expected, quoted, unfenced

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def json_equal(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the answer is JSON, alone or in one fence, equal to the expected value or at each of `paths`.

    Order of keys does not matter; 1 equals 1.0; true is not 1. An expected text that is JSON is read as JSON.
    `paths` maps places like `a.b[0]` to the values that must stand there; the rest of the answer is free.
    """
    paths = options.get("paths")
    if paths is None and expected is None:
        return no_expected("json_equal", expected)
    unclear = [path for path in paths or () if steps(path) is None]
    if unclear:
        return Grade(None, f"{quoted(unclear[0])} is no path: write names and numbers as in a.b[0]")
    got, wrong_form = read_answer(answer)
    if wrong_form:
        return Grade(0.0, wrong_form)
    wrong = [_difference_at(path, value, got) for path, value in paths.items()] if paths else [_whole(expected, got)]
    first = next((what for what in wrong if what), None)
    return Grade(0.0, first) if first else Grade(1.0, "equal")


def read_answer(answer: str) -> tuple[Any, str]:
    """The value of an answer that is JSON, alone or in one fence; or what is wrong with it, "" for nothing."""
    try:
        return parsed(unfenced(answer)), ""
    except ValueError as error:
        return None, f"the answer is not JSON ({error}): {quoted(answer)}"
    except RecursionError:
        return None, "the answer is nested too deeply to be read as JSON"


def parsed(text: str) -> Any:
    """The value of a JSON text; raises ValueError or RecursionError. NaN, Infinity and 1e999 are not taken."""
    return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _finite(text: str) -> float:
    found = float(text)
    return found if math.isfinite(found) else _refuse(text)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _whole(expected: Any, got: Any) -> str | None:
    if isinstance(expected, str) and not isinstance(got, str):
        try:
            expected = parsed(expected)
        except (ValueError, RecursionError):
            return _mismatch("", expected, got)
    return next(_differences(expected, got, ""), None)


def _difference_at(path: str, expected: Any, got: Any) -> str | None:
    for step in steps(path) or ():
        inside = isinstance(got, list) and isinstance(step, int) and step < len(got)
        if not inside and not (isinstance(got, dict) and step in got):
            return f"at {path}: missing"
        got = got[step]
    return next(_differences(expected, got, path), None)


def steps(path: str) -> list[str | int] | None:
    """`a.b[0]` as ["a", "b", 0]; None when it is not a path."""
    found = list(_STEP.finditer(path))
    if not found or "".join(step.group() for step in found) != path or path.startswith("."):
        return None
    return [step[1] if step[1] is not None else int(step[2]) for step in found]


def _differences(expected: Any, got: Any, at: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(got, dict):
        yield from _in_objects(expected, got, at)
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{_place(at)}expected {len(expected)} items, got {len(got)}"
        for index, (wanted, item) in enumerate(zip(expected, got, strict=False)):
            yield from _differences(wanted, item, f"{at}[{index}]")
    elif isinstance(expected, bool) != isinstance(got, bool) or expected != got:
        yield _mismatch(at, expected, got)


def _in_objects(expected: Mapping[str, Any], got: Mapping[str, Any], at: str) -> Iterator[str]:
    for key in sorted({*expected, *got}, key=str):
        inner = f"{at}.{key}" if at else str(key)
        if key not in got:
            yield f"at {inner}: missing"
        elif key not in expected:
            yield f"at {inner}: not expected"
        else:
            yield from _differences(expected[key], got[key], inner)


def _mismatch(at: str, expected: Any, got: Any) -> str:
    return f"{_place(at)}expected {_short(expected)}, got {_short(got)}"


def _place(at: str) -> str:
    return f"at {at}: " if at else ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
