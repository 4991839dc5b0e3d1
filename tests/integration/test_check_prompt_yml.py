"""`opro check` on a `.prompt.yml` against a real model server: what goes over the wire, and the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders import write
from command_line import opro
from repositories import commit, repository
from servers import ModelServer

from opro_action.cli import main

FILE = """
name: Triage
model: openai/task
modelParameters: {temperature: 0, maxCompletionTokens: 50, topP: 0.5}
responseFormat: json_schema
jsonSchema: '{"name": "label", "schema": {"type": "object", "properties": {"label": {"type": "string"}}}}'
gate: {min_score: 1}
messages:
  - {role: system, content: Label the ticket.}
  - {role: user, content: 'Ticket: {{input}}'}
testData:
  - {id: refund, input: I was charged twice, expected: billing}
  - {id: crash, input: It crashes, expected: bug}
evaluators:
  - {name: label, string: {contains: '"label": "{{expected}}"'}}
  - name: right
    llm:
      modelId: openai/judge
      prompt: "Is {{completion}} right for {{input}}?"
      choices: [{choice: yes, score: 1}, {choice: no, score: 0}]
"""


def answer(asked: dict[str, Any]) -> str:
    said = asked["messages"][-1]["content"]
    if asked["model"] == "judge":
        return "It fits.\nYes" if "billing" in said else "No"
    return '{"label": "billing"}'


def test_a_prompt_yml_is_checked_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "prompts/triage.prompt.yml", FILE)
    with ModelServer(answer) as server:
        for name in ("OPRO_API_BASE", "OPRO_JUDGE_API_BASE"):
            monkeypatch.setenv(name, server.url)
        with pytest.raises(SystemExit) as end:
            main(["check", str(path), "--format=json"])
    [suite] = json.loads(capsys.readouterr().out)["suites"]

    assert (end.value.code, suite["verdict"], suite["score"]) == (1, "regressed", 0.75)
    assert [(case["id"], case["score"], case["passed"]) for case in suite["cases"]] == [
        ("refund", 1.0, True),
        ("crash", 0.5, False),
    ]
    assert suite["cases"][1]["explanation"].startswith('label: has to contain "')
    asked = [request for request in server.requests if request["model"] == "task"]
    sent = next(request for request in asked if "twice" in request["messages"][-1]["content"])
    assert sent["messages"] == [
        {"role": "system", "content": "Label the ticket."},
        {"role": "user", "content": "Ticket: I was charged twice"},
    ]
    assert (sent["temperature"], sent["max_completion_tokens"], sent["top_p"]) == (0, 50, 0.5)
    assert sent["response_format"]["json_schema"]["name"] == "label"


CHAT = """
model: echo
messages:
  - {{role: system, content: Route the ticket.}}
  - {{role: user, content: 'Ticket {{{{input}}}}.{more}'}}
testData:
{cases}
evaluators:
  - {{name: label, string: {{contains: '{{{{expected}}}}'}}}}
"""
CASES = "\n".join(f"  - {{id: c{i}, input: number {i}, label: bug, expected: bug}}" for i in range(24))


def test_a_change_to_the_messages_around_the_prompt_is_no_change_of_the_models_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repository(tmp_path) / "prompts/t.prompt.yml"
    write(path, CHAT.format(more=" Answer with the word {{label}}.", cases=CASES))
    assert opro(capsys, "check", path, "--update-baseline", "--force")[0] == 0
    commit(tmp_path)
    write(path, CHAT.format(more="", cases=CASES))
    code, out, _ = opro(capsys, "check", path)
    assert code == 1
    assert "REGRESSED" in out
    assert "the prompt at HEAD scored just now (the messages around the prompt changed)" in out
