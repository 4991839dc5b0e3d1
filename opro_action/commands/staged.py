"""The suites as they are staged: within a commit hook that is what is being committed, whatever the work tree holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opro_action.errors import UsageError
from opro_action.suite.discovery import find_root, find_suites
from opro_action.suite.sources import settled, supplied_by
from opro_action.suite.suite import Suite
from opro_action.suite.tree import Tree, read_at, tree_of_index


@dataclass(frozen=True)
class Staged:
    """Suites of the index; their files are there for as long as `tree` is."""

    suites: list[Suite]
    tree: Tree


@contextmanager
def staged_suites(paths: Sequence[Path], model: str | None) -> Iterator[Staged]:
    """The named suites, or all of the repository around the current folder, as they are staged.

    Raises UsageError outside of a git repository, and for a named one that is not staged.
    """
    root = find_root(paths[0] if paths else Path.cwd() / "evals")
    with tree_of_index(root) as tree:
        names = [_name(path, root) for path in paths] or _all_names(tree)
        yield Staged([suite for name in names for suite in _read(name, tree, model)], tree)


def _name(path: Path, root: Path) -> str:
    place = settled(path)
    if not place.is_relative_to(root):
        raise UsageError(f"{path}: lies outside the repository {root}; --staged takes suites of one repository.")
    return place.relative_to(root).as_posix()


def _all_names(tree: Tree) -> list[str]:
    for folder in ("evals", "prompts"):
        tree.checkout.supply(tree.root / folder, below=True)
    with supplied_by(tree.checkout.supply):
        return [path.relative_to(tree.root).as_posix() for path in find_suites(tree.root)]


def _read(name: str, tree: Tree, model: str | None) -> list[Suite]:
    file, mark, part = name.partition("#")
    found = [suite for suite in read_at(file, tree, model=model) if not mark or suite.part == part]
    if not found:
        raise UsageError(f"{name}: there is no such suite among the staged ones.")
    return found
