"""The concurrency limit: how many at once, down when throttled, slowly up again, and in order."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from opro_action.errors import CallFailed
from opro_action.models.limit import Limit


async def good(limit: Limit) -> None:
    async with limit.place():
        await asyncio.sleep(0)


async def throttled(limit: Limit) -> None:
    with contextlib.suppress(CallFailed):
        async with limit.place():
            await asyncio.sleep(0)
            raise CallFailed("429", throttled=True)


def test_never_more_calls_than_allowed_are_under_way() -> None:
    under_way = 0
    most = 0

    async def call(limit: Limit) -> None:
        nonlocal under_way, most
        async with limit.place():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    async def run() -> None:
        limit = Limit(4)
        await asyncio.gather(*(call(limit) for _ in range(40)))

    asyncio.run(run())
    assert most == 4


def test_a_throttled_call_halves_the_limit() -> None:
    limit = Limit(16)
    asyncio.run(throttled(limit))
    assert limit.allowed == 8


def test_calls_throttled_together_halve_it_once() -> None:
    limit = Limit(16)

    async def run() -> None:
        await asyncio.gather(*(throttled(limit) for _ in range(16)))

    asyncio.run(run())
    assert limit.allowed == 8


def test_the_limit_never_falls_under_one() -> None:
    limit = Limit(2)
    for _ in range(5):
        asyncio.run(throttled(limit))
    assert limit.allowed == 1


def test_good_calls_raise_the_limit_slowly_and_not_above_where_it_began() -> None:
    limit = Limit(2, successes=3)
    asyncio.run(throttled(limit))
    for _ in range(2):
        asyncio.run(good(limit))
    assert limit.allowed == 1
    asyncio.run(good(limit))
    assert limit.allowed == 2
    for _ in range(9):
        asyncio.run(good(limit))
    assert limit.allowed == 2


def test_a_failure_that_is_not_throttling_changes_nothing() -> None:
    limit = Limit(16)

    async def run() -> None:
        async with limit.place():
            raise CallFailed("500")

    with pytest.raises(CallFailed):
        asyncio.run(run())
    assert limit.allowed == 16


def test_a_cancelled_call_gives_its_place_to_the_next() -> None:
    async def run() -> list[str]:
        limit = Limit(1)
        done: list[str] = []

        async def call(name: str) -> None:
            async with limit.place():
                await asyncio.sleep(0.01)
                done.append(name)

        calls = [asyncio.create_task(call(name)) for name in "abc"]
        await asyncio.sleep(0)
        calls[0].cancel()
        calls[1].cancel()
        await asyncio.wait_for(calls[2], 2)
        return done

    assert asyncio.run(run()) == ["c"]


def test_a_call_cancelled_in_the_moment_of_its_turn_gives_the_place_back() -> None:
    async def run() -> None:
        limit = Limit(1)
        leave = asyncio.Event()

        async def hold() -> None:
            async with limit.place():
                await leave.wait()

        first = asyncio.create_task(hold())
        second = asyncio.create_task(good(limit))
        await asyncio.sleep(0)
        leave.set()
        await first
        second.cancel()
        await asyncio.wait({second})
        await asyncio.wait_for(good(limit), 2)

    asyncio.run(run())
