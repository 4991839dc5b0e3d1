"""How many calls to one model are under way at once: down at once when the provider throttles, up slowly."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opro_action.errors import CallFailed
from opro_action.models.model import Completion, Model, Request


class Limit:
    """At most `most` calls at once; half as many after a throttled one, one more after `successes` good ones."""

    def __init__(self, most: int, *, successes: int = 10) -> None:
        self.most = most
        self.allowed = most
        self._successes = successes
        self._good = 0
        self._round = 0
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one place while a call is out; calls wait for places in the order they came."""
        await self._enter()
        started_in = self._round
        try:
            yield
        except CallFailed as failure:
            if failure.throttled:
                self._throttled(started_in)
            raise
        else:
            self._succeeded()
        finally:
            self._under_way -= 1
            self._wake()

    async def _enter(self) -> None:
        if self._under_way < self.allowed and not self._waiting:
            self._under_way += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._under_way -= 1
            self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting and self._under_way < self.allowed:
            turn = self._waiting.popleft()
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)

    def _throttled(self, started_in: int) -> None:
        # Calls that were already out when the limit was halved say nothing about the new limit.
        if started_in == self._round:
            self._round += 1
            self._good = 0
            self.allowed = max(1, self.allowed // 2)

    def _succeeded(self) -> None:
        self._good += 1
        if self._good >= self._successes and self.allowed < self.most:
            self._good = 0
            self.allowed += 1


class LimitedModel:
    """A model behind a `Limit`."""

    def __init__(self, inner: Model, limit: Limit) -> None:
        self._inner = inner
        self._limit = limit

    async def complete(self, request: Request) -> Completion:
        async with self._limit.place():
            return await self._inner.complete(request)
