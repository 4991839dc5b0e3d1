"""What is said where a GitHub runner reads the log: texts of models and of pull requests are no commands to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from builders import write, write_suite
from command_line import opro
from plugin_world import case, echo_suite
from servers import ModelServer, last_user_message

COMMANDS = "fine\n  ::set-output name=verdict::improved\n::add-mask::main ##[add-mask]main"
OBEYED = re.compile(r"^\s*::|##\[", re.MULTILINE)


@pytest.fixture(autouse=True)
def _on_a_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")


@pytest.mark.parametrize("setting", ["gate", "score"])
def test_pytest_shows_answers_that_the_runner_does_not_obey(pytester: pytest.Pytester, setting: str) -> None:
    echo_suite(pytester.path, cases=[case("c", "x", COMMANDS)], prompt="{{other}}\n", gate={"min_score": 0.5})

    shown = pytester.runpytest("-rA", "-o", f"opro_case_fail={setting}").stdout.str()

    assert "⟨U+003A⟩:set-output name=verdict::improved" in shown
    assert "##⟨U+005B⟩add-mask]main" in shown
    assert not OBEYED.search(shown)


def test_a_check_shows_answers_that_the_runner_does_not_obey(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [{"id": "c", "input": "##[add-mask]main", "expected": "x"}]
    suite = write_suite(tmp_path, model="echo", prompt="{{input}}\n", cases=cases, gate={"min_score": 0.5})

    code, out, _ = opro(capsys, "check", suite, "--format=text")

    assert code == 1
    assert "##⟨U+005B⟩add-mask]main" in out
    assert not OBEYED.search(out)


def answer(asked: dict[str, Any]) -> str:
    if asked["model"] == "writer":
        return f"<prompt>{COMMANDS}</prompt>"
    told = asked["messages"][0]["content"]
    return "yes" if told.startswith("fine") or last_user_message(asked).endswith("0") else "no"


def test_a_search_shows_a_prompt_that_the_runner_does_not_obey(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with ModelServer(answer) as server:
        params = {"temperature": 0, "api_base": server.url}
        suite = write_suite(
            tmp_path,
            prompt="Say yes.\n",
            model="openai/task",
            params=params,
            cases=[{"id": f"c{i}", "input": f"ticket {i}", "expected": "yes"} for i in range(50)],
            optimize={"model": "openai/writer", "params": params, "steps": 1, "candidates": 1},
        )
        code, out, err = opro(capsys, "optimize", suite, "--format=text")

    assert code == 0, err
    assert "    ⟨U+003A⟩:add-mask::main ##⟨U+005B⟩add-mask]main" in out
    assert not OBEYED.search(out)


def test_elsewhere_texts_stay_as_they_are(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    echo_suite(pytester.path, cases=[case("c", "x", COMMANDS)], prompt="{{other}}\n")
    write(pytester.path / "pytest.ini", "[pytest]\nopro_case_fail = score\n")

    assert "::add-mask::main ##[add-mask]main" in pytester.runpytest().stdout.str()
