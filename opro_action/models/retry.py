"""Trying again what may pass: jittered exponential backoff, Retry-After, and failing fast when nobody is there."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opro_action.errors import CallFailed, CallRefused
from opro_action.models.failures import Unreachable
from opro_action.models.model import Completion, Model, Request


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long one call is tried; all times in seconds.

    The wait before attempt n is drawn evenly from 0 to `first_wait` x 2^(n-2), at most `longest_wait` ("full
    jitter", Brooker, "Exponential Backoff And Jitter", 2015). No attempt begins after `deadline`. Once a call has
    failed to connect in all its attempts, others fail at once, but for one that tries again every `probe_every`.
    """

    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0
    deadline: float = 600.0
    probe_every: float = 5.0


@dataclass(frozen=True)
class Timing:
    """The clock, the way to wait and the source of chance; tests give their own."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


DEFAULT_POLICY = RetryPolicy()
REAL_TIMING = Timing()


def wait_before(attempt: int, failure: CallFailed, *, policy: RetryPolicy, chance: float) -> float:
    """Seconds to wait before `attempt` (2 is the first retry); `chance` in [0, 1) is the jitter.

    A provider's Retry-After is a lower bound, with the first wait's jitter on top so that not all come back at once.
    """
    if failure.retry_after is not None:
        return failure.retry_after + chance * policy.first_wait
    ceiling: float = min(policy.longest_wait, policy.first_wait * 2 ** (attempt - 2))
    return chance * ceiling


class RetryingModel:
    """A model whose passing failures are tried again; `on_retry` is told of each further attempt."""

    def __init__(
        self,
        inner: Model,
        *,
        policy: RetryPolicy = DEFAULT_POLICY,
        timing: Timing = REAL_TIMING,
        on_retry: Callable[[], None] = lambda: None,
    ) -> None:
        self._inner = inner
        self._policy = policy
        self._timing = timing
        self._on_retry = on_retry
        self._gone: Unreachable | None = None
        self._next_probe = 0.0

    async def complete(self, request: Request) -> Completion:
        """Raises the last CallFailed when no attempt succeeded; CallRefused and BudgetSpent at once."""
        give_up_at = self._timing.clock() + self._policy.deadline
        for attempt in itertools.count(1):
            self._fail_fast()
            try:
                return await self._attempt(request, attempt)
            except CallFailed as failure:
                wait = wait_before(attempt + 1, failure, policy=self._policy, chance=self._timing.random())
                if attempt == self._policy.attempts or self._timing.clock() + wait > give_up_at:
                    raise self._given_up(failure, attempt) from failure
            await self._timing.sleep(wait)
        raise AssertionError("the loop ends by returning or raising")

    async def _attempt(self, request: Request, number: int) -> Completion:
        try:
            completion = await self._inner.complete(request)
        except (CallFailed, CallRefused):
            self._count(number)
            raise
        self._count(number)
        self._gone = None
        return completion

    def _count(self, attempt: int) -> None:
        # Only what went out is counted: not an attempt that the budget did not allow.
        if attempt > 1:
            self._on_retry()

    def _fail_fast(self) -> None:
        """Raise what made an earlier call give up, when nobody was there and it is too early to look again."""
        if self._gone is None:
            return
        if self._timing.clock() < self._next_probe:
            raise Unreachable(str(self._gone))
        self._next_probe = self._timing.clock() + self._policy.probe_every

    def _given_up(self, failure: CallFailed, attempts: int) -> CallFailed:
        tried = f" ({attempts} attempts)" if attempts > 1 else ""
        given_up = type(failure)(f"{failure}{tried}", retry_after=failure.retry_after, throttled=failure.throttled)
        if isinstance(given_up, Unreachable):
            self._gone = given_up
            self._next_probe = self._timing.clock() + self._policy.probe_every
        return given_up
