"""The keywords of JSON Schema that are checked, each as a function from a schema to the check it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opro_action.suite.wording import described, did_you_mean, listed, place, quoted

Path = tuple[str | int, ...]
Schema = Mapping[str, Any] | bool


@dataclass(frozen=True)
class Problem:
    """What is wrong with the value at `path`; `what` goes on from its name."""

    path: Path
    what: str

    @property
    def sentence(self) -> str:
        return f"{place(self.path)} {self.what}"

    def under(self, step: str | int) -> Problem:
        return Problem((step, *self.path), self.what)


Check = Callable[[Any], Problem | None]
Compile = Callable[[Schema], Check]


def allowed(_value: Any) -> Problem | None:
    """Nothing is wrong with any value."""
    return None


def forbidden(_value: Any) -> Problem | None:
    """Every value is one too many."""
    return Problem((), "may not be set here; leave it out")


_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("text", lambda value: isinstance(value, str)),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "integer": ("a whole number", lambda value: _is_whole(value)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "object": ("a mapping", lambda value: isinstance(value, dict)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "null": ("null", lambda value: value is None),
}
_CLASSES: dict[type, tuple[str, ...]] = {
    str: ("string",),
    int: ("integer", "number"),
    bool: ("boolean",),
    dict: ("object",),
    list: ("array",),
    type(None): ("null",),
}


def _is_whole(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _type(schema: Mapping[str, Any], _compiled: Compile) -> Check:
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    fits_at_once = {cls for cls, types in _CLASSES.items() if any(name in types for name in names)}
    tests = [_TYPES[name][1] for name in names]

    def check(value: Any) -> Problem | None:
        if type(value) in fits_at_once or any(test(value) for test in tests):
            return None
        wanted = " or ".join(_TYPES[name][0] for name in names if name != "null")
        return Problem((), f"has to be {wanted or 'null'}, not {described(value)}")

    return check


def _properties(schema: Mapping[str, Any], compiled: Compile) -> Check:
    checks = {key: compiled(part) for key, part in schema.get("properties", {}).items()}
    others = schema.get("additionalProperties", True)
    check_other = compiled(others)

    def check(value: Any) -> Problem | None:
        if not isinstance(value, dict):
            return None
        for key, entry in value.items():
            if others is False and key not in checks:
                return Problem((key,), f"is an unknown key; {did_you_mean(key, list(checks))}")
            problem = checks.get(key, check_other)(entry)
            if problem:
                return problem.under(key)
        return None

    return check


def _additional(schema: Mapping[str, Any], compiled: Compile) -> Check:
    return allowed if "properties" in schema else _properties(schema, compiled)


def _required(schema: Mapping[str, Any], _compiled: Compile) -> Check:
    parts = schema.get("properties", {})

    def check(value: Any) -> Problem | None:
        for key in schema["required"] if isinstance(value, dict) else ():
            if key not in value:
                part = parts.get(key, {})
                meaning = part.get("description") if isinstance(part, dict) else None
                return Problem((), f"has no `{key}`; add it" + (f" ({meaning})" if meaning else ""))
        return None

    return check


def _items(schema: Mapping[str, Any], compiled: Compile) -> Check:
    first = [compiled(part) for part in schema.get("prefixItems", [])]
    rest = compiled(schema.get("items", True))

    def check(value: Any) -> Problem | None:
        if not isinstance(value, list):
            return None
        for index, entry in enumerate(value):
            problem = (first[index] if index < len(first) else rest)(entry)
            if problem:
                return problem.under(index)
        return None

    return check


def _any_of(schema: Mapping[str, Any], compiled: Compile) -> Check:
    """Passes with one branch; otherwise the problem of the branch that went deepest, the first among equals."""
    checks = [compiled(part) for part in schema["anyOf"]]

    def check(value: Any) -> Problem | None:
        problems: list[Problem] = []
        for each in checks:
            problem = each(value)
            if problem is None:
                return None
            problems.append(problem)
        deepest = max(problems, key=lambda problem: len(problem.path))
        return deepest if deepest.path else _none_fits(value, problems)

    return check


def _none_fits(value: Any, problems: Sequence[Problem]) -> Problem:
    """Of branches that all refuse the value itself: the one that had no quarrel with its type, else all types."""
    wanted = re.compile(r"has to be (.*), not ")
    types = [found.group(1) if (found := wanted.match(problem.what)) else None for problem in problems]
    for problem, kind in zip(problems, types, strict=True):
        if kind is None:
            return problem
    kinds = " or ".join(dict.fromkeys(kind for kind in types if kind))
    return Problem((), f"has to be {kinds}, not {described(value)}")


def _enum(schema: Mapping[str, Any], _compiled: Compile) -> Check:
    known = schema["enum"]

    def check(value: Any) -> Problem | None:
        if any(value == each and type(value) is type(each) for each in known):
            return None
        if not isinstance(value, str):
            return Problem((), f"has to be {listed(known, 'or')}, not {described(value)}")
        return Problem((), f"cannot be {quoted(value)}; {did_you_mean(value, known)}")

    return check


def _const(schema: Mapping[str, Any], _compiled: Compile) -> Check:
    return _fails_when(lambda value: value != schema["const"], f"has to be {described(schema['const'])}")


def _pattern(schema: Mapping[str, Any], _compiled: Compile) -> Check:
    # `$` ends the text in JSON Schema, while in Python it also matches before a last line break.
    source = schema["pattern"]
    pattern = re.compile(re.sub(r"\$$", r"\\Z", source))
    what = f"{schema.get('$comment', f'has to match `{source}`')}; correct it"
    return _fails_when(lambda value: isinstance(value, str) and not pattern.search(value), what)


def _limit(
    keyword: str, fails: Callable[[Any, Any], bool], words: str
) -> Callable[[Mapping[str, Any], Compile], Check]:
    is_number = _TYPES["number"][1]

    def for_schema(schema: Mapping[str, Any], _compiled: Compile) -> Check:
        limit = schema[keyword]

        def check(value: Any) -> Problem | None:
            if is_number(value) and fails(value, limit):
                return Problem((), f"has to be {words} {limit}, not {described(value)}")
            return None

        return check

    return for_schema


def _size(keyword: str, kind: type[Any], sign: int, words: str) -> Callable[[Mapping[str, Any], Compile], Check]:
    def for_schema(schema: Mapping[str, Any], _compiled: Compile) -> Check:
        limit = schema[keyword]
        what = (
            "is empty; it needs at least one entry" if sign > 0 and limit == 1 else f"has to have {words.format(limit)}"
        )
        return _fails_when(lambda value: isinstance(value, kind) and (len(value) - limit) * sign < 0, what)

    return for_schema


def _fails_when(wrong: Callable[[Any], bool], what: str) -> Check:
    return lambda value: Problem((), what) if wrong(value) else None


KEYWORDS: dict[str, Callable[[Mapping[str, Any], Compile], Check]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,  # after unknown keys: a misspelt key is worth more than the one that is missing for it
    "items": _items,
    "prefixItems": lambda schema, compiled: allowed if "items" in schema else _items(schema, compiled),
    "anyOf": _any_of,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "minimum": _limit("minimum", lambda value, limit: value < limit, "at least"),
    "maximum": _limit("maximum", lambda value, limit: value > limit, "at most"),
    "exclusiveMinimum": _limit("exclusiveMinimum", lambda value, limit: value <= limit, "above"),
    "exclusiveMaximum": _limit("exclusiveMaximum", lambda value, limit: value >= limit, "below"),
    "minLength": _size("minLength", str, 1, "at least {} characters"),
    "maxLength": _size("maxLength", str, -1, "at most {} characters"),
    "minItems": _size("minItems", list, 1, "at least {} entries"),
    "maxItems": _size("maxItems", list, -1, "at most {} entries"),
    "minProperties": _size("minProperties", dict, 1, "at least {} keys"),
    "maxProperties": _size("maxProperties", dict, -1, "at most {} keys"),
}
