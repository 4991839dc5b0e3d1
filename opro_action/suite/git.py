"""What is asked of git, without the `GIT_*` variables that a commit hook sets for its own repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(root: Path, *args: str) -> str | None:
    """What `git ARGS` prints in `root`, without the last newline; None when git is missing or says no."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *args], capture_output=True, encoding="utf-8", env=environment, check=False
        )
    except OSError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def head_commit(root: Path) -> str | None:
    """The commit that the work tree stands at, or None outside of git and before the first commit."""
    return git(root, "rev-parse", "--verify", "--quiet", "HEAD")


def last_change(path: Path) -> tuple[str, str] | None:
    """The day (YYYY-MM-DD) and the short name of the last commit that changed a file; None when there is none."""
    found = git(path.parent, "log", "-1", "--format=%cs %h", "--", path.name)
    day, _, commit = (found or "").partition(" ")
    return (day, commit) if commit else None
