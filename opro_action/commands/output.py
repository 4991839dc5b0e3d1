"""Where a command's words go: the result to stdout or a file, progress and messages to stderr."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.suite.files import write_atomically


@dataclass(frozen=True)
class Output:
    """Where the result goes: `format` to stdout or to the file `output`; Markdown to the file `summary` besides."""

    format: str = "text"
    output: Path | None = None
    summary: Path | None = None


def write_result(output: Output, *, text: str, value: Any, markdown: str) -> None:
    """Write the result in the wanted forms; stdout carries nothing else."""
    forms = {"text": text, "json": json.dumps(value, ensure_ascii=False, indent=1) + "\n", "markdown": markdown}
    forms = {name: form.encode("utf-8", "replace").decode() for name, form in forms.items()}
    if output.summary:
        write_atomically(output.summary, markdown)
    if output.output:
        write_atomically(output.output, forms[output.format])
    else:
        sys.stdout.write(forms[output.format])


def say(line: str) -> None:
    """Write a line of progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
