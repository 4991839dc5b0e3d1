"""What is asked of git, without the `GIT_*` variables that a commit hook sets for its own repository.

Nothing of the user's is written: not the work tree, not the index, no object, and no hook runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opro_action.errors import UsageError

_OURS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",  # a pointer stays one; its content would come from a server
    "LC_ALL": "C",
}
_QUIET = ("-c", "core.splitIndex=false", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_KEPT = ("GIT_CONFIG_", "GIT_EXEC_PATH")
"""Variables that say how git works and not on which repository: `safe.directory` of a container is set with them."""


@dataclass(frozen=True)
class Reply:
    """What git printed; names in it that are no UTF-8 are as `os.fsdecode` has them. `refusal` is why it said no."""

    text: str
    refusal: str | None = None


def ask(root: Path, *args: str, feed: str = "", env: Mapping[str, str] | None = None) -> Reply:
    """The reply of `git ARGS` run in `root`; `env` is added to its environment."""
    try:
        done = subprocess.run(
            ["git", *_QUIET, "-C", str(root), *args],
            input=os.fsencode(feed),
            capture_output=True,
            env={**_environment(), **_OURS, **(env or {})},
            check=False,
        )
    except (OSError, ValueError) as error:
        return Reply("", f"git cannot be run: {str(error).lower()}")
    refusal = _refusal(os.fsdecode(done.stderr)) if done.returncode else None
    return Reply(os.fsdecode(done.stdout), refusal)


def git(root: Path, *args: str) -> str | None:
    """What `git ARGS` prints in `root`, without the last newline; None when git is missing or says no."""
    reply = ask(root, *args)
    return None if reply.refusal is not None else reply.text.removesuffix("\n")


def head_commit(root: Path) -> str | None:
    """The commit that the work tree stands at, or None outside of git and before the first commit."""
    return git(root, "rev-parse", "--verify", "--quiet", "HEAD")


def in_repository(root: Path) -> bool:
    """Whether `root` lies in a git repository, also one that git itself, missing or distrustful, says nothing of."""
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def last_change(path: Path) -> tuple[str, str] | None:
    """The day (YYYY-MM-DD) and the short name of the last commit that changed a file; None when there is none.

    Both are "" in a shallow clone that does not go back so far: its oldest commit seems to have brought every file.
    """
    found = git(path.parent, "log", "-1", "--format=%cs %h %P", "--", path.name)
    if not found:
        return None
    day, commit, *parents = found.split()
    cut_off = not parents and git(path.parent, "rev-parse", "--is-shallow-repository") == "true"
    return ("", "") if cut_off else (day, commit)


def commit_of(root: Path, ref: str) -> str:
    """The name of the commit `ref`; before the first commit that of an empty tree, for HEAD.

    Raises UsageError when there is no such commit here, and outside of a work tree.
    """
    top_of(root)
    found = None if ref.startswith("-") else git(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if found is None and ref == "HEAD" and head_commit(root) is None:
        found = git(root, "hash-object", "-t", "tree", "--stdin")
    if found is None:
        fetch = "fetch it (`git fetch`, or `fetch-depth: 0` for actions/checkout)"
        raise UsageError(f"--base {ref}: there is no such commit here; {fetch}, or name another.")
    return found


def top_of(root: Path) -> Path:
    """The top of the work tree around `root`; raises UsageError when there is none."""
    reply = ask(root, "rev-parse", "--show-toplevel")
    if reply.refusal is not None:
        leave = "leave --changed and --base out to check all suites as they are"
        raise UsageError(f"{root}: --changed and --base need a git repository ({reply.refusal}); {leave}.")
    return Path(reply.text.removesuffix("\n"))


def index_of(root: Path) -> tuple[Path, Path]:
    """The folder that git keeps for the work tree around `root`, and its index; within a hook that of the commit.

    Raises UsageError when there is no work tree.
    """
    top = top_of(root)
    folder = Path(git(root, "rev-parse", "--absolute-git-dir") or top / ".git")
    given = os.environ.get("GIT_INDEX_FILE")
    hooked = Path(os.path.realpath(top / given)) if given else None
    is_here = hooked is not None and hooked.parent == Path(os.path.realpath(folder))
    return folder, hooked if hooked and is_here else folder / "index"


@contextmanager
def copied_index(root: Path) -> Iterator[dict[str, str]]:
    """Variables with which git works on a copy of the index: `git diff` writes to it what it learned of the files."""
    _, index = index_of(root)
    with tempfile.TemporaryDirectory(prefix="opro-index-") as folder:
        copy = Path(folder) / "index"
        if index.exists():
            shutil.copyfile(index, copy)
        yield {"GIT_INDEX_FILE": str(copy)}


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_kept(name)}


def _is_kept(name: str) -> bool:
    return name.startswith(_KEPT) and name != "GIT_CONFIG_PARAMETERS"  # what `git -c` gives its own hooks


def _refusal(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return next(iter([*fatal, *lines]), "git says no").removeprefix("fatal: ").removeprefix("error: ")
