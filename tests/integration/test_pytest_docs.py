"""The examples of docs/pytest.md, run as they stand there against a model server on loopback."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litellm  # noqa: F401 - runs in this process drop what they import, and this one takes seconds
import plugin_world  # noqa: F401 - for the same reason
import pytest
from builders import write
from servers import ModelServer, last_user_message

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text()
FILE = re.compile(r"`([\w./-]+)`:\n\n```\w+\n(.*?)```\n", re.DOTALL)
SESSION = re.compile(r"```console\n(.*?)```\n", re.DOTALL)
RIGHT = {"charged": "billing", "crashes": "bug", "dark": "feature"}


def world(asked: dict[str, Any]) -> str:
    if not asked["messages"][0]["content"].startswith("Route"):
        return "Hello!"
    return next(label for word, label in RIGHT.items() if word in last_user_message(asked))


def examples() -> list[str]:
    """The numbered sections, in order; the later ones go on in the folder of the earlier."""
    return re.findall(r"^## \d+\. .*?(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)


def test_every_example_of_the_page_works_as_it_stands(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert len(examples()) >= 5
    with ModelServer(world) as server:
        monkeypatch.setenv("OPRO_API_BASE", server.url)
        for example in examples():
            for kind, first, second in _steps(example):
                if kind == "file":
                    write(pytester.path / first, second)
                else:
                    assert _missing(second, _printed(pytester, first)) == [], first


def _steps(example: str) -> Iterator[tuple[str, str, str]]:
    """Files and commands in the order in which a reader meets them."""
    found = [(match.start(), ("file", match[1], match[2])) for match in FILE.finditer(example)]
    for match in SESSION.finditer(example):
        for at, session in enumerate(match[1].removeprefix("$ ").split("\n$ ")):
            command, _, output = session.partition("\n")
            found.append((match.start() + at, ("command", command, output)))
    return (step for _, step in sorted(found))


def _printed(pytester: pytest.Pytester, command: str) -> list[str]:
    program, *arguments = shlex.split(command)
    if program == "pytest" and "-n" not in arguments:
        return pytester.runpytest_inprocess(*arguments).outlines
    module = ["-m", "pytest"] if program == "pytest" else []
    done = subprocess.run(
        [sys.executable, *module, *arguments], cwd=pytester.path, capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).splitlines()


def _missing(expected: str, printed: list[str]) -> list[str]:
    """The expected lines that were not printed in this order; `…` stands for anything."""
    rest = iter(printed)
    for line in expected.splitlines():
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        if not any(pattern.search(other) for other in rest):
            return [line, *printed]
    return []
