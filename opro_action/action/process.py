"""Runs `opro` in a process of its own, and keeps what it left: exit code, last words, result and summary."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opro_action.action.runner import say
from opro_action.errors import NotMeasured
from opro_action.report import workflow


@dataclass(frozen=True)
class Done:
    """A finished `opro COMMAND`. `words` is the last line it wrote to stderr, `result` {} when it left none."""

    command: str
    exit_code: int
    words: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""

    @property
    def measured(self) -> bool:
        return self.exit_code != NotMeasured.exit_code


def call_opro(command: str, arguments: Sequence[str], *, env: Mapping[str, str], into: Path) -> Done:
    """Run `opro COMMAND ARGUMENTS` to its end, its JSON result in the file `into`.

    What it writes goes to the log, where no line of it is obeyed as a command.
    """
    summary = into.with_suffix(".md")
    program = Path(sys.executable).with_name("opro")
    asked = [command, "--format=json", f"--output={into}", f"--summary={summary}", *arguments]
    say(workflow.command("group", f"opro {command} {' '.join(arguments)}"))
    exit_code, words = _run([str(program), *asked], env)
    say("::endgroup::")
    return Done(command, exit_code, words, json.loads(_text(into) or "{}"), _text(summary))


def _run(command: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
    words = ""
    with (
        workflow.silenced(say),
        subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        ) as process,
    ):
        for line in process.stdout or ():
            say(line.rstrip("\n"))
            words = line.strip().removeprefix("error: ") or words
    return process.returncode, words


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""
