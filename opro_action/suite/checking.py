"""Checking a value against a JSON Schema, with what is wrong as one plain sentence.

It reads the part of draft 2020-12 that the schemas of this package use; a keyword it does not know is a bug and
raises. A `$comment` beside a `pattern` says in words what the pattern asks for. The tests hold it against
`jsonschema`, which takes 120 ms to import: a third of what a whole check with cached answers may take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.suite.keywords import KEYWORDS, Check, Compile, Problem, Schema, allowed, forbidden

_ANNOTATIONS = frozenset(
    ("$schema", "$id", "$ref", "$comment", "$defs", "title", "description", "default", "examples", "format")
)


def compile_schema(schema: Schema, root: Mapping[str, Any]) -> Check:
    """A function that gives the first problem of a value, or None; `root` is where `#/...` references point."""
    references: dict[str, Check] = {}

    def compiled(part: Schema) -> Check:
        if isinstance(part, bool):
            return allowed if part else forbidden
        unknown = part.keys() - KEYWORDS.keys() - _ANNOTATIONS
        if unknown:
            raise NotImplementedError(f"the schema uses {sorted(unknown)}, which is not checked here")
        checks = [check(part, compiled) for keyword, check in KEYWORDS.items() if keyword in part]
        if "$ref" in part:
            checks.append(_later(part["$ref"], root, references, compiled))
        return checks[0] if len(checks) == 1 else _all_of(checks)

    return compiled(schema)


def _later(reference: str, root: Mapping[str, Any], known: dict[str, Check], compiled: Compile) -> Check:
    """A check that is compiled when it is first needed, so that a schema may contain itself."""

    def check(value: Any) -> Problem | None:
        if reference not in known:
            part: Any = root
            for step in reference.removeprefix("#/").split("/"):
                part = part[step]
            known[reference] = compiled(part)
        return known[reference](value)

    return check


def _all_of(checks: Sequence[Check]) -> Check:
    def check(value: Any) -> Problem | None:
        for each in checks:
            problem = each(value)
            if problem:
                return problem
        return None

    return check
