"""Reading a suite file: YAML, checked against the schema, with its prompt and cases; the first error is raised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from opro_action.errors import FileError, UsageError
from opro_action.suite.cases import check_vars, read_cases
from opro_action.suite.discovery import find_root, is_prompt_yml
from opro_action.suite.located import read_yaml
from opro_action.suite.naming import Named
from opro_action.suite.prompt_file import front_matter_description, read_prompt
from opro_action.suite.promptfoo import is_promptfoo, read_promptfoo
from opro_action.suite.schemas import checker
from opro_action.suite.scorer_specs import Where, check_scorer_names, scorers_of
from opro_action.suite.sources import inside, names_of, noting_files, read_text, settled, shown
from opro_action.suite.specs import gate_of, judge_of, optimize_of, task_model
from opro_action.suite.suite import Suite
from opro_action.suite.wording import listed


def read_suite(path: Path, *, root: Path | None = None, model: str | None = None) -> Suite:
    """The only suite in the file at `path`; see `read_suites`. Raises UsageError when the file holds several."""
    found = read_suites(path, root=root, model=model)
    if len(found) > 1:
        raise UsageError(f"{shown(path)}: holds {len(found)} suites; name one of {_titles(found)}.")
    return found[0]


def read_suites(path: Path, *, root: Path | None = None, model: str | None = None) -> list[Suite]:
    """The suites in the file at `path`: one in the native form and in `.prompt.yml`, any number in promptfoo's.

    `FILE#PART` is one of several, by its `part`. `root` is the repository's folder, by default the one around the file;
    `model` is asked instead of the file's task model. Raises FileError with file, line and what to do for the first
    thing that is wrong in the suite file, its prompt or its cases.
    """
    file, mark, part = (str(path), "", "") if path.exists() else str(path).partition("#")
    found = _all_suites(Path(file), root, model)
    chosen = [suite for suite in found if not mark or suite.part == part]
    if not chosen:
        raise UsageError(f"{shown(path)}: there is no such suite; name one of {_titles(found)}.")
    return chosen


def also_suites(suite: Suite) -> list[Suite]:
    """The further suites that `optimize.also` of a suite names, relative to its folder."""
    named = [suite.path.parent / name for name in suite.optimize.also]
    return [found for path in named for found in read_suites(path, root=suite.root)]


def _titles(suites: Sequence[Suite]) -> str:
    return listed([suite.title for suite in suites], "or")


def _all_suites(path: Path, root: Path | None, model: str | None) -> list[Suite]:
    root = settled(root).resolve() if root else find_root(path)
    path = settled(path)
    if not inside(path, root):
        raise FileError(shown(path), None, f"lies outside the repository {root}; keep the suite in it")
    if is_promptfoo(path):
        return read_promptfoo(path, root, model=model)
    with noting_files() as files:
        suite = _only_suite(path, root, model)
    return [replace(suite, files=names_of(files, root))]


def _only_suite(path: Path, root: Path, model: str | None) -> Suite:
    if is_prompt_yml(path):
        from opro_action.suite.prompt_yml import read_prompt_yml

        return read_prompt_yml(path, root, model=model)
    suite = _read_native(path, root)
    return replace(suite, model=suite.model.named(model)) if model else suite


def _read_native(path: Path, root: Path) -> Suite:
    node = read_yaml(read_text(path), path)
    where = Where(node, path, root)
    fields = _checked(where)
    named = Named(fields["prompt"], "prompt", node.line_at(["prompt"]), path, root)
    prompt = read_prompt(named.checked(named.target), root)
    cases = read_cases(node.value["cases"], path, root)
    check_vars(cases, prompt)

    model = task_model(fields, where.error)
    return Suite(
        name=path.stem,
        path=path,
        root=root,
        description=fields.get("description") or front_matter_description(prompt),
        prompt=prompt,
        model=model,
        scorers=scorers_of(fields["scorers"], where),
        cases=cases,
        repeats=int(fields.get("repeats", 1)),
        gate=gate_of(fields.get("gate", {})),
        optimize=optimize_of(fields.get("optimize", {}), model, where.error),
        judge=judge_of(fields, where.error),
    )


def _checked(where: Where) -> dict[str, Any]:
    node, path = where.node, where.path
    if node.value is None:
        raise FileError(shown(path), 1, "the file is empty; write a suite into it")
    fields = node.plain
    if not isinstance(fields, dict):
        what = "a suite has to be a mapping with `prompt`, `model`, `scorers` and `cases`"
        raise FileError(shown(path), node.line, f"{what}; a list holds cases, and a suite names it under `cases`")
    if "scorers" in fields:
        check_scorer_names(fields["scorers"], where)
    problem = checker("suite")(fields)
    if problem:
        raise where.error(problem.path, problem.sentence)
    return fields
