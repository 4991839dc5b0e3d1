"""The private event loop: work in it from any thread, and its end."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from opro_action.api.apart import Loop, apart


async def nothing() -> None:
    pass


def test_many_threads_share_one_loop_until_it_is_closed() -> None:
    loop, seen = Loop(), []

    async def job() -> None:
        seen.append(threading.get_ident())

    threads = [threading.Thread(target=lambda: loop.run(job())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    loop.close(nothing)

    assert len(set(seen)) == 1
    assert seen[0] not in {thread.ident for thread in threading.enumerate()}


def test_closing_cancels_what_runs_waits_for_its_end_and_then_does_the_last_thing() -> None:
    loop, said, started = Loop(), [], threading.Event()

    async def long() -> None:
        started.set()
        try:
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0.01)
            said.append("cleaned up")

    async def last() -> None:
        said.append("closed")

    def wait() -> None:
        with pytest.raises(CancelledError):
            loop.run(long())

    waiting = threading.Thread(target=wait)
    waiting.start()
    started.wait()
    loop.close(last)
    waiting.join()

    assert said == ["cleaned up", "closed"]


def test_a_closed_loop_starts_again_and_closing_twice_is_nothing() -> None:
    loop = Loop()

    async def one() -> int:
        return 1

    assert loop.run(one()) == 1
    loop.close(nothing)
    loop.close(nothing)
    assert loop.run(one()) == 1
    loop.close(nothing)


def test_errors_come_back_to_whoever_asked() -> None:
    loop = Loop()

    async def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        loop.run(broken())
    loop.close(nothing)


def test_within_a_running_loop_work_gets_a_thread_of_its_own() -> None:
    async def within() -> int:
        return apart(threading.get_ident)

    assert apart(threading.get_ident) == threading.get_ident()
    assert asyncio.run(within()) != threading.get_ident()
