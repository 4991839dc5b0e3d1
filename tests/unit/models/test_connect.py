"""The layers put together around a scripted model: what goes out, what is counted, what is refused."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opro_action.errors import BudgetSpent, CallFailed, CallRefused, UsageError
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache, cache_key
from opro_action.models.connect import Models, backend_for
from opro_action.models.failures import Unanswered
from opro_action.models.model import Completion, Message, Request
from opro_action.models.retry import RetryPolicy
from opro_action.models.scripted import Script, ScriptedModel
from opro_action.suite.suite import ModelSpec

SPEC = ModelSpec("openai/m", {"temperature": 0, "max_tokens": 10})
PRICED = replace(SPEC, price=(0.0, 100_000.0))  # $1 for a call of 10 tokens
QUICK = RetryPolicy(first_wait=0.0)


class World:
    """`Models` around one scripted backend."""

    def __init__(self, script: Script, *, budget: Budget | None = None, **options: Any) -> None:
        self.backend = ScriptedModel(script)
        self.models = Models(
            budget=budget or Budget(),
            cache=options.pop("cache", None),
            backend=lambda spec: self.backend,
            retries=QUICK,
            **options,
        )

    def ask(self, *texts: str, spec: ModelSpec = SPEC) -> list[Completion | BaseException]:
        model = self.models.connect(spec, "task")
        requests = [Request(spec.id, (Message("user", text),)) for text in texts]

        async def run() -> list[Completion | BaseException]:
            return await asyncio.gather(*map(model.complete, requests), return_exceptions=True)

        return asyncio.run(run())


def texts(ended: list[Completion | BaseException]) -> list[str]:
    return [end.text if isinstance(end, Completion) else type(end).__name__ for end in ended]


def echo(request: Request) -> str:
    return request.messages[-1].content


def test_the_specs_parameters_are_sent() -> None:
    world = World(echo)
    world.ask("hi")
    assert world.backend.requests[0].params == {"temperature": 0, "max_tokens": 10}


def test_a_requests_parameters_win_over_the_specs() -> None:
    world = World(echo)
    model = world.models.connect(SPEC, "task")
    asyncio.run(model.complete(Request("openai/m", (Message("user", "hi"),), {"temperature": 1})))
    assert world.backend.requests[0].params == {"temperature": 1, "max_tokens": 10}


@pytest.mark.parametrize(("role", "base"), [("task", "http://127.0.0.1:1/v1"), ("optimizer", "http://127.0.0.1:2/v1")])
def test_each_role_has_its_server_from_the_environment(role: Any, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPRO_API_BASE", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPRO_OPTIMIZER_API_BASE", "http://127.0.0.1:2/v1")
    world = World(echo)
    asyncio.run(world.models.connect(SPEC, role).complete(Request("openai/m", (Message("user", "hi"),))))
    assert world.backend.requests[0].params["api_base"] == base


def test_the_suites_server_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPRO_API_BASE", "http://127.0.0.1:1/v1")
    world = World(echo)
    world.ask("hi", spec=ModelSpec("openai/m", {"api_base": "http://127.0.0.1:9/v1"}))
    assert world.backend.requests[0].params["api_base"] == "http://127.0.0.1:9/v1"


def test_a_blank_server_in_the_environment_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPRO_API_BASE", " ")
    world = World(echo)
    world.ask("hi")
    assert "api_base" not in world.backend.requests[0].params


def test_the_same_spec_and_role_share_what_stands_around_the_model() -> None:
    models = World(echo).models
    assert models.connect(SPEC, "task") is models.connect(replace(SPEC, params=dict(SPEC.params)), "task")
    assert models.connect(SPEC, "task") is not models.connect(SPEC, "optimizer")


def test_roles_share_what_answers() -> None:
    made: list[ModelSpec] = []

    def backend(spec: ModelSpec) -> ScriptedModel:
        made.append(spec)
        return ScriptedModel(echo)

    models = Models(budget=Budget(), cache=None, backend=backend)
    models.connect(SPEC, "task")
    models.connect(replace(SPEC, params={"temperature": 1}), "optimizer")
    assert len(made) == 1


def test_a_second_time_the_cache_answers(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache.sqlite")
    world = World(echo, cache=cache)
    world.ask("a", "b")
    again = world.ask("a", "b", "c")
    assert [end.cached for end in again if isinstance(end, Completion)] == [True, True, False]
    assert world.models.usage["task"].calls == 3
    assert world.models.usage["task"].cached == 2
    asyncio.run(world.models.aclose())


def test_an_error_is_not_remembered(tmp_path: Path) -> None:
    world = World([*[CallFailed("503")] * 5, "now"], cache=Cache(tmp_path / "cache.sqlite"))
    assert texts(world.ask("a")) == ["CallFailed"]
    assert texts(world.ask("a")) == ["now"]
    asyncio.run(world.models.aclose())


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_an_answer_of_one_server_is_not_given_for_another(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(["default", "first", "second"], cache=Cache(tmp_path / "cache.sqlite"))
    servers = [None, "http://first.example/v1", "http://second.example/v1", "http://first.example/v1", None]
    answers = []
    for server in servers:
        monkeypatch.delenv(variable, raising=False)
        if server:
            monkeypatch.setenv(variable, server)
        answers += texts(world.ask("a"))
    assert answers == ["default", "first", "second", "first", "default"]
    asyncio.run(world.models.aclose())


def test_the_providers_server_is_of_no_account_where_another_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(["once"], cache=Cache(tmp_path / "cache.sqlite"))
    spec = replace(SPEC, params={"api_base": "http://own.example/v1"})
    world.ask("a", spec=spec)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://first.example/v1")
    assert texts(world.ask("a", spec=spec)) == ["once"]
    asyncio.run(world.models.aclose())


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("length", r"\(length\): raise max_tokens"),
        ("content_filter", r"\(content_filter\): the provider's content filter"),
    ],
)
@pytest.mark.parametrize("text", ["", "\n"])
def test_an_answer_cut_off_before_its_first_word_is_a_failure_paid_once_and_not_remembered(
    reason: str, words: str, text: str, tmp_path: Path
) -> None:
    cut_off = Completion(text, completion_tokens=10, cost_usd=1.0, finish_reason=reason)
    world = World([cut_off, "now"], cache=Cache(tmp_path / "cache.sqlite"), budget=Budget(max_cost=2.0))
    [failure] = world.ask("a", spec=PRICED)
    assert isinstance(failure, CallFailed)
    assert re.search(f"^openai/m stopped before it wrote anything {words}", str(failure))
    used = world.models.usage["task"]
    assert (used.calls, used.retries, used.completion_tokens, used.cost_usd) == (1, 0, 10, 1.0)
    assert world.models.budget.spent_usd == 1.0
    assert texts(world.ask("a", spec=PRICED)) == ["now"]
    asyncio.run(world.models.aclose())


def test_nothing_written_is_a_failure_without_a_cache_too() -> None:
    assert texts(World([Completion("", finish_reason="length")]).ask("a")) == ["CallFailed"]


@pytest.mark.parametrize("answer", [Completion(""), Completion("so far", finish_reason="length")])
def test_silence_and_half_an_answer_are_answers(answer: Completion) -> None:
    assert texts(World([answer]).ask("a")) == [answer.text]


def test_nothing_written_that_an_older_cache_holds_is_asked_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache.sqlite")
    cache.put(
        cache_key(Request("openai/m", (Message("user", "a"),), SPEC.params)), Completion("", finish_reason="length")
    )
    world = World(["now"], cache=cache)
    assert texts(world.ask("a")) == ["now"]
    assert world.models.usage["task"].cached == 0
    asyncio.run(world.models.aclose())


def test_retries_are_counted_as_calls_and_as_retries() -> None:
    world = World([CallFailed("503"), CallFailed("503"), "yes"])
    world.ask("a")
    used = world.models.usage["task"]
    assert (used.calls, used.retries) == (3, 2)


def test_retries_are_paid_from_the_budget() -> None:
    world = World([CallFailed("503")] * 100, budget=Budget(max_calls=3))
    assert texts(world.ask("a")) == ["BudgetSpent"]
    assert len(world.backend.requests) == 3


def test_the_cache_answers_when_the_budget_is_spent(tmp_path: Path) -> None:
    world = World(echo, cache=Cache(tmp_path / "cache.sqlite"), budget=Budget(max_calls=1))
    world.ask("a")
    assert texts(world.ask("a", "b")) == ["a", "BudgetSpent"]
    asyncio.run(world.models.aclose())


def test_all_roles_pay_from_one_budget() -> None:
    world = World(echo, budget=Budget(max_calls=1))
    world.ask("a")
    optimizer = world.models.connect(SPEC, "optimizer")
    with pytest.raises(BudgetSpent):
        asyncio.run(optimizer.complete(Request("openai/m", (Message("user", "b"),))))


def test_dollars_are_not_overspent_by_calls_at_the_same_time() -> None:
    answer = Completion("yes", completion_tokens=10, cost_usd=1.0)
    world = World(lambda request: answer, budget=Budget(max_cost=5.5))
    ended = world.ask(*map(str, range(16)), spec=PRICED)
    assert texts(ended).count("yes") == 5
    assert len(world.backend.requests) == 5


def test_a_call_without_an_answer_counts_as_paid() -> None:
    world = World([Unanswered("timeout"), "yes"], budget=Budget(max_cost=1.5))
    assert texts(world.ask("a", spec=PRICED)) == ["BudgetSpent"]


def test_a_refused_call_costs_nothing() -> None:
    world = World([CallRefused("400"), "yes"], budget=Budget(max_cost=1.5))
    world.ask("a", spec=PRICED)
    assert world.models.budget.spent_usd == 0


def test_an_unknown_price_is_refused_before_anything_is_spent() -> None:
    world = World(echo, budget=Budget(max_cost=1.0))
    with pytest.raises(UsageError, match="set max_calls instead"):
        world.models.connect(SPEC, "task")
    assert world.backend.requests == []


def test_an_unknown_price_makes_the_cost_unknown() -> None:
    world = World([Completion("a", cost_usd=0.5), Completion("b", cost_usd=None), Completion("c", cost_usd=0.5)])
    world.ask("a", "b", "c")
    assert world.models.usage["task"].cost_usd is None
    assert world.models.usage.as_json()["total"]["cost_usd"] is None


def test_no_more_calls_than_the_concurrency_are_under_way() -> None:
    most = 0
    under_way = 0

    class Slow:
        async def complete(self, request: Request) -> Completion:
            nonlocal most, under_way
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1
            return Completion("ok")

    models = Models(budget=Budget(), cache=None, concurrency=3, backend=lambda spec: Slow())
    model = models.connect(SPEC, "task")

    async def run() -> None:
        await asyncio.gather(*(model.complete(Request("openai/m", (), repeat=n)) for n in range(20)))

    asyncio.run(run())
    assert most == 3


def test_offline_answers_from_the_cache_and_refuses_the_rest(tmp_path: Path) -> None:
    online = World(echo, cache=Cache(tmp_path / "cache.sqlite"))
    online.ask("a")
    asyncio.run(online.models.aclose())
    offline = World(echo, cache=Cache(tmp_path / "cache.sqlite"), offline=True)
    ended = offline.ask("a", "b")
    assert texts(ended) == ["a", "CallRefused"]
    assert "not in the cache, and --offline allows no calls" in str(ended[1])
    assert offline.backend.requests == []
    asyncio.run(offline.models.aclose())


def test_offline_without_a_cache_is_refused() -> None:
    with pytest.raises(UsageError, match="--no-cache"):
        Models(budget=Budget(), cache=None, offline=True)


def test_a_local_model_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"no local model local/gpt-9: there is local/smollm2-135m"):
        backend_for(ModelSpec("local/gpt-9"))
