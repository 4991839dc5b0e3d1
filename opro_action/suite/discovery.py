"""Finding the repository a file belongs to, and the suites it holds."""

from __future__ import annotations

import os
from pathlib import Path

from opro_action.errors import FileError
from opro_action.suite.located import lacks_keys, starts_with_list
from opro_action.suite.promptfoo import is_promptfoo
from opro_action.suite.sources import read_text

_KEYS = frozenset({"prompt", "model", "scorers", "cases"})


def find_root(path: Path) -> Path:
    """The repository of `path`, links resolved.

    It is the nearest folder above that holds `.git`, else `evals/`, else the current folder if `path` lies in
    it, else the folder of `path`.
    """
    start = Path(os.path.normpath(path.absolute()))
    # Not the methods of Path, which raise for a folder that may not be looked into, and for a name that is too long.
    folders = [start, *start.parents] if os.path.isdir(start) else list(start.parents)  # noqa: PTH112
    for mark in (".git", "evals"):
        for folder in folders:
            if os.path.exists(folder / mark):  # noqa: PTH110
                return Path(os.path.realpath(folder))
    here = Path.cwd()
    return Path(os.path.realpath(here if here in folders else folders[0]))


def is_prompt_yml(path: Path) -> bool:
    """Whether a file's name is that of GitHub's prompt format."""
    return path.name.endswith((".prompt.yml", ".prompt.yaml"))


def find_suites(root: Path) -> list[Path]:
    """All suites under `evals/`, sorted: of the repository, or of the nearest folder around the current one with any.

    A `.prompt.yml` with test data and evaluators is a suite under `prompts/` too. A file that cannot be read counts,
    so that reading it says why. Hidden files and folders do not.
    """
    here = Path(os.path.realpath(Path.cwd()))
    around = [folder for folder in (here, *here.parents) if folder.is_relative_to(root)]
    return next(filter(None, map(_suites_below, around or [root])), [])


def _suites_below(folder: Path) -> list[Path]:
    found = [*_yaml_files(folder / "evals"), *filter(is_prompt_yml, _yaml_files(folder / "prompts"))]
    return sorted(path for path in found if is_suite(path))


def _yaml_files(folder: Path) -> list[Path]:
    found = [path for pattern in ("*.yaml", "*.yml") for path in folder.rglob(pattern)]
    return [path for path in found if not _hidden(path.relative_to(folder))]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def is_suite(path: Path, *, named: bool = False) -> bool:
    """Whether a YAML file is a suite, not a list of cases; one that cannot be read counts: reading it says why.

    A mapping with nothing of a suite is somebody else's, unless a person has `named` the file.
    """
    if is_prompt_yml(path):
        from opro_action.suite.prompt_yml_file import holds_suite

        return holds_suite(path)
    try:
        text = read_text(path)
    except FileError:
        return True
    if starts_with_list(text):
        return False
    return named or is_promptfoo(path) or not lacks_keys(text, _KEYS)
