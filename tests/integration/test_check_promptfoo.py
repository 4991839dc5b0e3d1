"""A promptfoo configuration with several prompts on the command line: one suite each, told apart by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import write

from opro_action.cli import main

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


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_each_prompt_is_a_suite_with_a_name_of_its_own(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "check", config, "--max-cost=1", "--format=json")
    assert [(suite["suite"], suite["score"]) for suite in json.loads(out)["suites"]] == [
        ("promptfooconfig.yaml#1", 0.5),
        ("promptfooconfig.yaml#polite", 1.0),
    ]


def test_one_of_them_is_chosen_by_its_name(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", f"{config}#polite", "--update-baseline", "--format=json")
    assert (code, [suite["suite"] for suite in json.loads(out)["suites"]]) == (0, ["promptfooconfig.yaml#polite"])
    assert Path("promptfooconfig.polite.baseline.json").is_file()


@pytest.mark.parametrize("command", [("optimize", "promptfooconfig.yaml"), ("check", "promptfooconfig.yaml#rude")])
def test_a_name_that_does_not_mean_one_is_answered_with_those_there_are(
    config: str, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    code, _, err = run(capsys, *command)
    assert code == 2
    assert "name one of `promptfooconfig.yaml#1` or `promptfooconfig.yaml#polite`" in err
