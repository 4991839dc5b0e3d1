"""`json_schema`: what fits, what does not, and schemas that are none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from builders import graded

from opro_action.scoring.results import Grade
from opro_action.suite.suite import Case, ScorerSpec

TICKET = {
    "type": "object",
    "required": ["team", "urgent"],
    "additionalProperties": False,
    "properties": {"team": {"enum": ["billing", "bug"]}, "urgent": {"type": "boolean"}, "notes": {"$ref": "#/$defs/n"}},
    "$defs": {"n": {"type": "array", "items": {"type": "string"}}},
}


def checked(schema: Any, answer: str) -> Grade:
    return graded(ScorerSpec("json_schema", {"schema": schema}), Case("c", {}), answer)


@pytest.mark.parametrize(
    "answer",
    [
        '{"team": "bug", "urgent": true}',
        ' \n{"urgent": false, "team": "billing", "notes": ["a"]}\n',
        '```json\n{"team": "bug", "urgent": true}\n```',
    ],
)
def test_json_that_fits_alone_or_in_a_fence_is_right(answer: str) -> None:
    assert checked(TICKET, answer) == Grade(1.0, "fits the schema")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"team": "bug"}', "'urgent' is a required property"),
        ('{"team": "sales", "urgent": true}', "at team: 'sales' is not one of"),
        ('{"team": "bug", "urgent": "yes"}', "at urgent: 'yes' is not of type 'boolean'"),
        ('{"team": "bug", "urgent": true, "notes": ["a", 5]}', "at notes[1]: 5 is not of type 'string'"),
        ('{"team": "bug", "urgent": true, "x": 1}', "'x' was unexpected"),
        ("[]", "[] is not of type 'object'"),
        ('Here: {"team": "bug", "urgent": true}', "the answer is not JSON"),
        ("I cannot help with that.", "the answer is not JSON"),
        ('{"team": "bug", "urgent": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_anything_else_is_wrong_and_the_explanation_names_the_place(answer: str, words: str) -> None:
    found = checked(TICKET, answer)

    assert found.score == 0
    assert words in found.explanation


def test_the_draft_is_the_one_that_the_schema_names() -> None:
    seventh = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]}

    assert checked(seventh, '["a"]').score == 0
    assert checked({"prefixItems": [{"type": "integer"}]}, '["a"]').score == 0


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (None, "json_schema: {schema: {...}}"),
        ("object", "json_schema: {schema: {...}}"),
        ({"type": "objekt"}, "is not a JSON Schema"),
        ({"pattern": "("}, "is not a JSON Schema"),
        ({"$ref": "#/$defs/missing"}, "which is not in it"),
        ({"$ref": "#"}, "refers to itself without end"),
    ],
)
def test_a_schema_that_is_none_leaves_the_answer_unscored(schema: Any, words: str) -> None:
    found = checked(schema, '{"a": 1}')

    assert found.score is None
    assert words in found.explanation


def test_a_reference_to_the_network_is_not_fetched() -> None:
    began = time.monotonic()
    found = checked({"$ref": "http://192.0.2.1/schema.json"}, "1")

    assert found.score is None
    assert "http://192.0.2.1/schema.json" in found.explanation
    assert time.monotonic() - began < 2


def test_a_pattern_that_takes_for_ever_is_given_up() -> None:
    found = checked({"pattern": "^(a+)+b$"}, f'"{"a" * 40}"')

    assert found.score is None
    assert "took over 1 s" in found.explanation
