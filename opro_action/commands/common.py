"""What the commands that ask models share: finding suites, opening models."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from opro_action.commands.output import say
from opro_action.errors import UsageError
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache
from opro_action.models.connect import Models
from opro_action.suite.discovery import find_root, find_suites
from opro_action.suite.files import state_folder
from opro_action.suite.reading import read_suites
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

    A `budget` that was begun before goes on; it stands for the bounds in `calls`.
    """
    budget = budget or Budget(max_calls=calls.max_calls, max_cost=calls.max_cost, max_minutes=calls.max_minutes)
    cache = None if calls.no_cache else Cache(_cache_folder(root) / "cache.sqlite", warn=warn)
    return Models(budget=budget, cache=cache, concurrency=calls.concurrency, offline=calls.offline)


def _cache_folder(root: Path) -> Path:
    given = os.environ.get("OPRO_CACHE_DIR")
    return Path(given) if given else state_folder(root)


def run(job: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part to its end."""
    return asyncio.run(job)
