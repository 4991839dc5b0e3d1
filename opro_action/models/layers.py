"""The thin layers around a backend: parameters filled in, answers remembered, calls paid for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from opro_action.errors import CallFailed, CallRefused
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache, cache_key
from opro_action.models.failures import Unanswered
from opro_action.models.model import Completion, Model, Request, Role
from opro_action.models.prices import Price, most_it_can_cost
from opro_action.models.usage import Usage, UsageBook

# finish reason: what to do when nothing was written before it
_CUT_OFF: Mapping[str, str] = {
    "length": "raise max_tokens",
    "content_filter": "the provider's content filter held the answer back; change the prompt or the case",
}


@dataclass(frozen=True)
class Account:
    """The page of one role in the usage book."""

    book: UsageBook
    role: Role

    def cached(self) -> None:
        self.book.add(self.role, Usage(cached=1))

    def retried(self) -> None:
        self.book.add(self.role, Usage(retries=1))

    def sent(self, seconds: float, completion: Completion | None) -> None:
        """A request went out and has ended: with a completion, or with none."""
        if completion is None:
            self.book.add(self.role, Usage(calls=1, seconds=seconds))
            return
        self.book.add(
            self.role,
            Usage(
                calls=1,
                prompt_tokens=completion.prompt_tokens,
                completion_tokens=completion.completion_tokens,
                cost_usd=completion.cost_usd,
                seconds=completion.latency_s or seconds,
            ),
        )


class DefaultParams:
    """Fills in the parameters that a request leaves open."""

    def __init__(self, inner: Model, params: Mapping[str, Any]) -> None:
        self._inner = inner
        self._params = params

    async def complete(self, request: Request) -> Completion:
        return await self._inner.complete(replace(request, params={**self._params, **request.params}))


class CachedModel:
    """Answers what was answered before from the cache, and remembers what was not. Errors are never stored.

    A question that is out already is waited for: the same one is not paid for twice. `servers` are those that the
    environment names: another server is another question.
    """

    def __init__(self, inner: Model, cache: Cache, account: Account, servers: Mapping[str, str] | None = None) -> None:
        self._inner = inner
        self._cache = cache
        self._account = account
        self._servers = servers
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def complete(self, request: Request) -> Completion:
        key = cache_key(request, self._servers)
        while (asked := self._under_way.get(key)) is not None:
            await asyncio.wait([asked])
        known = self._cache.get(key)
        # An older cache may hold answers that were cut off before their first word.
        if known is not None and _is_written(known):
            self._account.cached()
            return known
        done = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            completion = await self._inner.complete(request)
            self._cache.put(key, completion)
        finally:
            del self._under_way[key]
            done.set_result(None)
        return completion


class WrittenModel:
    """Fails a call whose answer was cut off before its first word; an empty one that ended by itself is an answer.

    It stands outside the retries, since the same would come again, and outside the budget, since the call is paid.
    """

    def __init__(self, inner: Model) -> None:
        self._inner = inner

    async def complete(self, request: Request) -> Completion:
        completion = await self._inner.complete(request)
        if _is_written(completion):
            return completion
        raise CallFailed(
            f"{request.model} stopped before it wrote anything ({completion.finish_reason}): "
            f"{_CUT_OFF[completion.finish_reason]}."
        )


class OfflineModel:
    """Stands where a backend would: with `--offline`, what is not in the cache is not asked."""

    async def complete(self, request: Request) -> Completion:
        raise CallRefused(
            f"An answer of {request.model} is not in the cache, and --offline allows no calls: "
            "run once without --offline to fill the cache."
        )


class PaidModel:
    """Lets a request out only when the budget has room for the most it can cost, and settles what it did cost.

    After one refusal no further request goes out: all would meet it.
    """

    def __init__(self, inner: Model, budget: Budget, account: Account, price: Price | None) -> None:
        self._inner = inner
        self._budget = budget
        self._account = account
        self._price = price
        self._refusal: CallRefused | None = None

    async def complete(self, request: Request) -> Completion:
        if self._refusal:
            raise CallRefused(str(self._refusal))
        most = most_it_can_cost(request, self._price) if self._price else 0.0
        reservation = await self._budget.reserve(most)
        began = time.monotonic()
        completion: Completion | None = None
        cost = 0.0
        try:
            completion = await self._inner.complete(request)
            # A server that counts no tokens may bill them all the same.
            counted = completion.prompt_tokens or completion.completion_tokens
            cost = (completion.cost_usd or 0.0) if counted else most
        except CallRefused as refusal:
            self._refusal = refusal
            raise
        except (Unanswered, asyncio.CancelledError):
            # The provider may have answered, and bill it: a hard cap has to assume so.
            cost = most
            raise
        finally:
            self._budget.settle(reservation, cost)
            self._account.sent(time.monotonic() - began, completion)
        return completion


def _is_written(completion: Completion) -> bool:
    return bool(completion.text.strip()) or completion.finish_reason not in _CUT_OFF
