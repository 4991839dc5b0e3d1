"""Scorers as a suite file names them: options, negation, labels, files, and messages for what cannot work."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import make_suite, write, write_suite

from opro_action.errors import FileError
from opro_action.scoring.scorers import SCORERS
from opro_action.suite.reading import read_suite
from opro_action.suite.schemas import schema
from opro_action.suite.suite import ModelSpec, ScorerSpec

CODE = "def polite(answer, case):\n    return 1.0\n"
TICKET = {"type": "object", "required": ["team"]}


def read(folder: Path, scorers: Any) -> tuple[ScorerSpec, ...]:
    return make_suite(folder, scorers=scorers).scorers


def refusal(folder: Path, scorers: Any) -> str:
    with pytest.raises(FileError) as caught:
        read(folder, scorers)
    return str(caught.value)


def test_every_text_scorer_has_an_entry_in_the_schema_and_one_for_its_negation() -> None:
    known = schema("suite")["$defs"]["scorer_with_options"]["properties"]

    assert {*SCORERS, "rubric", "similar", "python"} <= {*known}
    assert {name for name in known if name.startswith("not_")} == {
        f"not_{name}" for name in known if not name.startswith("not_")
    }
    assert all(known[f"not_{name}"] == known[name] for name in known if not name.startswith("not_"))


def test_every_scorer_and_option_stands_on_its_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scorers.md").read_text(encoding="utf-8")
    rows = {name: line for line in page.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)}
    defined = schema("suite")["$defs"]
    names = [name for name in defined["scorer_with_options"]["properties"] if not name.startswith("not_")]

    assert {*names} <= {*rows}
    for name in names:
        branches = [defined[name], *defined[name].get("anyOf", [])]
        options = {option for branch in branches for option in branch.get("properties", {})}
        assert {*options} - {"weight", "threshold", "label"} <= {*re.findall(r"`(\w+)`", rows[name])}, name


@pytest.mark.parametrize(
    ("scorers", "spec"),
    [
        ("levenshtein", ScorerSpec("levenshtein")),
        ("not_contains", ScorerSpec("contains", negated=True)),
        (
            {"not_contains": {"any": ["sorry"], "weight": 2, "threshold": 0.5, "label": "no apology"}},
            ScorerSpec("contains", {"any": ["sorry"]}, 2.0, 0.5, negated=True, label="no apology"),
        ),
        ({"ends_with": {"any": ["x"]}}, ScorerSpec("ends_with", {"any": ["x"]})),
        ({"levenshtein": {"max": 3}}, ScorerSpec("levenshtein", {"max": 3})),
        ({"rouge_l": {"threshold": 0.6}}, ScorerSpec("rouge_l", threshold=0.6)),
        ({"similar": {"model": "openai/e"}}, ScorerSpec("similar", {"model": "openai/e"})),
        ({"rubric": "It is polite."}, ScorerSpec("rubric", {"criteria": "It is polite."})),
        ({"not_rubric": "It is rude."}, ScorerSpec("rubric", {"criteria": "It is rude."}, negated=True)),
        (
            {"rubric": {"criteria": "Polite.", "scale": {1: "rude", 5: "kind"}, "structured": False}},
            ScorerSpec("rubric", {"criteria": "Polite.", "scale": {"1": "rude", "5": "kind"}, "structured": False}),
        ),
        ({"json_schema": {"schema": TICKET}}, ScorerSpec("json_schema", {"schema": TICKET})),
    ],
)  # fmt: skip
def test_a_scorer_is_read_with_its_options(tmp_path: Path, scorers: Any, spec: ScorerSpec) -> None:
    assert read(tmp_path, scorers) == (spec,)


def test_a_label_stands_for_the_name_in_reports(tmp_path: Path) -> None:
    labelled, plain = read(tmp_path, [{"not_exact": {"label": "other words"}}, "not_exact"])

    assert (labelled.title, plain.title) == ("other words", "not_exact")
    assert labelled.as_json() == plain.as_json()


@pytest.mark.parametrize("name", ["evals/ticket.json", "schemas/ticket.yaml"])
def test_a_schema_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, json.dumps(TICKET))
    relative = os.path.relpath(name, "evals")

    for scorers in ({"json_schema": relative}, {"json_schema": {"schema": relative}}):
        [spec] = read(tmp_path, scorers)
        assert spec.options == {"schema": TICKET, "file": name}


def test_a_python_scorer_carries_the_digest_of_its_code(tmp_path: Path) -> None:
    write(tmp_path / "evals" / "score.py", CODE)
    [spec] = read(tmp_path, {"python": "score.py:polite"})

    assert spec.options == {"function": "evals/score.py:polite", "sha256": hashlib.sha256(CODE.encode()).hexdigest()}
    assert read(tmp_path, {"python": {"function": "score.py:polite", "weight": 2}}) == (
        ScorerSpec("python", spec.options, 2.0),
    )

    write(tmp_path / "evals" / "score.py", CODE + "\n")
    assert read(tmp_path, {"python": "score.py:polite"}) != (spec,)


@pytest.mark.parametrize(
    ("scorers", "words"),
    [
        ("contain", "there is no scorer `contain`; did you mean `contains`?"),
        ("not_contain", "there is no scorer `not_contain`; did you mean `not_contains`?"),
        ({"no_regex": None}, "there is no scorer `no_regex`; did you mean `not_regex`?"),
        ("rubric", "scorer `rubric` needs its options; write `rubric: {criteria: ...}`"),
        ("not_choice", "scorer `not_choice` needs its options; write `not_choice: {of: [...]}`"),
        ({"python": None}, "scorer `python` needs its options; write `python: score.py:name`"),
        ("json_schema", "needs its options; write `json_schema: answer.schema.json`"),
        ({"rubric": {"scale": {0: "a", 1: "b"}}}, "`scorers.rubric` has no `criteria`"),
        ({"rubric": {"criteria": "x", "scale": {"low": "a", "1": "b"}}}, "`low` is no number"),
        ({"rubric": {"criteria": "x", "scale": {"nan": "a", "1": "b"}}}, "`nan` is no number"),
        ({"rubric": {"criteria": "x", "scale": {"1": "a", "1.0": "b"}}}, "`scale` has a score twice"),
        ({"rubric": {"criteria": "x", "scale": {"1": "a"}}}, "at least 2 keys"),
        ({"rubric": {"criteria": "x", "params": {"api_key": "sk-1"}}}, "a literal `api_key` may only go to"),
        ({"similar": {"params": {"api_key": "sk-1", "api_base": "https://x.y"}}}, "a literal `api_key` may only go to"),
        ({"rouge_l": {"max": 3}}, "`scorers.rouge_l.max` is an unknown key"),
        ({"exact": {"threshold": 0}}, "`scorers.exact.threshold` has to be above 0"),
        ({"exact": {"weight": 0}}, "`scorers.exact.weight` has to be above 0"),
        ({"levenshtein": {"max": -1}}, "`scorers.levenshtein.max` has to be at least 0"),
        ({"not_regex": {"pattern": "("}}, "`pattern` is not a regular expression"),
        ({"python": "score.py"}, "has to be a file and a function, as in score.py:polite"),
        ({"python": "missing.py:f"}, "`python` names `missing.py`, but there is no such file"),
        ({"python": "../../outside.py:f"}, "which leaves the repository"),
        ({"python": "/etc/x.py:f"}, "an absolute path"),
        ({"not_python": "missing.py:f"}, "`not_python` names `missing.py`, but there is no such file"),
        ({"json_schema": "missing.json"}, "`json_schema` names `missing.json`, but there is no such file"),
        ({"json_schema": {"schema": {"type": "objekt"}}}, "not a JSON Schema: `type 'objekt' is not valid"),
        ({"json_schema": {"schema": 5}}, "`scorers.json_schema.schema` has to be"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line(tmp_path: Path, scorers: Any, words: str) -> None:
    write(tmp_path / "outside.py", CODE)
    found = refusal(tmp_path / "repository", scorers)

    assert words in found
    assert "routing.yaml:" in found


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("s.json", '{\n"type": }', "s.json:2: not valid JSON"),
        ("s.json", "[1]", "s.json: a JSON Schema is a mapping, not a list"),
        ("s.json", '{"type": "objekt"}', "s.json: not a JSON Schema"),
        ("s.yaml", "type: objekt", "s.yaml: not a JSON Schema"),
        ("s.yaml", "- {", "s.yaml:2: not valid YAML"),
        ("s.json", b"\xff", "s.json:1: is not UTF-8"),
    ],
)
def test_a_broken_schema_file_is_named(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    write(tmp_path / "evals" / name, content)

    assert words in refusal(tmp_path, {"json_schema": name})


def test_a_suite_names_its_judge(tmp_path: Path) -> None:
    params = {"temperature": 0, "api_key_env": "JUDGE_KEY"}
    judge = make_suite(tmp_path, judge={"model": "openai/judge", "params": params}).judge

    assert judge == ModelSpec("openai/judge", {"temperature": 0}, api_key_env="JUDGE_KEY")
    assert make_suite(tmp_path).judge is None


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        ({"params": {}}, "`judge` has no `model`; add it (the judge model's id)"),
        ("openai/judge", "`judge` has to be a mapping"),
        ({"model": "m", "prams": {}}, "`judge.prams` is an unknown key; did you mean `params`?"),
        ({"model": "m", "params": {"api_key": "sk-1"}}, "a literal `api_key` may only go to an `api_base` on loopback"),
    ],
)
def test_a_judge_that_cannot_work_is_refused(tmp_path: Path, judge: Any, words: str) -> None:
    with pytest.raises(FileError) as caught:
        make_suite(tmp_path, judge=judge)
    assert words in str(caught.value)


def test_reading_scorers_imports_nothing_heavy(tmp_path: Path) -> None:
    write(tmp_path / "evals" / "score.py", CODE)
    path = write_suite(tmp_path, scorers=[{"python": "score.py:polite"}, {"rubric": "Polite."}, "similar", "rouge_l"])
    code = (
        "import sys; from pathlib import Path; import opro_action.scoring.scorers;"
        "from opro_action.suite.reading import read_suite; read_suite(Path(sys.argv[1]), root=Path(sys.argv[2]));"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, path, tmp_path], capture_output=True, text=True, check=True)

    assert not {"jsonschema", "referencing", "litellm", "numpy", "xllamacpp"} & {*done.stdout.split()}
    assert read_suite(path, root=tmp_path).scorers[0].name == "python"
