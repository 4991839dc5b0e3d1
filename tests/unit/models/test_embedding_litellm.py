"""Embeddings through litellm, from a real server on loopback."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from servers import Answer, ModelServer, failure

from opro_action.errors import CallFailed, CallRefused
from opro_action.models.embedding import LitellmEmbedding, embedding_spec, request_for, vector_of
from opro_action.models.failures import Unreachable
from opro_action.models.model import Completion
from opro_action.suite.suite import ModelSpec

MODEL = "openai/text-embedding-3-small"


def reply(*vectors: list[float]) -> tuple[int, dict[str, str], dict[str, Any]]:
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return 200, {}, {"object": "list", "model": "served", "data": data, "usage": usage}


def embed(url: str, text: str = "hello", **params: Any) -> Completion:
    spec = embedding_spec(ModelSpec(MODEL, {"api_base": url, **params}))

    async def run() -> Completion:
        model = LitellmEmbedding(spec)
        try:
            return await model.complete(request_for(spec, text))
        finally:
            await model.aclose()

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_the_vector_comes_back_with_tokens_and_cost() -> None:
    with ModelServer(lambda asked: reply([0.1, -0.25, 0.123456789])) as server:
        found = embed(server.url, dimensions=3)

    assert vector_of(found) == [0.1, -0.25, 0.1234568]
    assert found.prompt_tokens == 3
    assert found.cost_usd == pytest.approx(3 * 0.02 / 1e6)
    [asked] = server.requests
    assert (asked["input"], asked["model"], asked["dimensions"]) == (["hello"], "text-embedding-3-small", 3)
    assert "embedding" not in asked


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda asked: failure(503), CallFailed, "status 503"),
        (lambda asked: failure(404, "no such model"), CallRefused, "no such model"),
        (lambda asked: reply(), CallFailed, "sent no embedding"),
    ],
)
def test_what_goes_wrong_is_told_apart(answer: Answer, error: type[Exception], words: str) -> None:
    with ModelServer(answer) as server, pytest.raises(error, match=words):
        embed(server.url)
    assert server.count == 1


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        embed("http://127.0.0.1:9/v1")
