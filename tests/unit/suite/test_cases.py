from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from builders import make_suite, write, write_suite

from opro_action.errors import FileError
from opro_action.scoring.scorers.text import as_text
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Case

YAML = "- id: a\n  input: x\n  expected: bug\n  tags: [t, u]\n  must_pass: true\n  weight: 2\n  vars: {lang: de}\n"
JSONL = (
    '{"id": "a", "input": "x", "expected": "bug", "tags": ["t", "u"], "must_pass": true, "weight": 2,'
    ' "vars": {"lang": "de"}}\n'
)
CSV = "id,input,expected,tags,must_pass,weight,lang\na,x,bug,t; u,true,2,de\n"


def read_file(folder: Path, name: str, content: str | bytes) -> tuple[Case, ...]:
    write(folder / "evals" / name, content)
    return make_suite(folder, cases=name).cases


@pytest.mark.parametrize(("name", "content"), [("c.yaml", YAML), ("c.yml", YAML), ("c.jsonl", JSONL), ("c.csv", CSV)])
def test_a_case_is_the_same_from_every_format(tmp_path: Path, name: str, content: str) -> None:
    [case] = read_file(tmp_path, name, content)

    assert (case.id, case.vars, case.expected) == ("a", {"input": "x", "lang": "de"}, "bug")
    assert (case.tags, case.must_pass, case.weight) == (("t", "u"), True, 2.0)
    assert case.path == tmp_path / "evals" / name


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("c.yaml", "# two\n- input: x\n\n- input: y\n", [2, 4]),
        ("c.jsonl", '\n{"input": "x"}\n\n{"input": "y"}', [2, 4]),
        ("c.csv", 'input\n"x\nand more"\n\ny\n', [2, 5]),
        ("c.csv", "input\r\nx\r\ny\r\n", [2, 3]),
    ],
)
def test_a_case_knows_its_line(tmp_path: Path, name: str, content: str, lines: list[int]) -> None:
    assert [case.line for case in read_file(tmp_path, name, content)] == lines


@pytest.mark.parametrize(("name", "content"), [("c.jsonl", JSONL), ("c.csv", CSV), ("c.yaml", YAML)])
def test_a_byte_order_mark_is_no_part_of_the_first_case(tmp_path: Path, name: str, content: str) -> None:
    assert read_file(tmp_path, name, b"\xef\xbb\xbf" + content.encode())[0].id == "a"


def test_a_case_without_id_is_named_by_its_content_wherever_it_stands(tmp_path: Path) -> None:
    first, second = read_file(tmp_path, "c.yaml", "- {input: x}\n- {input: y}\n")
    again = read_file(tmp_path, "c.jsonl", '{"input": "y", "weight": 3}\n{"input": "x"}\n')

    assert [case.id for case in again] == [second.id, first.id]
    assert first.id == f"case-{first.digest[:8]}"


def test_an_id_may_be_a_number(tmp_path: Path) -> None:
    assert read_file(tmp_path, "c.yaml", "- {id: 7, input: x}\n")[0].id == "7"


def test_numbers_in_input_and_vars_are_sent_as_they_were_written(tmp_path: Path) -> None:
    [case] = read_file(
        tmp_path, "c.yaml", "- {input: 1.10, expected: 12.50, vars: {n: 5, b: true, deep: {k: [1.50]}}}\n"
    )
    assert (case.expected, as_text(case.expected)) == (12.5, "12.50")
    assert as_text(deepcopy(case.expected)) == "12.50"

    assert case.vars == {"input": "1.10", "n": "5", "b": "true", "deep": {"k": [1.5]}}


def test_expected_keeps_its_type(tmp_path: Path) -> None:
    cases = read_file(tmp_path, "c.yaml", "- {input: a, expected: 5}\n- {input: b, expected: {k: no}}\n- {input: c}\n")

    assert [case.expected for case in cases] == [5, {"k": "no"}, None]


def test_an_empty_cell_is_nothing_but_an_empty_input_is_said(tmp_path: Path) -> None:
    [case] = read_file(tmp_path, "c.csv", "id,input,expected,weight,lang\nquiet,,,,\n")

    assert (case.vars, case.expected, case.weight) == ({"input": "", "lang": ""}, None, 1.0)


def test_a_line_separator_does_not_end_a_record(tmp_path: Path) -> None:
    content = '{"input": "a\u2028b"}\n'

    assert read_file(tmp_path, "c.jsonl", content)[0].vars["input"] == "a\u2028b"
    assert read_file(tmp_path, "c.csv", "input\na\u2028b\n")[0].vars["input"] == "a\u2028b"


def test_files_and_inline_cases_come_in_the_order_they_are_named(tmp_path: Path) -> None:
    write(tmp_path / "evals/more/b.jsonl", '{"id": "b", "input": "x"}\n')
    write(tmp_path / "evals/more/a.jsonl", '{"id": "a", "input": "x"}\n')
    write(tmp_path / "data/c.csv", "id,input\nc,x\n")

    cases = make_suite(tmp_path, cases=["../data/c.csv", {"id": "inline", "input": "x"}, "more/*.jsonl"]).cases

    assert [case.id for case in cases] == ["c", "inline", "a", "b"]


def test_a_file_that_two_patterns_match_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "evals/more/a.jsonl", '{"id": "a", "input": "x"}\n')

    assert len(make_suite(tmp_path, cases=["more/a.jsonl", "**/*.jsonl"]).cases) == 1


