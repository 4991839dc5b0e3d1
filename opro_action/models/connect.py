"""A model as the rest of the program uses it: backend, limit, budget, retries and cache, put together.

From the outside in: cache → cut-off answers → retries → limit → budget → backend. The budget is asked last, right
before a request goes out, so that it counts each attempt and holds dollars only for calls that are really under way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from opro_action.errors import UsageError
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache
from opro_action.models.echo import EchoModel
from opro_action.models.embedding import embedding_backend, is_embedding
from opro_action.models.layers import Account, CachedModel, DefaultParams, OfflineModel, PaidModel, WrittenModel
from opro_action.models.limit import Limit, LimitedModel
from opro_action.models.litellm_model import LitellmModel
from opro_action.models.local_model import LocalModel
from opro_action.models.model import Model, Role
from opro_action.models.prices import check_price, price_of
from opro_action.models.retry import DEFAULT_POLICY, RetryingModel, RetryPolicy
from opro_action.models.servers import provider_servers
from opro_action.models.usage import UsageBook
from opro_action.suite.suite import ModelSpec, content_digest

SERVERS: Mapping[Role, str] = {
    "task": "OPRO_API_BASE",
    "optimizer": "OPRO_OPTIMIZER_API_BASE",
    "judge": "OPRO_JUDGE_API_BASE",
}


def backend_for(spec: ModelSpec) -> Model:
    """What answers for a model id; raises UsageError for a `local/` model that does not exist."""
    if is_embedding(spec):
        return embedding_backend(spec)
    if spec.id == "echo":
        return EchoModel()
    return LocalModel(spec) if spec.id.startswith("local/") else LitellmModel(spec)


class Models:
    """All models of one run, with one budget, one cache and one account of what was used.

    An async context manager: leaving it closes connections, the local model and the cache.
    """

    def __init__(
        self,
        *,
        budget: Budget,
        cache: Cache | None,
        concurrency: int = 16,
        offline: bool = False,
        backend: Callable[[ModelSpec], Model] = backend_for,
        retries: RetryPolicy = DEFAULT_POLICY,
    ) -> None:
        if offline and cache is None:
            raise UsageError("--offline answers from the cache alone, so it cannot go together with --no-cache.")
        self.budget = budget
        self.cache = cache
        self.usage = UsageBook()
        self._concurrency = concurrency
        self._offline = offline
        self._backend = backend
        self._retries = retries
        self._backends: dict[tuple[object, ...], Model] = {}
        self._stacks: dict[str, Model] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close what answers and what remembers; calls still under way end first."""
        for backend in self._backends.values():
            close = getattr(backend, "aclose", None)
            if close is not None:
                await close()
        self._backends.clear()
        if self.cache is not None:
            self.cache.close()

    @property
    def offline(self) -> bool:
        """Whether answers come from the cache alone."""
        return self._offline

    def check_price(self, spec: ModelSpec) -> None:
        """Raise UsageError, before anything is spent, when `max_cost` is set and could not be kept for this model."""
        if self.budget.max_cost is not None and not self._offline:
            check_price(spec)

    def connect(self, spec: ModelSpec, role: Role) -> Model:
        """The model with everything around it; the same spec and role share one limit.

        A request's `params` win over the spec's, and those over the server that the environment names for the role
        (`SERVERS`).
        """
        self.check_price(spec)
        params = {**server_of(spec, role, os.environ), **spec.params}
        servers = {} if params.get("api_base") else provider_servers(spec.id, os.environ)
        name = content_digest([role, spec.id, params, spec.api_key_env, spec.price, servers])
        if name not in self._stacks:
            self._stacks[name] = self._stack(replace(spec, params=params), role, servers)
        return self._stacks[name]

    def _stack(self, spec: ModelSpec, role: Role, servers: Mapping[str, str]) -> Model:
        account = Account(self.usage, role)
        asked: Model = OfflineModel() if self._offline else WrittenModel(self._paying_stack(spec, account))
        remembered = asked if self.cache is None else CachedModel(asked, self.cache, account, servers)
        return DefaultParams(remembered, spec.params)

    def _paying_stack(self, spec: ModelSpec, account: Account) -> Model:
        # Without a cap in dollars nothing has to be reserved, and the price list need not be read.
        price = None if self.budget.max_cost is None else price_of(spec)
        paid = PaidModel(self._backend_of(spec), self.budget, account, price)
        limited = LimitedModel(paid, Limit(self._concurrency))
        return RetryingModel(limited, policy=self._retries, on_retry=account.retried)

    def _backend_of(self, spec: ModelSpec) -> Model:
        """Roles that use the same model share what answers: a local model is loaded once."""
        same = (spec.id, is_embedding(spec), spec.api_key_env, spec.api_key, spec.price)
        if same not in self._backends:
            self._backends[same] = self._backend(spec)
        return self._backends[same]


def server_of(spec: ModelSpec, role: Role, environment: Mapping[str, str]) -> dict[str, Any]:
    """The `api_base` that the environment names for a role, as a parameter; nothing for a local model."""
    base = environment.get(SERVERS.get(role, ""), "").strip()
    return {"api_base": base} if base and not spec.id.startswith("local/") else {}
