"""Embedding models behind the same seam as all others: a text goes in, its vector comes out as the completion's text.

So cache, budget, retries, limits and usage hold for embeddings as they do for answers.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from opro_action.errors import CallFailed, UsageError
from opro_action.models.litellm_model import LitellmModel, failures, load_litellm
from opro_action.models.minilm import MiniLM
from opro_action.models.model import Completion, Message, Model, Request
from opro_action.models.servers import check_server
from opro_action.suite.suite import ModelSpec

LOCAL = "local/minilm"
_MARK = "embedding"
"""A parameter of ours, never sent: what `backend_for` and the cache tell embeddings from answers by."""

_DIGITS = 7


def embedding_spec(spec: ModelSpec) -> ModelSpec:
    """`spec` as an embedding model, for `Models.connect`; raises UsageError for a `local/` one that does not exist."""
    if spec.id.startswith("local/") and spec.id != LOCAL:
        raise UsageError(f"There is no local embedding model {spec.id}: there is {LOCAL}.")
    return replace(spec, params={**spec.params, _MARK: True})


def is_embedding(spec: ModelSpec) -> bool:
    """Whether a spec was made by `embedding_spec`."""
    return spec.params.get(_MARK) is True


def embedding_backend(spec: ModelSpec) -> Model:
    """What answers for an embedding model."""
    return LocalEmbedding() if spec.id == LOCAL else LitellmEmbedding(spec)


def request_for(spec: ModelSpec, text: str) -> Request:
    """The call that asks for the vector of a text."""
    return Request(spec.id, (Message("user", text),), spec.params)


def vector_of(completion: Completion) -> list[float]:
    """The vector in an embedding model's completion."""
    found: list[float] = json.loads(completion.text)
    return found


class LocalEmbedding:
    """all-MiniLM-L6-v2 in this process; the first call loads it, `aclose` lets it go."""

    def __init__(self) -> None:
        self._model: MiniLM | None = None
        # One worker: NumPy uses the processors by itself.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="embedding")

    async def complete(self, request: Request) -> Completion:
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._answer, request)

    async def aclose(self) -> None:
        await asyncio.to_thread(self._worker.shutdown, cancel_futures=True)
        self._model = None

    def _answer(self, request: Request) -> Completion:
        began = time.monotonic()
        self._model = self._model or MiniLM.load()
        vector, pieces = self._model.embed(request.messages[-1].content)
        return Completion(_text(vector), prompt_tokens=pieces, cost_usd=0.0, latency_s=time.monotonic() - began)


class LitellmEmbedding:
    """One embedding model of litellm's; keys, errors and prices as for its chat models."""

    def __init__(self, spec: ModelSpec) -> None:
        self._chat = LitellmModel(spec)

    async def complete(self, request: Request) -> Completion:
        check_server(request)
        litellm = load_litellm()
        # `max_retries=0` is read as "not given" for embeddings, and retries that nobody counts would follow.
        litellm.DEFAULT_MAX_RETRIES = 0
        key = self._chat.key(litellm, request)
        began = time.monotonic()
        try:
            response = await litellm.aembedding(**_arguments(request, key))
        except failures() as error:
            raise self._chat.failure(error, request, key) from error
        return self._completion(response, request, time.monotonic() - began)

    async def aclose(self) -> None:
        await self._chat.aclose()

    def _completion(self, response: Any, request: Request, seconds: float) -> Completion:
        data = response.data or [{}]
        vector = data[0].get("embedding") if isinstance(data[0], dict) else data[0].embedding
        if not isinstance(vector, list) or not vector:
            raise CallFailed(f"{request.model}: the provider sent no embedding.")
        usage = getattr(response, "usage", None)
        tokens = getattr(usage, "prompt_tokens", 0) or 0
        completion = Completion(_text(vector), prompt_tokens=tokens, latency_s=seconds)
        return replace(completion, cost_usd=self._chat.cost(completion, response))


def _arguments(request: Request, key: str | None) -> dict[str, Any]:
    sent = {name: value for name, value in request.params.items() if name != _MARK}
    arguments = {"timeout": 300.0, **sent, "num_retries": 0, "max_retries": 0}
    named = {"model": request.model, "input": [request.messages[-1].content]}
    return {**arguments, **named, **({"api_key": key} if key is not None else {})}


def _text(vector: Sequence[float]) -> str:
    return json.dumps([round(float(value), _DIGITS) for value in vector], separators=(",", ":"))