def test_a_file_name_with_brackets_is_no_pattern(tmp_path: Path) -> None:
    assert len(read_file(tmp_path, "c[1].jsonl", JSONL)) == 1


def test_a_doubled_id_names_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "evals/a.jsonl", '\n{"id": "same", "input": "x"}\n')
    write(tmp_path / "evals/b.csv", "id,input\nother,x\nsame,y\n")

    with pytest.raises(
        FileError, match=r"^evals/b\.csv:3: the case id `same` stands twice, first at evals/a\.jsonl:2;"
    ):
        make_suite(tmp_path, cases=["a.jsonl", "b.csv"])


BROKEN: dict[str, tuple[str, str | bytes, str]] = {
    "half a record": (
        "c.jsonl",
        '{"input": "x"}\n{"input"\n',
        ":2: not valid JSON: Expecting ':' delimiter in column 9",
    ),
    "a list as record": ("c.jsonl", "[1]", ":1: a case has to be a mapping, not a list"),
    "a key twice": ("c.jsonl", '{"id": "a", "id": "b"}', ":1: not valid JSON: the key `id` stands twice"),
    "NaN": ("c.jsonl", '{"input": "x", "weight": NaN}', ":1: not valid JSON: `NaN` is not a number that can be held"),
    "infinity": ("c.jsonl", '{"input": "x", "weight": 1e999}', ":1: not valid JSON: `1e999` is not a number"),
    "a number of 5,000 digits": ("c.jsonl", "9" * 5000, ":1: not valid JSON: `999"),
    "half a surrogate pair": ("c.jsonl", '{"input": "\\ud83d"}', ":1: half of a surrogate pair is no text"),
    "deep nesting": ("c.jsonl", "[" * 100_000, ":1: nested too deeply; flatten it"),
    "an unknown key": ("c.jsonl", '\n{"inptu": "x"}', ":2: `inptu` is an unknown key; did you mean `input`?"),
    "a negative weight in JSON": (
        "c.jsonl",
        '{"input": "x", "weight": -1}',
        ":1: `weight` has to be at least 0, not -1",
    ),
    "no records": ("c.jsonl", "\n\n", "c.jsonl: holds no cases; add one"),
    "not UTF-8": ("c.jsonl", b'{"input": "x"}\n{"input": "\xff"}', ":2: is not UTF-8 (byte 0xff)"),
    "a cell too many": ("c.csv", "id,input\na,x,y\n", ":2: has 3 cells, but the first line names 2 columns"),
    "a column twice": ("c.csv", "id,id\na,b\n", ":1: the column `id` stands twice; correct the first line"),
    "a column without name": ("c.csv", "id,,input\na,b,c\n", ":1: a column has no name"),
    "a word as weight": ("c.csv", "input,weight\nx,heavy\n", ":2: `weight` has to be a number, not the text `heavy`"),
    "nan as weight": ("c.csv", "input,weight\nx,nan\n", ":2: `weight` has to be a number, not the text `nan`"),
    "a negative weight in CSV": ("c.csv", "input,weight\nx,-1\n", ":2: `weight` has to be at least 0, not -1.0"),
    "perhaps": ("c.csv", "input,must_pass\nx,maybe\n", ":2: `must_pass` has to be true or false, not the text `maybe`"),
    "an open quote": ("c.csv", 'input\n"x\n', ":2: not valid CSV: unexpected end of data"),
    "only a header": ("c.csv", "id,input\n", "c.csv: holds no cases"),
    "nothing": ("c.csv", "", "c.csv: holds no cases"),
    "no list": ("c.yaml", "input: x\n", ":1: a file of cases has to be a list; start each case with `- `"),
    "a misspelt key in YAML": (
        "c.yaml",
        "- id: a\n  inptu: x\n",
        ":2: `inptu` is an unknown key; did you mean `input`?",
    ),
    "an empty list": ("c.yaml", "[]\n", "c.yaml: holds no cases"),
    "another format": ("c.parquet", "x", "c.parquet: cases are read from .yaml, .yml, .jsonl and .csv files"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_case_file_is_refused_with_its_line(tmp_path: Path, kind: str) -> None:
    name, content, sentence = BROKEN[kind]

    with pytest.raises(FileError) as refused:
        read_file(tmp_path, name, content)

    assert sentence in str(refused.value)
    assert str(tmp_path / "evals" / name) in str(refused.value)


def test_a_placeholder_that_no_case_fills_is_named_in_the_prompt(tmp_path: Path) -> None:
    path = write_suite(tmp_path, prompt="---\ntags: [a]\n---\n\nRoute\n{{ inptu }}\n")

    with pytest.raises(
        FileError, match=r"routing\.md:6: no case has a var for the placeholder `\{\{inptu\}\}`; did you mean `input`"
    ):
        read_suite(path)


def test_a_case_that_lacks_a_var_is_named_with_the_placeholder(tmp_path: Path) -> None:
    cases = [{"id": "a", "input": "x", "vars": {"lang": "de"}}, {"id": "b", "input": "y"}]

    with pytest.raises(
        FileError, match=r"routing\.yaml:\d+: case `b` has no `lang` for the placeholder `\{\{lang\}\}` in .*; add"
    ):
        make_suite(tmp_path, prompt="{{input}} in {{lang}}", cases=cases)


def test_a_case_needs_no_input_when_the_prompt_does_not_ask_for_it(tmp_path: Path) -> None:
    assert make_suite(tmp_path, prompt="Greet in {{lang}}", cases=[{"vars": {"lang": "de"}}]).cases[0].vars == {
        "lang": "de"
    }
