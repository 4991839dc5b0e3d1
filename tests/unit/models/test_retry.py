"""Retries: what is tried again, how long is waited, and when it is given up at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from opro_action.errors import BudgetSpent, CallFailed, CallRefused
from opro_action.models.failures import Unreachable
from opro_action.models.model import Completion, Message, Request
from opro_action.models.retry import RetryingModel, RetryPolicy, Timing, wait_before
from opro_action.models.scripted import Answer, ScriptedModel

REQUEST = Request("openai/m", (Message("user", "hi"),))


@dataclass
class Time:
    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def timing(self, chance: float = 1.0) -> Timing:
        return Timing(clock=lambda: self.now, sleep=self.sleep, random=lambda: chance)


def retrying(script: Sequence[Answer], time: Time, policy: RetryPolicy | None = None) -> RetryingModel:
    return RetryingModel(ScriptedModel(script), policy=policy or RetryPolicy(), timing=time.timing())


def ask(model: RetryingModel) -> Completion:
    return asyncio.run(model.complete(REQUEST))


def test_a_failure_that_passes_is_tried_again() -> None:
    assert ask(retrying([CallFailed("503"), CallFailed("503"), "yes"], Time())).text == "yes"


def test_waits_double_up_to_the_longest() -> None:
    time = Time()
    policy = RetryPolicy(attempts=6, first_wait=1, longest_wait=5)
    with pytest.raises(CallFailed):
        ask(retrying([CallFailed("503")] * 6, time, policy))
    assert time.waits == [1, 2, 4, 5, 5]


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 0.0), (0.5, 2.0)])
def test_the_wait_is_drawn_evenly_from_nothing_to_its_ceiling(chance: float, wait: float) -> None:
    assert wait_before(4, CallFailed("503"), policy=RetryPolicy(first_wait=1), chance=chance) == wait


def test_a_wait_is_never_shorter_than_the_provider_asks_for() -> None:
    time = Time()
    ask(retrying([CallFailed("429", retry_after=7, throttled=True), "yes"], time))
    assert time.waits[0] >= 7


def test_it_is_given_up_after_the_last_attempt_with_their_number() -> None:
    model = ScriptedModel([CallFailed("m: 503")] * 9)
    with pytest.raises(CallFailed, match=r"m: 503 \(5 attempts\)"):
        ask(RetryingModel(model, timing=Time().timing()))
    assert len(model.requests) == 5


def test_no_attempt_begins_after_the_deadline() -> None:
    time = Time()
    with pytest.raises(CallFailed):
        ask(retrying([CallFailed("429", retry_after=3600), "yes"], time))
    assert time.waits == []


@pytest.mark.parametrize("error", [CallRefused("401"), BudgetSpent("50 of 50 calls")])
def test_what_no_retry_can_help_is_raised_at_once(error: Exception) -> None:
    time = Time()
    with pytest.raises(type(error)):
        ask(retrying([error, "yes"], time))
    assert time.waits == []


def test_retries_are_counted_when_they_went_out() -> None:
    retries: list[int] = []
    script = [CallFailed("503"), CallFailed("503"), BudgetSpent("2 of 2 calls")]
    model = RetryingModel(ScriptedModel(script), timing=Time().timing(), on_retry=lambda: retries.append(1))
    with pytest.raises(BudgetSpent):
        ask(model)
    assert len(retries) == 1


def test_once_a_server_is_gone_others_do_not_wait_for_it() -> None:
    time = Time()
    backend = ScriptedModel([Unreachable("connection refused")] * 1000)
    model = RetryingModel(backend, timing=time.timing())

    async def run() -> list[Completion | BaseException]:
        first = await asyncio.gather(*(model.complete(REQUEST) for _ in range(16)), return_exceptions=True)
        rest = await asyncio.gather(*(model.complete(REQUEST) for _ in range(48)), return_exceptions=True)
        return first + rest

    ended = asyncio.run(run())
    assert all(isinstance(end, Unreachable) for end in ended)
    assert len(backend.requests) <= 5 * 16 + 1


def test_a_server_that_is_gone_is_looked_for_again_later() -> None:
    time = Time()
    model = retrying([*[Unreachable("connection refused")] * 5, "back", "yes"], time)
    with pytest.raises(Unreachable):
        ask(model)
    with pytest.raises(Unreachable):
        ask(model)
    time.now += 5
    assert ask(model).text == "back"
    assert ask(model).text == "yes"


def test_answers_that_fail_otherwise_do_not_count_as_gone() -> None:
    model = retrying([*[CallFailed("500")] * 5, "yes"], Time())
    with pytest.raises(CallFailed):
        ask(model)
    assert ask(model).text == "yes"
