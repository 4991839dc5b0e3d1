"""The shipped schemas, and our check held against `jsonschema`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import write_suite
from jsonschema import Draft202012Validator

from opro_action.errors import FileError
from opro_action.suite.checking import compile_schema
from opro_action.suite.schemas import checker, names, schema, validate

GOOD: dict[str, Any] = {
    "prompt": "p.md",
    "model": "m",
    "params": {"temperature": 0, "api_base": "http://x", "price": {"input": 1, "output": 2}, "other": None},
    "repeats": 2,
    "scorers": ["exact", {"contains": {"any": ["a"], "weight": 2}}, {"choice": {"of": ["a", 1]}}],
    "gate": {"min_score": 0.5, "on_inconclusive": "fail"},
    "optimize": {"model": "o", "steps": 3, "holdout": 0.5, "profile": "small"},
    "cases": ["more.jsonl", {"id": 1, "input": True, "vars": {"a": [1]}, "tags": ["t"], "weight": 0}],
}
ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1,
    1.0,
    0.5,
    1e9,
    "",
    "x",
    "a b",
    "\x01",
    [],
    ["x"],
    [1],
    {},
    {"x": 1},
    {"exact": {}},
]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, entry in entries:
        yield from places(entry, (*path, step))


def variants(value: dict[str, Any]) -> Iterator[Any]:
    """`value` with one place taken out, or given an odd value, or an unknown key beside it."""
    for path in list(places(value))[1:]:
        for odd in [*ODD_VALUES, KeyError]:
            changed = copy.deepcopy(value)
            parent: Any = changed
            for step in path[:-1]:
                parent = parent[step]
            if odd is KeyError:
                del parent[path[-1]]
            else:
                parent[path[-1]] = odd
            yield changed


@pytest.mark.parametrize("name", names())
def test_a_shipped_schema_is_a_valid_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", names())
def test_every_keyword_of_a_shipped_schema_is_checked(name: str) -> None:
    whole = schema(name)
    for part in [whole, *whole.get("$defs", {}).values()]:
        compile_schema(part, whole)  # raises for a keyword that would be passed over


@pytest.mark.parametrize(
    "value", [GOOD, {**GOOD, "scorers": "regex", "cases": "*.csv"}, {**GOOD, "scorers": {"exact": None}}]
)
def test_the_check_agrees_with_jsonschema(value: dict[str, Any]) -> None:
    reference = Draft202012Validator(schema("suite"))
    check = checker("suite")
    tried = [value, *variants(value)]

    disagreed = [each for each in tried if (check(each) is None) != reference.is_valid(each)]

    assert disagreed == []
    assert check(value) is None
    assert 100 < sum(check(each) is not None for each in tried) < len(tried)


def test_a_suite_as_editors_read_it_fits_the_schema(tmp_path: Path) -> None:
    content = yaml.safe_load(write_suite(tmp_path).read_text())

    assert Draft202012Validator(schema("suite")).is_valid(content)


def test_a_keyword_that_is_not_known_is_never_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="uniqueItems"):
        compile_schema({"uniqueItems": True}, {})


def test_a_schema_may_contain_itself() -> None:
    tree = {"type": "array", "items": {"$ref": "#/$defs/tree"}}
    check = compile_schema(tree, {"$defs": {"tree": tree}})

    assert check([[], [[]]]) is None
    assert check([[], [[5]]]) is not None


def test_a_pattern_ends_where_the_text_ends() -> None:
    check = compile_schema({"pattern": "^a$"}, {})

    assert check("a") is None
    assert check("a\n") is not None


def test_a_value_that_does_not_fit_is_named_with_its_file() -> None:
    with pytest.raises(FileError, match=r"^x\.json:3: `gate\.alpha` has to be a number, not the text `high`$"):
        validate({**GOOD, "gate": {"alpha": "high"}}, "suite", path="x.json", line=3)


def test_a_value_that_fits_passes() -> None:
    validate(GOOD, "suite")


@pytest.mark.parametrize("name", ["nothing", "../suite"])
def test_an_unknown_schema_is_no_file(name: str) -> None:
    with pytest.raises(KeyError):
        schema(name)
