"""What tests of promptfoo configurations are built from."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from builders import write

from opro_action.errors import FileError
from opro_action.suite.promptfoo import read_promptfoo
from opro_action.suite.suite import Case, ScorerSpec, Suite

PROMPTS = 'prompts: ["{{output}}"]\n'
PROVIDERS = "providers: [echo]\n"
HEAD = PROMPTS + PROVIDERS
TESTS = "tests:\n  - vars: {output: x}\n    assert: [{type: equals, value: x}]\n"


def suites_of(folder: Path, text: str, *, name: str = "promptfooconfig.yaml", model: str | None = None) -> list[Suite]:
    """The suites of a configuration with this text."""
    path = write(folder / name, textwrap.dedent(text))
    return read_promptfoo(path.resolve(), folder.resolve(), model=model)


def suite_of(folder: Path, text: str) -> Suite:
    """The only suite of a configuration."""
    [suite] = suites_of(folder, text)
    return suite


def cases_of(folder: Path, tests: str, *, head: str = HEAD) -> tuple[Case, ...]:
    """The cases of the tests, which are written as the entries of `tests`."""
    return suite_of(folder, f"{head}tests:\n{textwrap.indent(textwrap.dedent(tests), '  ')}").cases


def scorer_of(folder: Path, assertion: str, *, test: str = "vars: {output: x}") -> ScorerSpec:
    """The scorer of one assertion, which is written in flow style."""
    [case] = cases_of(folder, f"- {test}\n  assert: [{assertion}]\n")
    [spec] = case.scorers
    return spec


def error_of(folder: Path, text: str) -> str:
    """What is said of a configuration that is refused: `file:line: what`."""
    with pytest.raises(FileError) as caught:
        suites_of(folder, text)
    return str(caught.value)


def refusal(folder: Path, assertion: str, *, test: str = "vars: {output: x}") -> str:
    """What is said of a test that is refused."""
    return error_of(folder, f"{HEAD}tests:\n  - {test}\n    assert:\n      - {assertion}\n")
