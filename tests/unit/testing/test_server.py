"""The simulator over HTTP: what a program that knows nothing of this package is answered."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from opro_action.suite.reading import read_suite
from opro_action.testing import World, first_prompt
from opro_action.testing.server import SimulatorServer
from opro_action.testing.vocabulary import INTRO

WORLD = World.named("high_noise", 0)


def ask(url: str, model: str, *contents: str, **params: Any) -> str:
    roles = ("system", "user") if len(contents) == 2 else ("user",)
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    body = json.dumps({"model": model, "messages": messages, **params}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(json.load(response)["choices"][0]["message"]["content"])


def test_the_task_model_answers_as_in_process() -> None:
    with SimulatorServer(WORLD) as server:
        found = [ask(server.url, "task", INTRO[0], WORLD.ticket(n).text, temperature=0) for n in range(5)]
        assert server.task_calls == 5
    assert found == [WORLD.answer(INTRO[0], number) for number in range(5)]


def test_a_request_that_comes_again_gets_the_next_sample() -> None:
    with SimulatorServer(WORLD) as server:
        found = [ask(server.url, "task", INTRO[0], WORLD.ticket(1).text, temperature=1) for _ in range(8)]
    assert found == [WORLD.answer(INTRO[0], 1, sample) for sample in range(8)]


def test_any_other_name_writes_and_may_name_a_hand() -> None:
    with SimulatorServer(WORLD) as server:
        written = ask(server.url, "writer", f"Improve: {INTRO[0]} Answer between <p> and </p>.")
        broken = [
            ask(server.url, "writer-garbled", f"Improve {n}: {INTRO[0]} Between <p> and </p>.") for n in range(30)
        ]
        assert (server.writer_calls, server.task_calls) == (31, 0)
    assert written.startswith("<p>")
    assert sum(not reply.startswith("<p>") for reply in broken) > 4


def test_after_the_limit_the_task_model_refuses_and_the_optimizer_model_does_not() -> None:
    with SimulatorServer(WORLD, limit=2) as server:
        for _ in range(2):
            ask(server.url, "task", INTRO[0], WORLD.ticket(1).text)
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(server.url, "task", INTRO[0], WORLD.ticket(2).text)
        refused.value.close()
        ask(server.url, "writer", "Improve it.")
        assert (refused.value.code, server.task_calls, server.refused) == (402, 2, 1)


def test_what_is_no_chat_completion_request_is_refused() -> None:
    with SimulatorServer(WORLD) as server:
        request = urllib.request.Request(f"{server.url}/chat/completions", b"[1]")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        refused.value.close()
    assert refused.value.code == 400


def test_served_from_the_command_line_it_writes_a_suite_and_prints_both_addresses(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "opro_action.testing", "--landscape", "high_noise", "--write", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        path, url = (process.stdout.readline().strip() for _ in range(2))
        suite = read_suite(Path(path), root=tmp_path)
        assert suite.model.params["api_base"] == url
        assert suite.prompt.text == first_prompt(WORLD)
        assert ask(url, "task", INTRO[0], suite.cases[0].vars["input"], temperature=0) == WORLD.answer(INTRO[0], 0)
    finally:
        process.terminate()
        process.communicate(timeout=10)
