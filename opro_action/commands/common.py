"""What the commands that ask models share: finding suites, opening models."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from opro_action.commands.output import say
from opro_action.errors import UsageError
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache
from opro_action.models.connect import Models
from opro_action.suite.discovery import find_root, find_suites
from opro_action.suite.files import state_folder
from opro_action.suite.git import ask
from opro_action.suite.reading import read_suites
from opro_action.suite.sources import shown
from opro_action.suite.suite import Suite

T = TypeVar("T")


@dataclass(frozen=True)
class Calls:
    """How models are called: bounds, cache and concurrency. Cost in dollars."""

    max_calls: int | None = None
    max_cost: float | None = None
    max_minutes: float | None = None
    concurrency: int = 16
    offline: bool = False
    no_cache: bool = False


def chosen_suites(paths: Sequence[Path], model: str | None = None) -> list[Suite]:
    """The named suites, or all of the repository around the current folder; `model` replaces their task model.

    What a file of another format says without meaning here is told on the way.
    """
    found = _chosen(paths, model)
    for suite in found:
        tell_notes(suite)
    return found


def tell_notes(suite: Suite) -> None:
    """Say what a reader of the suite file should be told."""
    for note in suite.notes:
        say(f"{suite.title}: {note}")


def _chosen(paths: Sequence[Path], model: str | None) -> list[Suite]:
    if paths:
        return [suite for path in paths for suite in read_suites(path, model=model)]
    root = find_root(Path.cwd() / "evals")
    found = find_suites(root)
    if not found:
        raise UsageError(f"{root / 'evals'}: there is no suite; write one, or name a suite file.")
    return [suite for path in found for suite in read_suites(path, root=root, model=model)]


def open_models(root: Path, calls: Calls, *, budget: Budget | None = None, warn: Callable[[str], None] = say) -> Models:
    """The process's way to models. The cache lies in `.opro/` of the repository, or where OPRO_CACHE_DIR says.

    One that git tracks is not used, and `warn` is told: whoever may change the repository could answer for the models.
    A `budget` that was begun before goes on; it stands for the bounds in `calls`.
    """
    budget = budget or Budget(max_calls=calls.max_calls, max_cost=calls.max_cost, max_minutes=calls.max_minutes)
    cache = None if calls.no_cache else _cache(root, warn)
    return Models(budget=budget, cache=cache, concurrency=calls.concurrency, offline=calls.offline)


def _cache(root: Path, warn: Callable[[str], None]) -> Cache | None:
    file = _cache_folder(root) / "cache.sqlite"
    if any(file.parent.glob(f"{file.name}*")) and _is_tracked(file, root):
        forget = "take it out (`git rm --cached`)"
        warn(f"{shown(file)}: not used, for git tracks it, and answers must not come with a commit; {forget}.")
        return None
    return Cache(file, warn=warn)


def _is_tracked(file: Path, root: Path) -> bool:
    """Whether git tracks a file, one that belongs to it as SQLite names them, or its folder as a link or submodule."""
    folders = {Path(os.path.abspath(file.parent)), Path(os.path.realpath(file.parent))}  # noqa: PTH100
    inside = [folder.relative_to(root).as_posix() for folder in folders if folder.is_relative_to(root)]
    if not inside:
        return False
    wanted = [f":(icase,literal){folder}" for folder in inside]  # some file systems do not tell a from A
    # Nothing runs that the repository names, so it does not matter whose it is.
    reply = ask(root, "-c", "safe.directory=*", "ls-files", "-z", "--", *wanted, env={"GIT_LITERAL_PATHSPECS": "0"})
    folded = {folder.lower() for folder in inside}
    names = [name.lower() for name in reply.text.split("\0") if name]
    return any(name in folded or PurePosixPath(name).name.startswith(file.name) for name in names)


def _cache_folder(root: Path) -> Path:
    given = os.environ.get("OPRO_CACHE_DIR")
    return Path(given) if given else state_folder(root)


def run(job: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part to its end."""
    return asyncio.run(job)
