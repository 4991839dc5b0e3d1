"""What a step tells the runner: lines of the log, outputs, the job summary."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from opro_action.report import workflow


def say(line: str) -> None:
    """Write a line to the log, where the runner obeys it if it is a command."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def annotate(level: str, message: str) -> None:
    """Make an annotation: `notice`, `warning` or `error`."""
    say(workflow.command(level, message))


def set_outputs(env: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Set outputs of the step."""
    _append(env, "GITHUB_OUTPUT", workflow.outputs(values))


def add_summary(env: Mapping[str, str], markdown: str) -> None:
    """Add to the job summary."""
    _append(env, "GITHUB_STEP_SUMMARY", markdown)


def _append(env: Mapping[str, str], name: str, text: str) -> None:
    if env.get(name):
        with Path(env[name]).open("a", encoding="utf-8") as file:
            file.write(text)
