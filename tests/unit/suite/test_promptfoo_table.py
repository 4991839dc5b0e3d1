"""Tests in CSV files: the `__` columns, and the short forms of assertions in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import write
from promptfoo.configs import HEAD, error_of, suite_of

from opro_action.suite.suite import Case

TABLE = HEAD + "tests: file://tests.csv\n"


def case_of(folder: Path, table: str) -> Case:
    write(folder / "tests.csv", table)
    [case] = suite_of(folder, TABLE).cases
    return case


def assertion_of(folder: Path, cell: str) -> dict[str, Any]:
    quoted = cell.replace('"', '""')
    return dict(case_of(folder, f'output,__expected\nx,"{quoted}"\n').scorers[0].options)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("Paris, France", {"type": "equals", "value": "Paris, France"}),
        ("equals: Paris ", {"type": "equals", "value": "Paris"}),
        ("note:this", {"type": "equals", "value": "note:this"}),
        ("contains:a:b", {"type": "contains", "value": "a:b"}),
        ("not-icontains:NO", {"type": "not-icontains", "value": "NO"}),
        ('contains-any:a,"b, c"', {"type": "contains-any", "value": ["a", "b, c"]}),
        ("levenshtein(3):cat", {"type": "levenshtein", "value": "cat", "threshold": 3.0}),
        ("levenshtein:cat", {"type": "levenshtein", "value": "cat", "threshold": 0.75}),
        ("rouge-n(0.5):a cat", {"type": "rouge-n", "value": "a cat", "threshold": 0.5}),
        ("is-json", {"type": "is-json"}),
        ("not-is-json", {"type": "not-is-json"}),
        ("is-json:{type: object}", {"type": "is-json", "value": {"type": "object"}}),
        ("word-count:5", {"type": "word-count", "value": 5.0}),
        ("cost(0.01)", {"type": "cost", "threshold": 0.01, "priced_as": "echo"}),
        ("python: len(output) > 3", {"type": "python", "code": "len(output) > 3"}),
        ("regex:^a\nb$", {"type": "regex", "value": "^a\nb$"}),
    ],
)
def test_a_cell_is_an_assertion(tmp_path: Path, cell: str, options: dict[str, Any]) -> None:
    assert assertion_of(tmp_path, cell) == options


@pytest.mark.parametrize("cell", ["grade: be kind", "llm-rubric: be kind"])
def test_a_cell_may_ask_a_judge(tmp_path: Path, cell: str) -> None:
    write(tmp_path / "tests.csv", f"output,__expected\nx,{cell}\n")
    text = TABLE + "defaultTest: {options: {provider: openai:gpt-4.1}}\n"
    [case] = suite_of(tmp_path, text).cases
    assert case.scorers[0].options["value"] == " be kind"


def test_python_in_a_file_is_named_by_a_cell(tmp_path: Path) -> None:
    write(tmp_path / "grade.py", "def check(output, context): return True\n")
    assert assertion_of(tmp_path, "file://grade.py:check")["function"] == "grade.py:check"


def test_columns_say_more_than_vars(tmp_path: Path) -> None:
    case = case_of(
        tmp_path,
        "\ufeff output ,more,__description,__expected1,__expected2,__metric,__threshold,__metadata:area,"
        "__metadata:tags[],__config:__expected2:threshold,__providerOutput\n"
        'x,,a test,contains:x,levenshtein:y,named,0.5,bug,"a, b\\,c",7,given\n',
    )
    assert case.vars == {"output": "x", "more": ""}
    assert (case.id, case.threshold, case.answer, case.line) == ("a test", 0.5, "given", 2)
    assert case.tags == ("area:bug", "tags:a", "tags:b,c")
    assert [spec.label for spec in case.scorers] == ["named", "named"]
    assert case.scorers[1].options["threshold"] == 7


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "tests.csv", 'output,__expected\n"two\nlines",x\n\nlast,moderation:x\n')
    assert "tests.csv:5: the assertion `moderation`" in error_of(tmp_path, TABLE)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("output,__expected\nx,javascript: true\n", "tests.csv:2: `javascript: true` is JavaScript, which is not run"),
        ("output,__expected\nx,fn:output\n", "tests.csv:2: `fn:output` is JavaScript"),
        ("output,__expected\nx,file://a.js\n", "tests.csv:2: `file://a.js` is JavaScript"),
        ("output,__expected\nx,webhook:https://x\n", "tests.csv:2: the assertion `webhook` would send answers"),
        ("output,__expected\nx,bleu(0.3):y\n", "promptfoo passes over the threshold in `bleu(0.3):y`"),
        ("output,_expected\nx,y\n", "tests.csv:1: the column `_expected` has one underscore; write `__expected`"),
        ("output,__expcted\nx,y\n", "tests.csv:2: there is no column"),
        ("output,output\nx,y\n", "tests.csv:1: two columns are called `output`"),
        ("output,__expected\nx\n", "tests.csv:2: has 1 cells, but the first line names 2 columns"),
        ("output,__expected,__threshold\nx,y,high\n", "tests.csv:2: `__threshold` has to be a number"),
        ("output,__expected,__threshold\nx,y,1e999\n", "tests.csv:2: `__threshold` has to be a number"),
        ("output;__expected\nx;y\n", "tests.csv:1: the columns are divided by `;`; save the table with commas"),
        ("output\t__expected\nx\ty\n", "tests.csv:1: the columns are divided by tabs; save the table with commas"),
        ('output,__expected\n"x,y\n', "tests.csv:2: not valid CSV"),
    ],
)
def test_what_is_wrong_in_a_table_is_said_with_its_line(tmp_path: Path, table: str, said: str) -> None:
    write(tmp_path / "tests.csv", table)
    assert said.replace("tests.csv:2: there is", "there is") in error_of(tmp_path, TABLE)
