"""The `testData` of a `.prompt.yml` as cases, and what a reader should know of its placeholders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opro_action.suite.located import Located
from opro_action.suite.prompt_yml_file import MARK, NO_MARK, PromptFile
from opro_action.suite.suite import Case
from opro_action.suite.wording import did_you_mean, quoted

Row = Mapping[str, Any]


def rows_of(file: PromptFile) -> list[Row]:
    """What each entry of the test data gives."""
    return [{key: _value(entry) for key, entry in row.value.items()} for row in file.node.value["testData"].value]


def _value(entry: Located) -> Any:
    """A value as a placeholder puts it in: numbers as they were written (`1.10`), nothing for null."""
    if entry.value is None:
        return ""
    if isinstance(entry.value, bool):
        return json.dumps(entry.value)
    return entry.source if isinstance(entry.value, int | float) else entry.plain


def marks_for(keys: Iterable[str]) -> re.Pattern[str]:
    """What finds the placeholders of these keys and no others, which stay as they are."""
    names = "|".join(re.escape(key) for key in sorted(keys) if MARK.fullmatch(f"{{{{{key}}}}}"))
    return re.compile(rf"\{{\{{({names})\}}\}}") if names else NO_MARK


def cases_of(file: PromptFile, rows: Sequence[Row], marks: re.Pattern[str]) -> tuple[Case, ...]:
    """The cases; a placeholder for which one has no value stays as it is, and so is the value that it gets.

    `expected` is a var only where a message uses it.
    """
    used = {name for _, text in file.messages for name in marks.findall(text)}
    own_ids = [row.get("id") for row in rows]
    named = all(isinstance(name, str) and name.strip() for name in own_ids) and len(set(own_ids)) == len(own_ids)
    cases = []
    for number, row in enumerate(rows):
        values = {key: value for key, value in row.items() if key != "expected" or key in used}
        stay = {name: f"{{{{{name}}}}}" for name in sorted(used - row.keys())}
        line = file.node.line_at(["testData", number])
        case = Case("", {**values, **stay}, row.get("expected"), path=file.path, line=line)
        cases.append(replace(case, id=row["id"] if named else f"case-{case.digest[:8]}"))
    _refuse_twins(file, cases)
    return tuple(cases)


def _refuse_twins(file: PromptFile, cases: Sequence[Case]) -> None:
    first: dict[str, Case] = {}
    for number, case in enumerate(cases):
        twin = first.setdefault(case.id, case)
        if twin is not case:
            what = f"this case is the same as that in line {twin.line}; remove one, or give each an `id` of its own"
            raise file.error(["testData", number], what)


def notes_on(file: PromptFile, rows: Sequence[Row]) -> Iterator[str]:
    """What a reader should know: placeholders that stay as they are, and a schema that nothing asks for."""
    keys = sorted({key for row in rows for key in row})
    for at, text, others in _templates(file):
        where = f"line {file.node.line_at(at)}"
        for name in dict.fromkeys(MARK.findall(text)):
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
        yield f"line {line}: `jsonSchema` is not sent, since `responseFormat` is not json_schema"


def _templates(file: PromptFile) -> Iterator[tuple[Sequence[str | int], str, frozenset[str]]]:
    """Each text with placeholders: where it stands, and what it may name besides the keys of testData."""
    for number, (_, text) in enumerate(file.messages):
        yield ("messages", number, "content"), text, frozenset()
    for number, evaluator in enumerate(file.fields["evaluators"]):
        for operator, text in evaluator.get("string", {}).items():
            yield ("evaluators", number, "string", operator), str(text), frozenset()
        if "llm" in evaluator:
            yield ("evaluators", number, "llm", "prompt"), evaluator["llm"]["prompt"], frozenset(["completion"])
