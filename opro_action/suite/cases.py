"""Turning what a suite says under `cases` into cases: inline, from files, and checked against the prompt."""

from __future__ import annotations

import glob
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.case_files import Row, read_rows, row_of
from opro_action.suite.located import Located
from opro_action.suite.naming import Named
from opro_action.suite.prompt import Prompt
from opro_action.suite.schemas import checker
from opro_action.suite.sources import is_file, matching, settled, shown
from opro_action.suite.suite import Case
from opro_action.suite.wording import did_you_mean, quoted


def read_cases(node: Located, path: Path, root: Path) -> tuple[Case, ...]:
    """The cases under the key `cases` of the suite at `path`, checked; ids are unique."""
    entries = node.value if isinstance(node.value, list) else [node]
    cases: list[Case] = []
    files: set[Path] = set()
    for entry in entries:
        if isinstance(entry.value, dict):
            cases.append(_case(row_of(entry, path)))
            continue
        for file in _case_files(Named(entry.value, "cases", entry.line, path, root)):
            if file not in files:
                cases += map(_case, map(_checked, read_rows(file)))
                files.add(file)
    _check_ids(cases)
    _check_weights(cases, node, path)
    return tuple(cases)


def check_vars(cases: Sequence[Case], prompt: Prompt) -> None:
    """Raises FileError when a case does not give what the prompt needs."""
    wanted = sorted(prompt.placeholders)
    known = {name for case in cases for name in case.vars}
    for name in wanted:
        if name not in known:
            raise _unknown_placeholder(name, prompt, sorted(known))
    for case in cases:
        for name in wanted or ["input"]:
            if name not in case.vars:
                raise _missing_var(case, name, prompt)


def _unknown_placeholder(name: str, prompt: Prompt, known: Sequence[str]) -> FileError:
    line = next(line for line, row in enumerate(prompt.text.split("\n")) if name in prompt.frame.placeholders(row))
    line += prompt.before.count(b"\n") + 1
    what = f"no case has a var for the placeholder `{{{{{name}}}}}`; {did_you_mean(name, known)}"
    return FileError(shown(prompt.path), line, what)


def _missing_var(case: Case, name: str, prompt: Prompt) -> FileError:
    where = shown(prompt.path)
    if prompt.placeholders:
        add = f"add `{name}` to its vars" if name != "input" else "add it"
        what = f"has no `{name}` for the placeholder `{{{{{name}}}}}` in {where}; {add}"
    else:
        what = f"has no `input`, which is what the user says after {where}, a prompt without placeholders; add it"
    return FileError(shown(case.path) if case.path else "case", case.line, f"case {quoted(case.id)} {what}")


def _case_files(named: Named) -> list[Path]:
    literal = named.target
    if is_file(literal) or not glob.has_magic(named.name):
        return [named.checked(literal)]
    found = matching(named.name, named.suite.parent)
    files = [named.checked(settled(named.suite.parent / name)) for name in found]
    if not any(map(is_file, files)):
        raise named.error("but no file matches; correct the pattern")
    return [file for file in files if is_file(file)]


def _checked(row: Row) -> Row:
    problem = checker("suite", "case")(row.fields)
    if problem:
        raise row.error(problem.sentence if problem.path else f"a case {problem.what}", problem.path)
    return row


def _case(row: Row) -> Case:
    fields: Mapping[str, Any] = row.fields
    values = {name: _as_text(value) for name, value in fields.get("vars", {}).items()}
    if "input" in fields:
        if "input" in values:
            raise row.error("`input` is given twice, by itself and in `vars`; keep one", ["input"])
        values["input"] = _as_text(fields["input"])
    case = Case(
        id=str(fields.get("id", "")),
        vars=values,
        expected=fields.get("expected"),
        tags=tuple(fields.get("tags", ())),
        must_pass=fields.get("must_pass", False),
        weight=float(fields.get("weight", 1)),
        path=row.path,
        line=row.line,
    )
    return case if case.id else replace(case, id=f"case-{case.digest[:8]}")


def _as_text(value: Any) -> Any:
    """Numbers and true or false as text, so that a case says the same in YAML, JSON and CSV."""
    return json.dumps(value) if isinstance(value, int | float) else value


def _check_ids(cases: Sequence[Case]) -> None:
    first: dict[str, Case] = {}
    for case in cases:
        other = first.setdefault(case.id, case)
        if other is not case:
            place = f"{shown(other.path) if other.path else ''}:{other.line}"
            what = f"the case id {quoted(case.id)} stands twice, first at {place}; give each case its own `id`"
            raise FileError(shown(case.path) if case.path else "case", case.line, what)


def _check_weights(cases: Sequence[Case], node: Located, path: Path) -> None:
    if not any(case.weight for case in cases):
        raise FileError(shown(path), node.line, "every case has the `weight` 0; give one more")
