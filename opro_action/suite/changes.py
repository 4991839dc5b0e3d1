"""Which suites a change touches, by what git says of the files that they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opro_action.errors import UsageError
from opro_action.suite.git import git
from opro_action.suite.scorer_specs import scorer_files
from opro_action.suite.suite import Suite


def changed_suites(suites: Sequence[Suite], *, base: str) -> list[Suite]:
    """The suites whose prompt, cases or suite file differ between `base` and the work tree; new files count.

    Raises UsageError outside of a git repository, and when there is no such ref.
    """
    return [suite for suite in suites if files_of(suite) & _changed_files(suite.root, base)]


def files_of(suite: Suite) -> frozenset[Path]:
    """Every file that a suite is read from, those that its scorers name included."""
    specs = [*suite.scorers, *(spec for case in suite.cases for spec in case.scorers)]
    cases = [case.path for case in suite.cases if case.path]
    return frozenset({suite.path, suite.prompt.path, *cases, *scorer_files(specs, suite.root)})


def _changed_files(root: Path, base: str) -> frozenset[Path]:
    top = git(root, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"{root}: --changed needs a git repository; leave it out to check all suites.")
    if base.startswith("-") or git(root, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}") is None:
        raise UsageError(f"--base {base}: there is no such commit here; fetch it, or name another.")
    listed = [
        git(Path(top), "diff", "--name-only", "-z", "--no-renames", base, "--"),
        git(Path(top), "ls-files", "--others", "--exclude-standard", "-z"),
    ]
    return frozenset(Path(top) / name for names in listed for name in (names or "").split("\0") if name)
