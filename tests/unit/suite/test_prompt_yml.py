"""GitHub's `.prompt.yml` as prompt and suite: what is read, which message is the prompt, what is refused."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import write

from opro_action.errors import FileError
from opro_action.suite.code import code_parts
from opro_action.suite.discovery import is_prompt_yml
from opro_action.suite.prompt_yml import read_prompt_yml
from opro_action.suite.prompt_yml_file import holds_suite, prompt_of
from opro_action.suite.schemas import schema
from opro_action.suite.suite import GateSpec, ModelSpec, OptimizeSpec, Suite

SYSTEM = {"role": "system", "content": "Answer with one label."}
USER = {"role": "user", "content": "{{input}}"}
FIELDS: dict[str, Any] = {
    "name": "Triage",
    "model": "openai/gpt-4.1-mini",
    "messages": [SYSTEM, USER],
    "testData": [{"input": "Refund", "expected": "billing"}, {"input": "Crash", "expected": "bug"}],
    "evaluators": [{"name": "label", "string": {"contains": "{{expected}}"}}],
}
LLM = {"prompt": "{{completion}}?", "choices": [{"choice": "yes", "score": 1}, {"choice": "no", "score": 0}]}


def read(folder: Path, **keys: Any) -> Suite:
    """The suite of the fields above with `keys` instead, None taking one out."""
    fields = {key: value for key, value in {**FIELDS, **keys}.items() if value is not None}
    without_aliases = json.loads(json.dumps(fields))
    return read_text(folder, yaml.safe_dump(without_aliases, sort_keys=False, allow_unicode=True))


def read_text(folder: Path, content: str) -> Suite:
    return read_prompt_yml(write(folder / "prompts/triage.prompt.yml", content), folder)


def test_prompt_and_suite_are_one_file(tmp_path: Path) -> None:
    suite = read(tmp_path)

    assert suite.path == suite.prompt.path == tmp_path / "prompts/triage.prompt.yml"
    assert suite.baseline_path == tmp_path / "prompts/triage.prompt.baseline.json"
    assert (suite.name, suite.description, suite.prompt.text) == ("triage.prompt", "Triage", "Answer with one label.")


def test_the_description_goes_before_the_name(tmp_path: Path) -> None:
    assert read(tmp_path, description="Label a ticket").description == "Label a ticket"
    assert read(tmp_path, name=None).description == ""


def test_model_parameters_get_the_names_that_providers_know(tmp_path: Path) -> None:
    given = {"maxCompletionTokens": 50, "temperature": 0.5, "topP": 0.9}

    assert read(tmp_path, modelParameters=given).model == ModelSpec(
        "openai/gpt-4.1-mini", {"max_completion_tokens": 50, "temperature": 0.5, "top_p": 0.9}
    )
    assert read(tmp_path, modelParameters={"maxTokens": 50}).model.params == {"max_tokens": 50}


def test_a_file_without_a_model_is_read_for_the_model_that_the_caller_names(tmp_path: Path) -> None:
    path = write(tmp_path / "x.prompt.yml", yaml.safe_dump({**FIELDS, "model": None}).replace("model: null\n", ""))

    assert read_prompt_yml(path, tmp_path, model="local/smollm2-135m").model.id == "local/smollm2-135m"
    with pytest.raises(FileError, match=r"x\.prompt\.yml:1: has no `model`; add one.*or name it with --model"):
        read_prompt_yml(path, tmp_path)


@pytest.mark.parametrize("kind", [None, "text"])
def test_text_asks_for_no_format(tmp_path: Path, kind: str | None) -> None:
    assert read(tmp_path, responseFormat=kind).response_format is None


def test_json_objects_are_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path, responseFormat="json_object").response_format == {"type": "json_object"}


@pytest.mark.parametrize("wanted", ['{"name": "x", "schema": {}, "strict": true}', {"name": "x", "schema": {}}])
def test_a_schema_is_a_json_text_or_written_out(tmp_path: Path, wanted: Any) -> None:
    sent = read(tmp_path, responseFormat="json_schema", jsonSchema=wanted).response_format

    assert sent == {"type": "json_schema", "json_schema": yaml.safe_load(wanted) if isinstance(wanted, str) else wanted}


def test_gate_judge_and_search_are_those_of_the_native_form(tmp_path: Path) -> None:
    suite = read(
        tmp_path,
        gate={"min_score": 0.5},
        judge={"model": "openai/gpt-4.1", "params": {"temperature": 0}},
        optimize={"message": "user", "model": "openai/gpt-4.1", "steps": 3},
    )

    assert suite.gate == GateSpec(min_score=0.5)
    assert suite.judge == ModelSpec("openai/gpt-4.1", {"temperature": 0})
    assert suite.optimize == OptimizeSpec(model=ModelSpec("openai/gpt-4.1"), steps=3)
    assert suite.prompt.text == "{{input}}"


def test_the_definitions_that_both_forms_share_are_the_same() -> None:
    native, github = schema("suite")["$defs"], copy.deepcopy(schema("prompt_yml")["$defs"])

    def constraints(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: constraints(entry) for key, entry in value.items() if key != "description" or entry == {}}
        return value

    del github["optimize"]["properties"]["message"]
    for name in ("model", "params", "judge", "gate", "optimize"):
        assert constraints(github[name]) == constraints(native[name])


FEW_SHOT = [USER, {"role": "assistant", "content": "bug"}, {"role": "user", "content": "Label: {{input}}"}]


@pytest.mark.parametrize(
    ("messages", "optimize", "chosen"),
    [
        ([USER, SYSTEM, SYSTEM], None, 1),
        ([SYSTEM, USER], "user", 1),
        ([SYSTEM, USER], "system", 0),
        ([SYSTEM, USER], 1, 1),
        (FEW_SHOT, None, 2),
        (FEW_SHOT, 1, 1),
        (FEW_SHOT, "user", 0),
        ([USER, USER], None, 0),
        ([SYSTEM, *FEW_SHOT], {"message": 3}, 3),
        ([SYSTEM, *FEW_SHOT], {"steps": 2}, 0),
    ],
)
def test_which_message_is_the_prompt(tmp_path: Path, messages: list[Any], optimize: Any, chosen: int) -> None:
    prompt = read(tmp_path, messages=messages, optimize=optimize).prompt
    chat = tuple((message["role"], message["content"]) for message in messages)

    assert (prompt.frame.role, prompt.text) == chat[chosen]
    assert (prompt.frame.before, prompt.frame.after) == (chat[:chosen], chat[chosen + 1 :])
    assert prompt_of(prompt.with_text("Anew."), prompt.path).text == "Anew."


def test_placeholders_are_the_keys_of_the_test_data_and_nothing_else(tmp_path: Path) -> None:
    text = "{{a}} {{ a }} {{A}} {{b.c-d}} {{two words}} {{é}} {{}} {{a}"
    rows = [{"a": "1", "b.c-d": "{{a}}", "two words": "x", "é": "y"}]
    suite = read(tmp_path, messages=[{"role": "user", "content": text}], testData=rows)

    assert suite.prompt.placeholders == {"a", "b.c-d", "é"}
    assert suite.prompt.frame.chat(text, suite.cases[0].vars) == (
        ("user", "1 {{ a }} {{A}} {{a}} {{two words}} y {{}} {{a}"),
    )


def test_without_any_key_nothing_is_a_placeholder(tmp_path: Path) -> None:
    suite = read(tmp_path, testData=[{}])

    assert suite.prompt.frame.chat("{{input}}", {}) == (("system", "{{input}}"), ("user", "{{input}}"))


VALUES = "testData:\n- {n: 1.10, z: 007, t: yes, b: true, l: [1, x], e: , m: {k: 2}, expected: 1.0}\n"


def test_values_are_what_the_file_shows(tmp_path: Path) -> None:
    content = yaml.safe_dump({key: value for key, value in FIELDS.items() if key != "testData"}) + VALUES
    case = read_text(tmp_path, content).cases[0]

    plain = {"n": "1.10", "z": "007", "t": "yes", "b": "true", "l": [1, "x"], "e": "", "m": {"k": 2}}
    assert (case.vars, case.expected) == (plain, "1.0")


def test_what_is_expected_is_shown_to_a_model_only_where_a_message_asks_for_it(tmp_path: Path) -> None:
    leaky = [{"role": "user", "content": "{{input}}: {{expected}}"}]

    assert read(tmp_path).cases[0].vars == {"input": "Refund"}
    assert read(tmp_path, messages=leaky).cases[0].vars == {"input": "Refund", "expected": "billing"}


def test_ids_come_from_the_content_and_stay_when_cases_move(tmp_path: Path) -> None:
    rows = FIELDS["testData"]
    there, back = read(tmp_path).cases, read(tmp_path, testData=[{"input": "More"}, *reversed(rows)]).cases

    assert {case.id for case in there} < {case.id for case in back}
    assert all(case.id.startswith("case-") for case in back)


def test_a_key_id_names_the_cases_when_each_has_its_own(tmp_path: Path) -> None:
    rows = [{"id": "a", "input": "x"}, {"id": "b", "input": "x"}]

    assert [case.id for case in read(tmp_path, testData=rows).cases] == ["a", "b"]
    assert all(case.id.startswith("case-") for case in read(tmp_path, testData=[rows[0], {"input": "x"}]).cases)


def test_every_case_knows_its_line(tmp_path: Path) -> None:
    suite = read(tmp_path)
    lines = suite.path.read_text().split("\n")

    assert [lines[(case.line or 0) - 1] for case in suite.cases] == ["- input: Refund", "- input: Crash"]


def test_a_reader_is_told_what_stays_as_it_is(tmp_path: Path) -> None:
    suite = read(
        tmp_path,
        messages=[SYSTEM, {"role": "user", "content": "{{inptu}} {{note}}"}],
        testData=[{"input": "x", "note": "y"}, {"input": "z"}],
        evaluators=[{"string": {"equals": "{{zzz}}"}}, {"llm": LLM}],
        jsonSchema="{}",
    )

    assert suite.notes == (
        "line 7: `{{inptu}}` is no key of testData and stays as it is; did you mean `input`?",
        "line 7: `{{note}}` stays as it is for the case in line 11, which has no such key",
        "line 14: `{{zzz}}` is no key of testData and stays as it is; known are `input` and `note`",
        "line 22: `jsonSchema` is not sent, since `responseFormat` is not json_schema",
    )
    assert suite.prompt.frame.chat("{{note}}", suite.cases[1].vars)[0] == ("system", "{{note}}")
    assert read(tmp_path).notes == ()


def test_an_evaluator_is_a_scorer_with_its_name(tmp_path: Path) -> None:
    similar = {"uses": "github/similarity"}
    scorers = read(tmp_path, evaluators=[*FIELDS["evaluators"], {"name": "polite", "llm": LLM}, similar]).scorers

    assert [(scorer.title, scorer.threshold, scorer.weight) for scorer in scorers] == [
        ("label", 1.0, 1.0),
        ("polite", 1.0, 1.0),
        ("prompt_yml_uses", 0.75, 1.0),
    ]


def test_the_model_of_a_judge_is_a_part_that_a_pull_request_may_not_change_unseen(tmp_path: Path) -> None:
    suite = read(tmp_path, evaluators=[{"llm": {**LLM, "modelId": "https://elsewhere"}}])

    assert [part.what for part in code_parts(suite)] == ["the model of prompt_yml_llm: https://elsewhere"]


def test_a_judge_passes_what_reaches_the_best_choice_or_the_threshold(tmp_path: Path) -> None:
    choices = [{"choice": "good", "score": 0.8}, {"choice": "bad", "score": 0.1}]
    llm = {"prompt": "{{completion}}", "choices": choices}
    scorers = read(tmp_path, evaluators=[{"llm": llm}, {"llm": llm, "threshold": 0.5}]).scorers

    assert [scorer.threshold for scorer in scorers] == [0.8, 0.5]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"mesages": []}, r":1\d: `mesages` is an unknown key; did you mean `messages`\?"),
    ({"messages": None}, r":1: the file has no `messages`; add it \(the chat"),
    ({"messages": []}, r":3: `messages` is empty; it needs at least one entry"),
    ({"messages": [{"role": "System", "content": "x"}]}, r":4: .*cannot be `System`; did you mean `system`\?"),
    ({"messages": [{"role": "user", "content": 5}]}, r":5: `messages\[0\]\.content` has to be text, not 5"),
    ({"messages": [{"role": "user"}]}, r":4: `messages\[0\]` has no `content`; add it"),
    ({"messages": [{"role": "user", "content": " "}]}, r":5: .* holds no prompt text; write the prompt into it"),
    ({"testData": None}, r":1: has no `testData`, the cases to score it on; add it"),
    ({"testData": "cases.jsonl"}, r":8: `testData` has to be a list, not the text `cases.jsonl`"),
    ({"testData": [{"input": "x"}, {"input": "x"}]}, r":10: this case is the same as that in line 9; remove one"),
    ({"evaluators": None}, r":1: has no `evaluators`, how answers are graded; add it"),
    ({"model": "gpt 4"}, r":2: `model` has to be a model id without white space"),
    ({"modelParameters": {"max_tokens": 5}}, r":1\d: .*is an unknown key; did you mean `maxTokens`\?"),
    ({"modelParameters": {"maxTokens": 5, "maxCompletionTokens": 5}}, r":1\d: `maxTokens` is the older name of"),
    ({"responseFormat": "json_objct"}, r"cannot be `json_objct`; did you mean `json_object`\?"),
    ({"responseFormat": "json_schema"}, r":1\d: `responseFormat: json_schema` needs the schema; add `jsonSchema`"),
    ({"responseFormat": "json_schema", "jsonSchema": "{"}, r":1\d: `jsonSchema` is not JSON \(.*\); correct it"),
    ({"responseFormat": "json_schema", "jsonSchema": "[]"}, r"`jsonSchema` needs `name`, a text, at its top level"),
    ({"responseFormat": "json_schema", "jsonSchema": '{"name": "x"}'}, r"needs `schema`, the JSON Schema itself"),
    ({"optimize": "assistant"}, r":1\d: `optimize` cannot be `assistant`"),
    ({"optimize": 2}, r":1\d: there is no message 2 to optimize; they are numbered from 0 to 1"),
    ({"optimize": "system", "messages": [USER]}, r"there is no message with the role `system` to optimize"),
    ({"optimize": {"step": 3}}, r":1\d: `optimize\.step` is an unknown key; did you mean `steps`\?"),
    ({"gate": {"min_scor": 3}}, r"`gate\.min_scor` is an unknown key; did you mean `min_score`\?"),
]
WRONG_EVALUATORS: list[tuple[Any, str]] = [
    ({"name": "x"}, r":1\d: an evaluator needs one of `string`, `llm` and `uses`; add it"),
    ({"strnig": {"equals": "x"}}, r"`evaluators\[0\]\.strnig` is an unknown key; did you mean `string`\?"),
    ({"string": {"equals": "x"}, "llm": LLM}, r"an evaluator is one of .*, not two; write one for each"),
    (
        {"string": {"equals": "x", "contains": "x"}},
        r"has one operator, but `equals` and `contains` stand together; write an evaluator for each",
    ),
    ({"string": {"startswith": "x"}}, r"is an unknown key; did you mean `startsWith`\?"),
    ({"string": {"contains": ""}}, r"`evaluators\[0\]\.string\.contains` is empty"),
    ({"string": {}}, r"`evaluators\[0\]\.string` is empty"),
    ({"string": {"equals": "x"}, "threshold": 0.5}, r"passes or fails, without a `threshold`; leave it out"),
    ({"uses": "github/similarty"}, r"cannot be `github/similarty`; did you mean `github/similarity`\?"),
    ({"llm": {**LLM, "prompt": "Is it good?"}}, r"`prompt` has no `\{\{completion\}\}`.*; add it"),
    ({"llm": {"prompt": "x"}}, r"`evaluators\[0\]\.llm` has no `choices`; add it"),
    ({"llm": {**LLM, "choices": [{"choice": "yes", "score": 5}]}}, r"score` has to be at most 1, not 5"),
    (
        {"llm": {**LLM, "choices": [{"choice": "no", "score": 0}]}},
        r"no choice has a score above 0.*give the best",
    ),
    ({"llm": {**LLM, "choices": [*LLM["choices"], {"choice": "YES", "score": 1}]}}, r"the choice `YES` stands twice"),
    ({"llm": {**LLM, "choices": [{"choice": " ", "score": 1}]}}, r"a choice has to be a word"),
]


@pytest.mark.parametrize(
    ("keys", "message"), [*WRONG, *(({"evaluators": [entry]}, message) for entry, message in WRONG_EVALUATORS)]
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(FileError, match=r"triage\.prompt\.yml" + (message if message[0] == ":" else f":.*{message}")):
        read(tmp_path, **keys)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has to be a mapping"),
        ("- a", "has to be a mapping"),
        ("messages: *x", "the alias `.x` has no anchor"),
        ("a: &x Hi\nmessages: [{role: user, content: *x}]", "`a` is an unknown key"),
        (
            "name: &x Hi\nmessages: [{role: user, content: *x}]",
            r"content` is an alias \(\*x\); write the text out",
        ),
    ],
)
def test_a_file_that_cannot_be_a_prompt_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        prompt_of(content.encode(), tmp_path / "x.prompt.yml")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("a.prompt.yml", True),
        ("a/b.prompt.yaml", True),
        ("prompt.yml", False),
        ("a.prompt.md", False),
        ("b.yml", False),
    ],
)
def test_the_name_tells_the_format(name: str, known: bool) -> None:
    assert is_prompt_yml(Path(name)) is known


@pytest.mark.parametrize(
    ("content", "suite"),
    [
        ("messages: []", False),
        ("messages: []\ntestData: []", False),
        ("testData: []\nevaluators: []", True),
        ("a: [", True),
        ("- a", True),
    ],
)
def test_a_prompt_without_test_data_and_evaluators_is_no_suite(tmp_path: Path, content: str, suite: bool) -> None:
    assert holds_suite(write(tmp_path / "x.prompt.yml", content)) is suite


def test_reading_imports_nothing_slow(tmp_path: Path) -> None:
    path = read(tmp_path).path
    code = (
        "import sys; from pathlib import Path; from opro_action.suite.prompt_yml import read_prompt_yml;"
        "read_prompt_yml(Path(sys.argv[1]), Path(sys.argv[1]).parent);"
        "print(sorted({'jsonschema', 'difflib', 'litellm', 'tempfile'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"


def test_the_example_in_the_docs_is_read_without_a_note(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/formats-prompt-yml.md").read_text(encoding="utf-8")
    suite = read_text(tmp_path, page.split("```yaml\n")[1].split("```")[0])

    assert (len(suite.cases), suite.notes, suite.description) == (2, (), "Label a support ticket")


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_expected_answer_is_empty_and_not_left_out(tmp_path: Path, value: str | None) -> None:
    rows = [{"input": "Refund", "expected": value}, {"input": "Crash", "expected": "bug"}]
    assert [case.expected for case in read(tmp_path, testData=rows).cases] == ["", "bug"]
