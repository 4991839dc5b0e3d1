"""What a pull request may not change while keys are at hand: code that would run, and where keys and texts go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opro_action.errors import FileError, UsageError
from opro_action.suite.code import untrusted_parts
from opro_action.suite.discovery import find_root, find_suites
from opro_action.suite.reading import also_suites, read_suites
from opro_action.suite.suite import Suite

_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASS|CREDENTIAL|AUTH|DSN|(?:^|_)PAT(?:_|$)", re.IGNORECASE)
_OF_THE_RUNNER = ("GITHUB_", "ACTIONS_", "RUNNER_", "OPRO_INPUT_")


def refuse_untrusted(paths: Sequence[Path], env: Mapping[str, str], *, base: str | None) -> None:
    """Raise UsageError when a stranger's change would have its own code run, or keys sent to a place of its own.

    `env` is what the process that asks models will have. Without a secret in it there is nothing to lose. `base` is the
    commit that vouches for code, which GitHub names and the change could not have made; None says that what is checked
    out is the repository's own. A suite that cannot be read is left to the command, which says why.
    """
    if base is None or not any(map(_is_secret, env)):
        return
    for suite in _suites(paths):
        parts = untrusted_parts(suite, base)
        if parts:
            raise UsageError(
                f"{suite.title}: this pull request changes what keys must not meet unreviewed "
                f"({'; '.join(part.what for part in parts)}), or its base commit is not here: merge these parts first, "
                "give no keys to this job, or set `fetch-depth: 2` for actions/checkout."
            )


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not name.startswith(_OF_THE_RUNNER)


def _suites(paths: Sequence[Path]) -> Iterator[Suite]:
    root = find_root(Path.cwd() / "evals")
    for path in paths or find_suites(root):
        try:
            for suite in read_suites(path, root=None if paths else root):
                yield suite
                yield from also_suites(suite)
        except FileError:
            continue
