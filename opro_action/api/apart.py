"""Running asynchronous work from anywhere: from plain code, and from code that an event loop is running already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def apart(job: Callable[[], T]) -> T:
    """What `job` returns; in a thread of its own where an event loop runs in this one, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return job()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="opro") as pool:
        return pool.submit(job).result()


class Loop:
    """An event loop in a thread of its own, for as long as there is something to run; any thread may ask it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._loop is not None

    def run(self, job: Coroutine[Any, Any, T]) -> T:
        """What `job` returns; the thread is started when it is not there.

        Raises CancelledError (of concurrent.futures) when `close` came first.
        """
        with self._lock:
            loop = self._loop or self._started()
        return asyncio.run_coroutine_threadsafe(job, loop).result()

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel all that runs, wait until it has ended, run `last`, and end the thread."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_end(last), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        self._loop = loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="opro", daemon=True)
        self._thread.start()
        return loop


async def _end(last: Callable[[], Coroutine[Any, Any, None]]) -> None:
    here = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not here]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await last()
    await asyncio.get_running_loop().shutdown_asyncgens()
