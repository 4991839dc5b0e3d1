"""GitHub's `.prompt.yml`: a chat prompt with its model, test data and evaluators, read as prompt and suite in one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.located import Located, read_yaml
from opro_action.suite.prompt import Chat, Frame, Prompt
from opro_action.suite.prompt_yml_evaluators import check_evaluators, scorers_of
from opro_action.suite.schemas import checker
from opro_action.suite.sources import read_bytes, shown
from opro_action.suite.specs import gate_of, optimize_of
from opro_action.suite.suite import Case, ModelSpec, Suite
from opro_action.suite.wording import did_you_mean, quoted
from opro_action.suite.yaml_place import find_scalar
from opro_action.suite.yaml_scalar import spell

ENDINGS = (".prompt.yml", ".prompt.yaml")

_MARK = re.compile(r"\{\{([\w.-]+)\}\}")
_NO_MARK = re.compile(r"(?!)()")
_PARAMS = {
    "maxCompletionTokens": "max_completion_tokens",
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
}


@dataclass(frozen=True)
class _File:
    """A file that fits the schema: its bytes, what they say with lines, and the same as plain values."""

    path: Path
    data: bytes
    node: Located
    fields: Mapping[str, Any]

    def error(self, at: Sequence[str | int], what: str) -> FileError:
        return FileError(shown(self.path), self.node.line_at(at), what)

    def messages(self) -> Chat:
        return tuple((message["role"], message["content"]) for message in self.fields["messages"])


def is_prompt_yml(path: Path | str) -> bool:
    """Whether a file is in this format, by its name."""
    return str(path).endswith(ENDINGS)


def holds_suite(path: Path) -> bool:
    """Whether a file of this format has what a suite needs, test data and evaluators: without them it is a prompt only.

    A file that cannot be read counts, so that reading it says why.
    """
    try:
        top = read_yaml(read_bytes(path).decode("utf-8-sig"), path).value
    except FileError:
        return True
    return not isinstance(top, dict) or {"testData", "evaluators"} <= top.keys()


def read_prompt_yml(path: Path, root: Path, *, model: str | None = None) -> Suite:
    """The suite in the file at `path`, which lies in the repository `root`; `model` is asked instead of the file's.

    Raises FileError with file, line and what to do for the first thing that is wrong.
    """
    file = _read(read_bytes(path), path)
    spec = _model(file, model)
    for key, what in (("testData", "the cases to score it on"), ("evaluators", "how answers are graded")):
        if key not in file.fields:
            raise file.error([], f"has no `{key}`, {what}; add it")
    rows = _rows(file)
    marks = _marks_for({key for row in rows for key in row})
    prompt = _prompt(file, marks)
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
        cases=_cases(file, rows, marks),
        gate=gate_of(file.fields.get("gate", {})),
        optimize=optimize_of(settings, spec, file.error),
        response_format=_response_format(file),
        notes=tuple(_notes(file, rows)),
    )


def prompt_of(data: bytes, path: Path) -> Prompt:
    """The prompt in the bytes of such a file: the message that a search rewrites; raises FileError as reading does."""
    return _prompt(_read(data, path), _NO_MARK)


def _read(data: bytes, path: Path) -> _File:
    node = read_yaml(data.decode("utf-8-sig"), path)
    if not isinstance(node.value, dict):
        raise FileError(shown(path), node.line, "has to be a mapping with `messages`; see the docs of the format")
    file = _File(path, data, node, node.plain)
    if "evaluators" in file.fields:
        check_evaluators(file.fields["evaluators"], file.error)
    problem = checker("prompt_yml")(file.fields)
    if problem:
        raise file.error(problem.path, problem.sentence)
    return file


def _model(file: _File, instead: str | None) -> ModelSpec:
    name = instead or file.fields.get("model")
    if name is None:
        raise file.error([], "has no `model`; add one, such as openai/gpt-4.1-mini, or name it with --model")
    given = file.fields.get("modelParameters", {})
    if {"maxTokens", "maxCompletionTokens"} <= given.keys():
        at = ["modelParameters", "maxTokens"]
        raise file.error(at, "`maxTokens` is the older name of `maxCompletionTokens`; keep one of them")
    params = {_PARAMS[key]: int(value) if key.startswith("max") else value for key, value in given.items()}
    return ModelSpec(name, params)


def _response_format(file: _File) -> dict[str, Any] | None:
    kind = file.fields.get("responseFormat", "text")
    if kind != "json_schema":
        return None if kind == "text" else {"type": kind}
    if "jsonSchema" not in file.fields:
        raise file.error(["responseFormat"], "`responseFormat: json_schema` needs the schema; add `jsonSchema`")
    return {"type": kind, "json_schema": _json_schema(file)}


def _json_schema(file: _File) -> dict[str, Any]:
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


def _prompt(file: _File, marks: re.Pattern[str]) -> Prompt:
    index = _chosen(file)
    messages = file.messages()
    at = ("messages", index, "content")
    role, text = messages[index]
    if not text.strip():
        raise file.error(at, f"`messages[{index}].content` holds no prompt text; write the prompt into it")
    try:
        place = find_scalar(file.data, at)
    except ValueError as error:
        raise file.error(at, f"`messages[{index}].content` {error}") from None
    frame = Frame(role, messages[:index], messages[index + 1 :], marks)
    return Prompt(
        path=file.path,
        text=text,
        before=place.before,
        after=place.after,
        newline=place.newline,
        frame=frame,
        spell=lambda other: spell(place, other),
    )


def _chosen(file: _File) -> int:
    """The number of the message that a search rewrites."""
    given = file.fields.get("optimize")
    at = ["optimize", "message"] if isinstance(given, dict) else ["optimize"]
    wanted = given.get("message") if isinstance(given, dict) else given
    messages = file.messages()
    if wanted is None:
        return _usual(messages)
    if isinstance(wanted, str):
        found = next((number for number, (role, _) in enumerate(messages) if role == wanted), None)
        if found is None:
            raise file.error(at, f"there is no message with the role `{wanted}` to optimize; name another")
        return found
    if wanted >= len(messages):
        last = len(messages) - 1
        raise file.error(at, f"there is no message {int(wanted)} to optimize; they are numbered from 0 to {last}")
    return int(wanted)


def _usual(messages: Chat) -> int:
    """The first system message, else the first user message that is more than placeholders, else the first of all."""
    systems = [number for number, (role, _) in enumerate(messages) if role == "system"]
    users = [number for number, (role, text) in enumerate(messages) if role == "user" and _MARK.sub("", text).strip()]
    return next(iter([*systems, *users]), 0)


def _rows(file: _File) -> list[dict[str, Any]]:
    return [{key: _value(entry) for key, entry in row.value.items()} for row in file.node.value["testData"].value]


def _value(entry: Located) -> Any:
    """A value as a placeholder puts it in: numbers as they were written (`1.10`), nothing for null."""
    if entry.value is None:
        return ""
    if isinstance(entry.value, bool):
        return json.dumps(entry.value)
    return entry.source if isinstance(entry.value, int | float) else entry.plain


def _marks_for(keys: set[str]) -> re.Pattern[str]:
    """What finds the placeholders of these keys and no others, which stay as they are."""
    names = "|".join(re.escape(key) for key in sorted(keys) if _MARK.fullmatch(f"{{{{{key}}}}}"))
    return re.compile(rf"\{{\{{({names})\}}\}}") if names else _NO_MARK


def _cases(file: _File, rows: Sequence[Mapping[str, Any]], marks: re.Pattern[str]) -> tuple[Case, ...]:
    """The cases; a placeholder for which one has no value stays as it is, and so is the value that it gets.

    `expected` is a var only where a message uses it.
    """
    used = {name for _, text in file.messages() for name in marks.findall(text)}
    own_ids = [row.get("id") for row in rows]
    named = all(isinstance(name, str) and name.strip() for name in own_ids) and len(set(own_ids)) == len(own_ids)
    cases = []
    for number, row in enumerate(rows):
        values = {key: value for key, value in row.items() if key != "expected" or key in used}
        stay = {name: f"{{{{{name}}}}}" for name in sorted(used - row.keys())}
        line = file.node.line_at(["testData", number])
        case = Case("", {**values, **stay}, row.get("expected") or None, path=file.path, line=line)
        cases.append(replace(case, id=row["id"] if named else f"case-{case.digest[:8]}"))
    _refuse_twins(file, cases)
    return tuple(cases)


def _refuse_twins(file: _File, cases: Sequence[Case]) -> None:
    first: dict[str, Case] = {}
    for number, case in enumerate(cases):
        twin = first.setdefault(case.id, case)
        if twin is not case:
            what = f"this case is the same as that in line {twin.line}; remove one, or give each an `id` of its own"
            raise file.error(["testData", number], what)


def _notes(file: _File, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a reader should know: placeholders that stay as they are, and a schema that nothing asks for."""
    keys = sorted({key for row in rows for key in row})
    for at, text, others in _templates(file):
        where = f"{shown(file.path)}:{file.node.line_at(at)}"
        for name in dict.fromkeys(_MARK.findall(text)):
            mark = quoted(f"{{{{{name}}}}}")
            lacking = next((number for number, row in enumerate(rows) if name not in row), None)
            if name in others:
                continue
            if name not in keys:
                yield f"{where}: {mark} is no key of testData and stays as it is; {did_you_mean(name, keys)}"
            elif lacking is not None:
                line = file.node.line_at(["testData", lacking])
                yield f"{where}: {mark} stays as it is for the case in line {line}, which has no such key"
    if "jsonSchema" in file.fields and file.fields.get("responseFormat") != "json_schema":
        line = file.node.line_at(["jsonSchema"])
        yield f"{shown(file.path)}:{line}: `jsonSchema` is not sent, since `responseFormat` is not json_schema"


def _templates(file: _File) -> Iterator[tuple[Sequence[str | int], str, frozenset[str]]]:
    """Each text with placeholders: where it stands, and what it may name besides the keys of testData."""
    for number, (_, text) in enumerate(file.messages()):
        yield ("messages", number, "content"), text, frozenset()
    for number, evaluator in enumerate(file.fields["evaluators"]):
        for operator, text in evaluator.get("string", {}).items():
            yield ("evaluators", number, "string", operator), str(text), frozenset()
        if "llm" in evaluator:
            yield ("evaluators", number, "llm", "prompt"), evaluator["llm"]["prompt"], frozenset(["completion"])
