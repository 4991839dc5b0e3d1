"""The accepted side of a check where no baseline fits: the suites as they are at a git ref."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opro_action.gate.side import Base
from opro_action.suite.git import in_repository
from opro_action.suite.suite import Suite
from opro_action.suite.tree import Tree, suite_at, tree_at

HEAD = "HEAD"


@contextmanager
def base_at(ref: str | None, *, model: str | None = None, repository: Path | None = None) -> Iterator[Base]:
    """The suites at `ref`, read when the first one is asked for; `model` is their task model instead of their own.

    Without a `ref` it is HEAD, inside of a git repository. `repository` is the one of suites that were read from a tree
    of it.
    """
    with ExitStack() as opened:
        trees: dict[Path, Tree | None] = {}

        def suite_of(suite: Suite) -> Suite | None:
            root = repository or suite.root
            if root not in trees:
                trees[root] = _opened(opened, root, ref)
            tree = trees[root]
            return suite_at(suite, tree, model=model) if tree else None

        yield Base(ref or HEAD, suite_of)


def _opened(opened: ExitStack, root: Path, ref: str | None) -> Tree | None:
    if ref is None and not in_repository(root):
        return None
    return opened.enter_context(tree_at(root, ref or HEAD))
