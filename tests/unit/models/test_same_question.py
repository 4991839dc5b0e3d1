"""The same question asked several times at once: it goes out once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from opro_action.errors import CallFailed
from opro_action.models.cache import Cache
from opro_action.models.layers import Account, CachedModel
from opro_action.models.model import Completion, Message, Request
from opro_action.models.usage import UsageBook

REQUEST = Request("test", (Message("user", "hello"),))


class Slow:
    """Answers after a moment; `outcome` is told the number of the call."""

    def __init__(self, outcome: Callable[[int], Completion]) -> None:
        self.calls = 0
        self._outcome = outcome

    async def complete(self, request: Request) -> Completion:
        self.calls += 1
        number = self.calls
        await asyncio.sleep(0.01)
        return self._outcome(number)


def cached(folder: Path, slow: Slow) -> tuple[CachedModel, UsageBook]:
    book = UsageBook()
    return CachedModel(slow, Cache(folder / "cache.sqlite"), Account(book, "task")), book


def test_those_who_ask_meanwhile_get_the_answer_from_the_cache(tmp_path: Path) -> None:
    slow = Slow(lambda number: Completion("hi"))
    model, book = cached(tmp_path, slow)

    async def job() -> list[Completion]:
        return await asyncio.gather(*(model.complete(REQUEST) for _ in range(5)))

    found = asyncio.run(job())
    assert [completion.text for completion in found] == ["hi"] * 5
    assert (slow.calls, book.total.cached) == (1, 4)


def test_after_a_failure_the_next_one_asks_itself(tmp_path: Path) -> None:
    def second_time(number: int) -> Completion:
        if number == 1:
            raise CallFailed("503 from the provider")
        return Completion("hi")

    slow = Slow(second_time)
    model, _ = cached(tmp_path, slow)

    async def job() -> list[Completion | BaseException]:
        return await asyncio.gather(*(model.complete(REQUEST) for _ in range(3)), return_exceptions=True)

    first, *others = asyncio.run(job())
    assert isinstance(first, CallFailed)
    assert [isinstance(other, Completion) for other in others] == [True, True]
    assert slow.calls == 2


def test_whoever_gives_up_does_not_take_the_others_along(tmp_path: Path) -> None:
    slow = Slow(lambda number: Completion("hi"))
    model, _ = cached(tmp_path, slow)

    async def job() -> str:
        one, other = (asyncio.ensure_future(model.complete(REQUEST)) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        return (await other).text

    assert asyncio.run(job()) == "hi"
    assert slow.calls == 2
