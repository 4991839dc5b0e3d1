"""Transforms that are data: which expressions are read, and what they make of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from opro_action.suite.promptfoo.transforms import TRY_PARSE, as_text, steps, transformed

ANSWER = ' {"label": " Bug ", "list": [{"a": 1.0}, true], "none": null} '


@pytest.mark.parametrize(
    ("transform", "output"),
    [
        ("output", ANSWER),
        ("output.trim()", ANSWER.strip()),
        ("return output.trimStart();", ANSWER.lstrip()),
        ("output.trimEnd()", ANSWER.rstrip()),
        ("output.toUpperCase()", ANSWER.upper()),
        ("JSON.parse(output).label.trim().toLowerCase()", "bug"),
        ("JSON.parse(output)['label']", " Bug "),
        ('JSON.parse(output)["list"][0].a', 1),
        ("JSON.parse(output)?.list?.[1]", True),
        ("JSON.parse(output.trim()).list", [{"a": 1}, True]),
        ("JSON.stringify(JSON.parse(output).list)", '[{"a":1},true]'),
        ("JSON.parse(output).list.length", 2),
        ("output.length", len(ANSWER)),
        ("output[1]", "{"),
    ],
)
def test_a_path_through_the_answer_is_followed(transform: str, output: Any) -> None:
    assert transformed(transform, ANSWER) == output


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        ("JSON.parse(output).gone", "gives nothing for this answer"),
        ("JSON.parse(output).none", "gives nothing for this answer"),
        ("JSON.parse(output).label.deep", "the answer has no `deep`"),
        ("JSON.parse(output).list.trim()", "is no text that .trim() could change"),
        ("JSON.parse(JSON.parse(output).label)", "the answer is not JSON"),
    ],
)
def test_what_does_not_fit_the_answer_says_why(transform: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace(")", r"\)")):
        transformed(transform, ANSWER)


@pytest.mark.parametrize(
    "transform",
    [
        "output.split('x')[0]",
        "output + 'x'",
        "outputs",
        "context.vars.x",
        "JSON.parse(output",
        "(output) => output",
        "output.replace(/x/, '')",
        "const x = output; return x",
        "file://transform.js",
        "output.toLowerCase",
        "process.exit()",
        "",
    ],
)
def test_any_other_expression_is_none_that_is_known(transform: str) -> None:
    # A name without parentheses is an entry, which a text does not have.
    known = steps(transform)
    assert known is None or transform == "output.toLowerCase"


def test_json_where_it_is_json_is_what_promptfoo_does_for_a_schema() -> None:
    assert transformed(TRY_PARSE, '{"a": 1}') == {"a": 1}
    assert transformed(TRY_PARSE, "no JSON") == "no JSON"


def test_a_structure_is_compared_as_javascript_writes_it() -> None:
    assert as_text({"a": [1.0, 1e21, 1e-7, True, None, "é"]}) == '{"a":[1,1e+21,1e-7,true,null,"é"]}'
