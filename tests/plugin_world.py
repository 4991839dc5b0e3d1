"""A repository with suites for runs of pytest in it: the model `echo` answers with the rendered prompt.

A case has a good and another text. Under the prompt GOOD every answer is right; under OTHER those are wrong whose two
texts differ.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import write, write_suite

# Runs in this process drop what they import; what is here already stays, and is imported once.
import opro_action.commands.record
import opro_action.pytest_plugin.fixture
import opro_action.pytest_plugin.items
import opro_action.pytest_plugin.selection
import opro_action.pytest_plugin.summary  # noqa: F401

GOOD, OTHER, BAD = "{{good}}\n", "{{other}}\n", "Hello {{good}}\n"


def case(name: str, good: str, other: str = "", **keys: Any) -> dict[str, Any]:
    """A case that OTHER answers wrongly when `other` is given."""
    return {"id": name, "vars": {"good": good, "other": other or good}, "expected": good, **keys}


CASES = (
    case("refund", "billing", "bug", must_pass=True, tags=["money"]),
    case("crash", "bug", "feature"),
    case("wish", "feature"),
)


def echo_suite(
    folder: Path, *, name: str = "routing", prompt: str = GOOD, cases: Sequence[Any] = CASES, **keys: Any
) -> Path:
    """Write a suite."""
    fields = {"model": "echo", "params": {"temperature": 0}, "cases": list(cases), **keys}
    return write_suite(folder, name=name, prompt=prompt, **fields)


def set_prompt(folder: Path, text: str, *, name: str = "routing") -> None:
    """Change the prompt of a suite."""
    write(folder / "prompts" / f"{name}.md", text)


def recorded(pytester: pytest.Pytester, **keys: Any) -> Path:
    """A suite with a baseline of the prompt GOOD; its answers are in the cache."""
    suite = echo_suite(pytester.path, **keys)
    assert pytester.runpytest("--opro-update-baseline").ret == 0
    return suite


def line_of(suite: Path, name: str) -> int:
    """The line of a case."""
    return next(n for n, row in enumerate(suite.read_text().splitlines(), 1) if row.endswith(f"id: {name}"))


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    """The counts of the last line, with warnings, so that a test sees those too."""
    return result.parseoutcomes()


def section(result: pytest.RunResult) -> list[str]:
    """The lines of our section, without its heading; none when there is none."""
    lines = result.outlines
    heads = [at for at, line in enumerate(lines) if re.fullmatch(r"=+ opro =+", line)]
    if not heads:
        return []
    behind = [at for at in range(heads[0] + 1, len(lines)) if re.match(r"[=!]|\d+ (passed|failed|error)", lines[at])]
    return lines[heads[0] + 1 : behind[0]]


def spent(result: pytest.RunResult) -> tuple[int, int]:
    """Calls and answers from the cache, as the section says; (0, 0) without one."""
    found = [re.match(r"(\d+) calls,.* (\d+) from cache", line) for line in section(result)]
    return next(((int(match[1]), int(match[2])) for match in found if match), (0, 0))


def asked_so_far(folder: Path) -> int:
    """How many answers the cache holds: one for each question that was ever paid for."""
    file = folder / ".opro" / "cache.sqlite"
    if not file.exists():
        return 0
    db = sqlite3.connect(file)
    try:
        return int(db.execute("SELECT count(*) FROM answers").fetchone()[0])
    finally:
        db.close()
