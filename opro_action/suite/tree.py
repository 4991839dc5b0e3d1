"""A repository as a commit or the index has it, and the suites that stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import sep
from pathlib import Path

from opro_action.errors import UsageError
from opro_action.suite.checkout import Checkout, checked_out
from opro_action.suite.git import ask, commit_of, copied_index, git
from opro_action.suite.reading import read_suites
from opro_action.suite.sources import is_file, shown, supplied_by
from opro_action.suite.suite import Suite

_RENAMES = "--find-renames=30%"
"""A suite of a few lines that is moved has other paths in most of them."""


@dataclass(frozen=True)
class Tree:
    """What a commit, or the index, of the folder `repository` holds: the folder `root` stands for it.

    `source` names it in messages. `commit` is None for the index.
    """

    source: str
    repository: Path
    root: Path
    commit: str | None
    checkout: Checkout = field(repr=False)


@contextmanager
def tree_at(root: Path, ref: str) -> Iterator[Tree]:
    """The repository `root` as it is at the commit `ref`, for as long as the context is open.

    Work tree and index stay as they are. Files have the line ends of a checkout, those of git LFS are pointers. Links
    are links, which no reader of suites follows out of the folder; submodules are empty. Raises UsageError when there
    is no such commit, and outside of a git repository.
    """
    with _tree(root, commit_of(root, ref), ref) as tree:
        yield tree


@contextmanager
def tree_of_index(root: Path) -> Iterator[Tree]:
    """As `tree_at`, with what is staged: within a commit hook that is what is being committed."""
    with _tree(root, None, "the index") as tree:
        yield tree


@contextmanager
def _tree(root: Path, commit: str | None, source: str) -> Iterator[Tree]:
    with checked_out(root, commit) as checkout:
        place = checkout.files / (git(root, "rev-parse", "--show-prefix") or "")
        yield Tree(source, root, place, commit, checkout)


def suite_at(suite: Suite, tree: Tree, *, model: str | None = None) -> Suite | None:
    """The same suite as it stands in `tree`; None when it is not there.

    It is the one at the same path, or, for a renamed file, at the old path: the one that git finds, when cases or
    prompt are the same. Of several in a file it is the one of the same name, or else the only one with the same prompt
    file and model. `model` is as for `read_suites`. `root` and all paths of what is returned lie in the tree's folder,
    which has to be there for as long as a Python scorer runs; all that lies beside a file that was read is there too,
    such as the baseline of that time. The `title` is that of the repository.
    Raises UsageError, with the reason, when it cannot be read.
    """
    name = suite.relative(suite.path)
    if _holds(tree, name):
        return _same(suite, read_at(name, tree, model=model), tree)
    old = _old_name(name, tree)
    found = _same(suite, read_at(old, tree, model=model), tree) if old else None
    return found if found and _shares(suite, found, tree) else None


def read_at(name: str, tree: Tree, *, model: str | None = None) -> list[Suite]:
    """The suites in the file that the repository calls `name`, as `tree` has it; raises UsageError with the reason."""
    try:
        with supplied_by(tree.checkout.supply):
            return read_suites(tree.root / name, root=tree.root, model=model)
    except UsageError as error:
        reason = str(error)
        for folder in (tree.root, shown(tree.root)):
            reason = reason.replace(f"{folder}{sep}", "")
        raise UsageError(f"{name} cannot be read as it is at {tree.source} ({reason})") from None


def _same(suite: Suite, found: Sequence[Suite], tree: Tree) -> Suite | None:
    named = [other for other in found if other.part == suite.part]
    if named:
        return named[0]
    alike = [other for other in found if other.model.id == suite.model.id and _same_prompt(suite, other, tree)]
    return alike[0] if len(alike) == 1 else None


def _shares(suite: Suite, other: Suite, tree: Tree) -> bool:
    """Whether two suites have more in common than the words in which all suites are written."""
    digests = {case.digest for case in suite.cases}
    return any(case.digest in digests for case in other.cases) or _same_prompt(suite, other, tree)


def _same_prompt(suite: Suite, other: Suite, tree: Tree) -> bool:
    now, then = suite.relative(suite.prompt.path), other.relative(other.prompt.path)
    return then == (now if _holds(tree, now) else _old_name(now, tree))


def _holds(tree: Tree, name: str) -> bool:
    with supplied_by(tree.checkout.supply):
        return is_file(tree.root / name)


def _old_name(name: str, tree: Tree) -> str | None:
    """What a file that is not in `tree` was called there, as git finds renames; it need not be added to git."""
    with copied_index(tree.repository) as env:
        ask(tree.repository, "update-index", "--add", "--info-only", "--", name, env=env)
        against = [tree.commit] if tree.commit else []
        diff = ("diff", "-z", "--name-status", "--relative", _RENAMES, "--diff-filter=R", *against, "--")
        fields = ask(tree.repository, *diff, env=env).text.split("\0")
    renamed = dict(zip(fields[2::3], fields[1::3], strict=False))
    return renamed.get(name)
