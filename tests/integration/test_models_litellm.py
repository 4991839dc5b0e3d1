"""litellm against a real server on loopback: one attempt is one request, errors keep their meaning."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import ModelServer, Reply, completion, failure, last_user_message

from opro_action.errors import BudgetSpent, CallFailed, CallRefused
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache
from opro_action.models.connect import Models
from opro_action.models.failures import Unanswered, Unreachable
from opro_action.models.litellm_model import LitellmModel, load_litellm, missing_keys
from opro_action.models.model import Completion, Message, Request
from opro_action.models.retry import RetryPolicy
from opro_action.suite.suite import ModelSpec

KEY = "sk-a-key-that-must-not-show"
QUICK = RetryPolicy(first_wait=0.01)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def ask(spec: ModelSpec, text: str = "hi", **fields: Any) -> Completion:
    async def run() -> Completion:
        model = LitellmModel(spec)
        try:
            return await model.complete(Request(spec.id, (Message("user", text),), spec.params, **fields))
        finally:
            await model.aclose()

    return asyncio.run(run())


def ask_all(models: Models, spec: ModelSpec, number: int) -> list[Completion | BaseException]:
    async def run() -> list[Completion | BaseException]:
        async with models:
            model = models.connect(spec, "task")
            requests = [Request(spec.id, (Message("user", str(n)),)) for n in range(number)]
            return await asyncio.gather(*map(model.complete, requests), return_exceptions=True)

    return asyncio.run(run())


def at(server: ModelServer, **params: Any) -> ModelSpec:
    return ModelSpec("openai/some-model", {"api_base": server.url, **params})


def test_an_answer_carries_text_tokens_and_how_it_ended(server: ModelServer) -> None:
    server.answer = lambda asked: (200, {}, completion(asked, "one two", finish_reason="length"))
    answer = ask(at(server), "a b c")
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("one two", 3, 2)
    assert answer.finish_reason == "length"
    assert answer.latency_s > 0


def test_messages_and_parameters_are_sent_as_they_are(server: ModelServer) -> None:
    ask(at(server, temperature=0, max_tokens=7, seed=3), response_format={"type": "json_object"})
    sent = server.requests[0]
    assert sent["messages"] == [{"role": "user", "content": "hi"}]
    assert (sent["temperature"], sent["max_tokens"], sent["seed"]) == (0, 7, 3)
    assert sent["response_format"] == {"type": "json_object"}
    assert "repeat" not in sent


def test_no_text_is_an_empty_answer(server: ModelServer) -> None:
    server.answer = lambda asked: (200, {}, completion(asked, None))
    assert ask(at(server)).text == ""


@pytest.mark.parametrize(("reason", "remedy"), [("length", "raise max_tokens"), ("content_filter", "content filter")])
def test_an_answer_cut_off_before_its_first_word_is_a_failure_after_one_request(
    server: ModelServer, reason: str, remedy: str
) -> None:
    server.answer = lambda asked: (200, {}, completion(asked, None, finish_reason=reason))
    [failed] = ask_all(Models(budget=Budget(), cache=None, retries=QUICK), at(server), 1)
    assert isinstance(failed, CallFailed)
    assert f"stopped before it wrote anything ({reason})" in str(failed)
    assert remedy in str(failed)
    assert server.count == 1


def test_no_choice_is_a_failure(server: ModelServer) -> None:
    server.answer = lambda asked: (200, {}, {**completion(asked, "x"), "choices": []})
    with pytest.raises(CallFailed, match="empty reply"):
        ask(at(server))


def test_an_unknown_price_is_not_nothing(server: ModelServer) -> None:
    assert ask(at(server)).cost_usd is None


def test_a_known_price_is_counted(server: ModelServer) -> None:
    answer = ask(ModelSpec("openai/gpt-4.1", {"api_base": server.url}), "a b c")
    assert answer.cost_usd == pytest.approx(3 * 2e-6 + 1 * 8e-6)


def test_the_users_price_is_counted(server: ModelServer) -> None:
    spec = ModelSpec("openai/gpt-4.1", {"api_base": server.url}, price=(1e6, 2e6))
    assert ask(spec, "a b c").cost_usd == pytest.approx(3 + 2)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_a_failure_after_one_request(server: ModelServer, status: int) -> None:
    server.answer = lambda asked: failure(status)
    with pytest.raises(CallFailed) as caught:
        ask(at(server))
    assert server.count == 1
    assert caught.value.throttled is (status in (429, 529))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_will_not_pass_is_refused_after_one_request(server: ModelServer, status: int) -> None:
    server.answer = lambda asked: failure(status, "no such thing")
    with pytest.raises(CallRefused, match=r"openai/some-model at http://127\.0\.0\.1:\d+/v1: no such thing \(status"):
        ask(at(server))
    assert server.count == 1


def test_a_spent_quota_is_refused(server: ModelServer) -> None:
    server.answer = lambda asked: failure(429, "You exceeded your current quota", code="insufficient_quota")
    with pytest.raises(CallRefused, match="exceeded your current quota"):
        ask(at(server))


def test_the_wish_for_a_pause_is_read(server: ModelServer) -> None:
    server.answer = lambda asked: failure(429, retry_after="7")
    with pytest.raises(CallFailed) as caught:
        ask(at(server))
    assert caught.value.retry_after == 7


def test_a_dead_server_is_unreachable() -> None:
    with ModelServer() as server:
        pass
    with pytest.raises(Unreachable, match="start the server, or check the network and api_base"):
        ask(at(server))


def test_a_server_that_hangs_up_leaves_the_call_unanswered() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    with listener, pytest.raises(Unanswered):
        ask(ModelSpec("openai/m", {"api_base": f"http://127.0.0.1:{listener.getsockname()[1]}/v1"}))
    thread.join(5)


def test_an_answer_that_takes_too_long_leaves_the_call_unanswered(server: ModelServer) -> None:
    server.latency = 3.0
    with pytest.raises(Unanswered):
        ask(at(server, timeout=0.5))
    until = time.monotonic() + 2
    while server.count == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert server.count == 1


def test_a_message_is_one_line_without_the_key(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_KEY", KEY)
    server.answer = lambda asked: failure(401, f"Incorrect API key provided:\n {KEY}.")
    with pytest.raises(CallRefused) as caught:
        ask(ModelSpec("openai/m", {"api_base": server.url}, api_key_env="TEAM_KEY"))
    assert "Incorrect API key provided: [redacted]." in str(caught.value)
    assert "\n" not in str(caught.value)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_no_key_is_needed_on_loopback(server: ModelServer) -> None:
    assert ask(at(server)).text == "ok"


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("openai/gpt-4.1", "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gemini/gemini-2.0-flash", "GOOGLE_API_KEY or GEMINI_API_KEY"),
    ],
)
def test_a_missing_key_is_refused_by_its_name(model: str, variable: str) -> None:
    with pytest.raises(CallRefused, match=f"set the environment variable {variable}"):
        ask(ModelSpec(model))


@pytest.mark.parametrize("blank", ["", " ", "\n"])
@pytest.mark.parametrize(
    ("model", "variables"),
    [
        ("openai/gpt-4.1", ["OPENAI_API_KEY"]),
        ("anthropic/claude-sonnet-4-5", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]),
        ("gemini/gemini-2.0-flash", ["GOOGLE_API_KEY", "GEMINI_API_KEY"]),
    ],
)
def test_a_blank_variable_is_a_missing_key(
    model: str, variables: list[str], blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in variables:
        monkeypatch.setenv(name, blank)
    with pytest.raises(CallRefused, match=f"No key for {model}: set the environment variable {variables[0]}"):
        ask(ModelSpec(model))
    assert os.environ[variables[0]] == blank


def test_one_blank_variable_beside_a_key_is_no_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    assert missing_keys(load_litellm(), "gemini/gemini-2.0-flash") == []


def test_no_key_is_needed_on_loopback_where_the_variable_is_blank(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert ask(at(server)).text == "ok"


@pytest.mark.parametrize("key", [f"{KEY}\n", "sk-two\nlines", "sk-with-an-ellipsis…"])
@pytest.mark.parametrize("model", ["openai/m", "gemini/gemini-2.0-flash"])
def test_a_key_that_cannot_be_sent_is_refused_by_its_name(
    model: str, key: str, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", key)
    with pytest.raises(CallRefused) as caught:
        ask(ModelSpec(model, {"api_base": server.url}, api_key_env="TEAM_KEY"))
    assert str(caught.value).startswith(f"{model}: the key in TEAM_KEY holds a line break or another character")
    assert server.count == 0


def test_litellms_own_variable_is_named_too(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    with pytest.raises(CallRefused, match="the key in OPENAI_API_KEY holds a line break"):
        ask(at(server))


def test_the_clients_own_errors_are_told_without_the_aiohttp_transport_too(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISABLE_AIOHTTP_TRANSPORT", "True")
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    with pytest.raises(CallRefused, match="the key in OPENAI_API_KEY holds a line break"):
        ask(at(server))


def test_a_server_without_a_scheme_is_refused_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPRO_API_BASE", "localhost:8000")
    models = Models(budget=Budget(), cache=None, retries=QUICK)
    [refused] = ask_all(models, ModelSpec("openai/m"), 1)
    assert isinstance(refused, CallRefused)
    assert "OPRO_API_BASE is no address of a server (localhost:8000): write it like http://" in str(refused)
    assert models.usage["task"].calls == 1


def test_litellms_own_variable_for_a_server_is_named_when_it_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000")
    with pytest.raises(CallRefused, match=r"OPENAI_BASE_URL is no address of a server \(localhost:8000\)"):
        ask(ModelSpec("openai/m", api_key=KEY))


def test_a_parameter_that_cannot_be_sent_is_refused(server: ModelServer) -> None:
    with pytest.raises(CallRefused, match=r"not JSON serializable; nothing was sent: check the key, api_base, params"):
        ask(at(server, temperature={"a set"}))
    assert server.count == 0


def test_a_key_is_not_blamed_for_another_mistake(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with pytest.raises(CallRefused, match="not JSON serializable; nothing was sent"):
        ask(ModelSpec("gemini/gemini-2.0-flash", {"api_base": server.url, "temperature": {"a set"}}))


@pytest.mark.parametrize("reply", [{}, {"choices": None}, {"choices": ["x"]}, {"choices": [{"message": None}]}])
@pytest.mark.parametrize("model", ["openai/m", "anthropic/claude-sonnet-4-5"])
def test_a_reply_that_makes_no_sense_may_pass(model: str, reply: dict[str, Any], server: ModelServer) -> None:
    server.answer = lambda asked: (200, {}, reply)
    with pytest.raises(CallFailed):
        ask(ModelSpec(model, {"api_base": server.url}, api_key=KEY))
    assert server.count == 1


@pytest.mark.parametrize("model", ["openai/m", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.0-flash"])
def test_a_servers_own_500_may_pass(model: str, server: ModelServer) -> None:
    server.answer = lambda asked: failure(500)
    with pytest.raises(CallFailed, match="something went wrong"):
        ask(ModelSpec(model, {"api_base": server.url}, api_key=KEY))


def test_a_host_that_is_not_known_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        ask(ModelSpec("openai/m", {"api_base": "http://no-such-host.invalid/v1"}, api_key=KEY))


@pytest.mark.parametrize("model", ["ollama/llama3", "bedrock/anthropic.claude-3-haiku-20240307-v1:0"])
def test_what_has_a_default_or_other_credentials_is_not_called_missing(model: str) -> None:
    assert missing_keys(load_litellm(), model) == []


def test_an_unknown_provider_is_refused_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CallRefused, match="LLM Provider NOT provided"):
        ask(ModelSpec("nonsense/model"))
    assert capfd.readouterr().out == ""


def test_a_parameter_that_the_provider_lacks_is_refused_not_dropped() -> None:
    spec = ModelSpec("anthropic/claude-sonnet-4-5", {"logit_bias": {"1": 2}}, api_key=KEY)
    with pytest.raises(CallRefused, match="logit_bias"):
        ask(spec)


def test_failures_are_silent(
    server: ModelServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda asked: failure(500)
    with caplog.at_level(logging.INFO), pytest.raises(CallFailed):
        ask(at(server))
    assert capfd.readouterr() == ("", "")


def test_the_cap_on_calls_holds_on_the_servers_side(server: ModelServer) -> None:
    """At concurrency 16, with every third reply a 500 that is tried again."""
    server.latency = 0.01

    def flaky(asked: dict[str, Any]) -> str | Reply:
        return failure(500) if server.count % 3 == 0 else last_user_message(asked)

    server.answer = flaky
    models = Models(budget=Budget(max_calls=50), cache=None, concurrency=16, retries=QUICK)
    ended = ask_all(models, at(server), 100)
    assert server.count == 50
    assert models.usage["task"].calls == 50
    assert sum(isinstance(end, BudgetSpent) for end in ended) == 100 - sum(isinstance(e, Completion) for e in ended)


def test_no_more_requests_than_the_concurrency_arrive_at_once(server: ModelServer) -> None:
    server.latency = 0.05
    ask_all(Models(budget=Budget(), cache=None, concurrency=4), at(server), 12)
    assert server.count == 12
    assert 1 < server.most_at_once <= 4


def test_a_pause_that_the_provider_wants_is_kept(server: ModelServer) -> None:
    times: list[float] = []

    def once(asked: dict[str, Any]) -> str | Reply:
        times.append(time.monotonic())
        return failure(429, retry_after="1") if len(times) == 1 else "ok"

    server.answer = once
    ask_all(Models(budget=Budget(), cache=None, retries=QUICK), at(server), 1)
    assert times[1] - times[0] >= 1.0


def test_a_dead_server_with_many_cases_is_given_up_within_seconds() -> None:
    with ModelServer() as server:
        pass
    began = time.monotonic()
    ended = ask_all(Models(budget=Budget(), cache=None), at(server), 64)
    assert all(isinstance(end, Unreachable) for end in ended)
    assert time.monotonic() - began < 30


def test_the_cap_in_dollars_holds_on_the_servers_side(server: ModelServer) -> None:
    spec = ModelSpec("openai/m", {"api_base": server.url, "max_tokens": 1}, price=(0.0, 1e6))
    server.latency = 0.02
    ask_all(Models(budget=Budget(max_cost=5.0), cache=None), spec, 30)
    assert server.count == 5


def test_a_run_that_is_all_cached_does_not_import_litellm(server: ModelServer, tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    spec = at(server, max_tokens=3)
    ask_all(Models(budget=Budget(), cache=Cache(path)), spec, 3)
    program = f"""
