"""GitHub's `.prompt.yml`: a chat prompt with its model, test data and evaluators, read as prompt and suite in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from opro_action.suite.prompt_yml_cases import cases_of, marks_for, notes_on, rows_of
from opro_action.suite.prompt_yml_evaluators import scorers_of
from opro_action.suite.prompt_yml_file import PromptFile, prompt_in, read_file
from opro_action.suite.sources import read_bytes
from opro_action.suite.specs import gate_of, judge_of, optimize_of
from opro_action.suite.suite import ModelSpec, Suite

_PARAMS = {
    "maxCompletionTokens": "max_completion_tokens",
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
}


def read_prompt_yml(path: Path, root: Path, *, model: str | None = None) -> Suite:
    """The suite in the file at `path`, which lies in the repository `root`; `model` is asked instead of the file's.

    Raises FileError with file, line and what to do for the first thing that is wrong.
    """
    file = read_file(read_bytes(path), path)
    spec = _model(file, model)
    for key, what in (("testData", "the cases to score it on"), ("evaluators", "how answers are graded")):
        if key not in file.fields:
            raise file.error([], f"has no `{key}`, {what}; add it")
    rows = rows_of(file)
    marks = marks_for({key for row in rows for key in row})
    prompt = prompt_in(file, marks)
    optimize = file.fields.get("optimize", {})
    settings = {key: value for key, value in optimize.items() if key != "message"} if isinstance(optimize, dict) else {}
    scorers = scorers_of(file.node.value["evaluators"], file.error)
    return Suite(
        name=path.stem,
        path=path,
        root=root,
        description=file.fields.get("description") or file.fields.get("name", ""),
        prompt=prompt,
        model=spec,
        scorers=scorers,
        cases=cases_of(file, rows, marks),
        gate=gate_of(file.fields.get("gate", {})),
        optimize=optimize_of(settings, spec, file.error),
        judge=judge_of(file.fields, file.error),
        response_format=_response_format(file),
        notes=tuple(notes_on(file, rows)),
    )


def _model(file: PromptFile, instead: str | None) -> ModelSpec:
    name = instead or file.fields.get("model")
    if name is None:
        raise file.error([], "has no `model`; add one, such as openai/gpt-4.1-mini, or name it with --model")
    given = file.fields.get("modelParameters", {})
    if {"maxTokens", "maxCompletionTokens"} <= given.keys():
        at = ["modelParameters", "maxTokens"]
        raise file.error(at, "`maxTokens` is the older name of `maxCompletionTokens`; keep one of them")
    params = {_PARAMS[key]: int(value) if key.startswith("max") else value for key, value in given.items()}
    return ModelSpec(name, params)


def _response_format(file: PromptFile) -> dict[str, Any] | None:
    kind = file.fields.get("responseFormat", "text")
    if kind != "json_schema":
        return None if kind == "text" else {"type": kind}
    if "jsonSchema" not in file.fields:
        raise file.error(["responseFormat"], "`responseFormat: json_schema` needs the schema; add `jsonSchema`")
    return {"type": kind, "json_schema": _json_schema(file)}


def _json_schema(file: PromptFile) -> dict[str, Any]:
    schema, at = file.fields["jsonSchema"], ["jsonSchema"]
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except ValueError as error:
            raise file.error(at, f"`jsonSchema` is not JSON ({error}); correct it") from None
    for key, kind, what in (("name", str, "a text"), ("schema", dict, "the JSON Schema itself")):
        if not isinstance(schema, dict) or not isinstance(schema.get(key), kind):
            raise file.error(at, f"`jsonSchema` needs `{key}`, {what}, at its top level; add it")
    return dict(schema)
