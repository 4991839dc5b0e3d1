"""A promptfoo configuration with several prompts on the command line: one suite each, told apart by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders import write
from command_line import opro

from opro_action.search.candidates import FORBIDDEN, Rules, rejection
from opro_action.suite.reading import read_suites

CONFIG = """\
prompts: ["Label {{ticket}}", {label: polite, raw: "Please label {{ticket}}"}]
providers: [echo]
tests:
  - {vars: {ticket: money back}, assert: [{type: contains, value: money}, {type: starts-with, value: Please}]}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "promptfooconfig.yaml", CONFIG).name


def test_each_prompt_is_a_suite_with_a_name_of_its_own(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = opro(capsys, "check", config, "--max-cost=1", "--format=json")
    assert [(suite["suite"], suite["score"]) for suite in json.loads(out)["suites"]] == [
        ("promptfooconfig.yaml#1", 0.5),
        ("promptfooconfig.yaml#polite", 1.0),
    ]


def test_one_of_them_is_chosen_by_its_name(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = opro(capsys, "check", f"{config}#polite", "--update-baseline", "--format=json")
    assert (code, [suite["suite"] for suite in json.loads(out)["suites"]]) == (0, ["promptfooconfig.yaml#polite"])
    assert Path("promptfooconfig.polite.baseline.json").is_file()


@pytest.mark.parametrize("command", [("optimize", "promptfooconfig.yaml"), ("check", "promptfooconfig.yaml#rude")])
def test_a_name_that_does_not_mean_one_is_answered_with_those_there_are(
    config: str, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    code, _, err = opro(capsys, *command)
    assert code == 2
    assert "name one of `promptfooconfig.yaml#1` or `promptfooconfig.yaml#polite`" in err


@pytest.mark.parametrize(
    "text",
    [
        "Say {{x}} {% if polite %}kindly{% endif %}",
        "{{ x | upper }}",
        "{# note #} {{x}}",
        "yes/no",
        "notes.txt",
        "**bold**",
        '[{"role": "user"}]',
        "One.\n---\nTwo.",
    ],
)
def test_a_text_that_promptfoo_would_read_as_something_else_is_no_candidate(config: str, text: str) -> None:
    suite = read_suites(Path(config))[0]
    assert rejection(text, replace(Rules.around(suite.prompt, (), None), seed=text), ()) == FORBIDDEN
    assert rejection("Label: {{ticket}}", Rules.around(suite.prompt, (), None), ()) is None


def test_a_prompt_that_cannot_be_rewritten_is_not_searched(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    chat = 'prompts: [\'[{"role": "user", "content": "Label {{ticket}}"}]\']'
    tests = [f"  - {{vars: {{ticket: t{i}}}, assert: [{{type: contains, value: t{i}}}]}}" for i in range(20)]
    write(Path(config), "\n".join([chat, "providers: [echo]", "tests:", *tests, ""]))
    code, _, err = opro(capsys, "optimize", config, "--dry-run")
    assert code == 2
    assert "promptfooconfig.yaml:1: " in err


def test_a_prompt_of_another_format_is_not_compared_by_the_native_rules(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("p.md"), "Label {{ticket}}\n")
    code, _, err = opro(capsys, "check", f"{config}#1", "--prompt=p.md")
    assert code == 2
    assert "prompts have other rules" in err
