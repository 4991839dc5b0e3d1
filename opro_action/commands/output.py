"""Where a command's words go: the result to stdout or a file, progress and messages to stderr."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

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
        write_atomically(output.summary, forms["markdown"])
    if output.output:
        write_atomically(output.output, forms[output.format])
    else:
        print_out(forms[output.format], exact=output.format != "text")


def print_out(text: str, *, exact: bool) -> None:
    """Write to stdout: what is `exact` as UTF-8, else with a question mark for what the terminal cannot show."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        if exact:
            sys.stdout.reconfigure(encoding="utf-8")
        else:
            sys.stdout.reconfigure(errors="replace")
    with until_closed(sys.stdout):
        sys.stdout.write(text)


def say(line: str) -> None:
    """Write a line of progress."""
    with until_closed(sys.stderr):
        sys.stderr.write(f"{line}\n")


@contextmanager
def until_closed(stream: TextIO) -> Iterator[None]:
    """Lets words go nowhere once the reader of a pipe has left, as `head` may: the exit code still has the verdict."""
    try:
        yield
        stream.flush()
    except OSError as error:
        # What was not written is kept, and would fail once more, with a code of its own, when the process ends.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise
