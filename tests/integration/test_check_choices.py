"""What `opro check` is asked for: some of the cases, or several prompts side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from builders import write, write_suite
from command_line import opro
from servers import ModelServer, last_user_message

from opro_action.suite.schemas import schema


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    code, out, err = opro(capsys, *arguments, "--format=json")
    assert code == 0, err
    result: dict[str, Any] = json.loads(out)
    jsonschema.validate(result, schema("result"))
    return result


def suite_of(folder: Path, server: ModelServer, **keys: Any) -> Path:
    """Thirty cases, every third tagged; the model answers right when the prompt says so, else every other case."""
    cases = [{"id": f"c{i}", "input": str(i), "expected": "yes", "tags": ["third"] * (i % 3 == 0)} for i in range(30)]
    params = {"temperature": 0, "api_base": server.url}
    return write_suite(folder, prompt="Answer.\n", model="openai/test", params=params, cases=cases, **keys)


def answer(asked: dict[str, Any]) -> str:
    told = asked["messages"][0]["content"]
    return "yes" if "right" in told or int(last_user_message(asked)) % 2 else "no"


def test_a_tag_and_a_part_of_the_id_choose_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(answer) as server:
        suite = suite_of(tmp_path, server)
        tagged = as_json(capsys, "check", suite, "--tag=third", "--tag=other")
        both = as_json(capsys, "check", suite, "--tag=third", "-k", "C1")
    assert [case["id"] for case in tagged["suites"][0]["cases"]] == [f"c{i}" for i in range(0, 30, 3)]
    assert [case["id"] for case in both["suites"][0]["cases"]] == ["c12", "c15", "c18"]


def test_chosen_cases_are_compared_with_their_own_part_of_the_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(answer) as server:
        suite = suite_of(tmp_path, server)
        opro(capsys, "check", suite, "--update-baseline")
        found = as_json(capsys, "check", suite, "--tag=third")["suites"][0]
    assert (found["verdict"], found["n"], found["removed_cases"]) == ("unchanged", 10, [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tag=none"], "--tag and -k leave no case"),
        (["-k", "c1", "--update-baseline"], "leave out --tag and -k"),
        (["--prompt=prompts/routing.md", "--update-baseline"], "leave out --update-baseline"),
        (["--prompt=prompts/gone.md"], "gone.md: "),
    ],
)
def test_a_choice_that_cannot_be_followed_ends_with_2_before_any_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with ModelServer(answer) as server:
        code, _, err = opro(capsys, "check", suite_of(tmp_path, server), *options)
        assert (code, server.count) == (2, 0)
    assert said in err


def test_two_prompts_are_compared_case_by_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    better = write(tmp_path / "prompts/better.md", "Answer right.\n")
    with ModelServer(answer) as server:
        suite = suite_of(tmp_path, server)
        found = as_json(capsys, "check", suite, f"--prompt={tmp_path / 'prompts/routing.md'}", f"--prompt={better}")
        _, text, _ = opro(capsys, "check", suite, f"--prompt={better}")
        assert server.count == 60, "the second comparison is answered from the cache"
    first, second = found["prompts"]
    assert (first["prompt"], first["score"], first["delta"]) == ("prompts/routing.md", 0.5, None)
    assert (second["score"], second["delta"], len(second["better_cases"])) == (1.0, 0.5, 15)
    assert second["p_value"] < 0.001
    assert "prompts/better.md: score 1.00" in text
    assert "+0.50 (95 %: " in text
    assert "against prompts/routing.md, p < 0.001 (two-sided)" in text


def test_a_prompt_whose_answers_cannot_be_had_is_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(answer) as server:
        suite = suite_of(tmp_path, server)
    code, out, err = opro(capsys, "check", suite, f"--prompt={tmp_path / 'prompts/routing.md'}", "--offline")
    assert (code, out) == (3, "")
    assert "not in the cache" in err
