"""promptfoo's `equals` of structures, `is-json` and `contains-json`: JSON as a whole, or inside of other text."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from opro_action.scoring.limit import limited, time_limit
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.promptfoo_formats import FORMATS
from opro_action.scoring.scorers.promptfoo_seen import Seen
from opro_action.scoring.scorers.regex import SECONDS
from opro_action.scoring.scorers.text import quoted

_LONGEST = 1_000_000


def parsed(text: str) -> Any:
    """The value of a JSON text; raises ValueError or RecursionError. NaN and Infinity are not JSON."""
    return json.loads(text, parse_constant=_no_constant)


def deep_equal(first: Any, second: Any) -> bool:
    """Whether two JSON values are the same: 1 is 1.0, true is not 1, and the order of keys does not matter."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(deep_equal(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(deep_equal, first, second))
    same_kind = isinstance(first, bool) == isinstance(second, bool) and (first is None) == (second is None)
    return same_kind and bool(first == second)


def is_json(seen: Seen) -> Grade:
    """Whether the answer is JSON, all of it, and fits the schema when there is one."""
    if len(seen.text) > _LONGEST:
        return Grade(None, f"the answer has {len(seen.text)} characters; `is-json` reads at most {_LONGEST}")
    try:
        value = parsed(seen.text)
    except (ValueError, RecursionError) as error:
        return seen.verdict(False, f"the answer is not JSON ({error}): {quoted(seen.text)}")
    wrong = wrong_with(value, seen.value)
    return wrong if isinstance(wrong, Grade) else seen.verdict(not wrong, wrong or "is JSON that fits")


def contains_json(seen: Seen) -> Grade:
    """Whether a JSON object stands in the answer; with a schema, one that fits it."""
    if len(seen.text) > _LONGEST:
        return Grade(None, f"the answer has {len(seen.text)} characters; `contains-json` reads at most {_LONGEST}")
    wrong: str | Grade = f"no JSON object is in {quoted(seen.text)}"
    for value in objects(seen.text):
        wrong = wrong_with(value, seen.value)
        if isinstance(wrong, Grade):
            return wrong
        if not wrong:
            return seen.verdict(True, "holds a JSON object that fits")
    return seen.verdict(False, str(wrong))


def objects(text: str) -> Iterator[Any]:
    """The JSON objects in a text, the outermost of each."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def wrong_with(value: Any, schema: Mapping[str, Any] | None) -> str | Grade:
    """What keeps a value from fitting a schema, "" for nothing; unscored when the schema cannot be used."""
    if not schema:
        return ""
    try:
        return limited(SECONDS, _checked, value, json.dumps(schema, sort_keys=True))
    except TimeoutError:
        return Grade(None, f"the schema took over {SECONDS:g} s: write its patterns without nested repeats")
    except RecursionError:
        return Grade(None, "the answer is nested too deeply to be held against the schema")


def _checked(value: Any, schema: str) -> str | Grade:
    import jsonschema  # 0.1 s, and only for suites that use it
    import referencing.exceptions

    try:
        with time_limit(SECONDS):
            wrong = jsonschema.exceptions.best_match(_validator(schema).iter_errors(value))
    except referencing.exceptions.Unresolvable as error:
        return Grade(None, f"the schema refers to {quoted(str(error.ref))}, which is not in it")
    except ArithmeticError:
        return "a number is too large to be checked"  # promptfoo takes it for Infinity, which is no number of a schema
    except RecursionError:
        return Grade(None, "the schema refers to itself without end")
    if wrong is None:
        return ""
    place = wrong.json_path.removeprefix("$").removeprefix(".")
    return (f"at {place}: " if place else "") + quoted(wrong.message)[1:-1]


@functools.lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    import jsonschema
    import referencing

    found = json.loads(schema)
    draft = jsonschema.validators.validator_for(found, default=jsonschema.Draft7Validator)
    formats = jsonschema.FormatChecker(formats=())
    for name, fits in FORMATS.items():
        formats.checks(name)(fits)
    # An own registry: the default one fetches what a `$ref` names from the network.
    return draft(found, registry=referencing.Registry(), format_checker=formats)


def _no_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
