"""`python -m opro_action.action STEP`: the steps of action.yml."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from opro_action.action.environment import publisher_environment
from opro_action.action.runner import annotate
from opro_action.errors import OproError, UsageError

WITH_TOKEN = frozenset({"publish", "permission", "declined"})
CLEAN = "clean"
"""The word after a step's name that says that nothing but the token is left in the environment."""


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Do the step that `argv` names; an expected error becomes an annotation and its exit code."""
    try:
        return _step(argv[0] if argv else "", env)
    except OproError as error:
        annotate("error", str(error))
        return error.exit_code


def _step(name: str, env: Mapping[str, str]) -> int:
    # Imported one by one: what asks models and what writes to GitHub never meet in a process.
    if name == "run":
        from opro_action.action.run import run

        return run(env)
    if name == "publish":
        from opro_action.action.publish import publish

        return publish(env)
    if name == "permission":
        from opro_action.action.permission import permission

        return permission(env)
    if name == "declined":
        from opro_action.action.declined import declined

        return declined(env)
    raise UsageError(f"opro_action.action has no step {name!r}")


def start() -> None:
    """Run the step. One with a token first gets rid of all that could be a key, by becoming a process without it."""
    words = sys.argv[1:]
    if words and words[0] in WITH_TOKEN and CLEAN not in words:
        again = [sys.executable, "-I", "-m", "opro_action.action", words[0], CLEAN]
        os.execve(sys.executable, again, publisher_environment(os.environ))  # noqa: S606 - no shell is wanted
    sys.exit(main(words, os.environ))


if __name__ == "__main__":
    start()