import asyncio, sys
from pathlib import Path
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache
from opro_action.models.connect import Models
from opro_action.models.model import Message, Request
from opro_action.suite.suite import ModelSpec
async def main():
    async with Models(budget=Budget(max_cost=1.0), cache=Cache(Path({str(path)!r}))) as models:
        model = models.connect(ModelSpec("openai/some-model", {dict(spec.params)!r}, price=(1.0, 1.0)), "task")
        for n in range(3):
            assert (await model.complete(Request("openai/some-model", (Message("user", str(n)),)))).cached
asyncio.run(main())
print([name for name in ("litellm", "openai", "httpx", "xllamacpp") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
    assert server.count == 3


def test_each_of_two_servers_answers_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Completion | BaseException] = []
    with ModelServer(lambda asked: "first") as first, ModelServer(lambda asked: "second") as second:
        for url in (first.url, second.url, first.url):
            monkeypatch.setenv("OPENAI_BASE_URL", url)
            models = Models(budget=Budget(), cache=Cache(tmp_path / "cache.sqlite"), retries=QUICK)
            answers += ask_all(models, ModelSpec("openai/m", api_key=KEY), 1)
    assert [end.text for end in answers if isinstance(end, Completion)] == ["first", "second", "first"]
    assert (first.count, second.count) == (1, 1)


def test_nothing_is_left_open_when_the_run_ends(server: ModelServer) -> None:
    """With warnings as errors, in a process of its own."""
    program = f"""
import asyncio
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Message, Request
from opro_action.suite.suite import ModelSpec
async def main():
    async with Models(budget=Budget(), cache=None) as models:
        model = models.connect(ModelSpec("openai/m", {{"api_base": {server.url!r}}}), "task")
        await asyncio.gather(*(model.complete(Request("openai/m", (Message("user", str(n)),))) for n in range(4)))
asyncio.run(main())
"""
    command = [sys.executable, "-W", "error", "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert server.count == 4


def test_an_env_file_in_the_working_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_BASE=http://127.0.0.1:9/v1\nOPENAI_API_KEY=planted\n")
    program = """
import os
from opro_action.models.litellm_model import load_litellm
load_litellm()
print([name for name in ("OPENAI_API_BASE", "OPENAI_API_KEY") if name in os.environ])
"""
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.stdout == "[]\n"
