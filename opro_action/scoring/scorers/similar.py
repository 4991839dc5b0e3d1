"""The scorer `similar`: how near an answer comes to the expected text in meaning, by embeddings."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from operator import mul

from opro_action.errors import CallFailed
from opro_action.models.embedding import LOCAL, embedding_spec, request_for, vector_of
from opro_action.models.model import Model
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import as_text, no_expected, quoted
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.specs import model_of
from opro_action.suite.suite import ModelSpec, ScorerSpec


async def similar(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    """The cosine between the embeddings of answer and expected text, 0 when it is negative.

    Options: `model`, by default the embedded `local/minilm`, and its `params`. What counts as near differs from
    model to model: set a `threshold` by looking at answers.
    """
    wanted = as_text(asked.case.expected)
    if wanted is None:
        return no_expected("similar", asked.case.expected)
    if not asked.answer.strip():
        return Grade(0.0, "the answer is empty")
    given = model_of(spec.options.get("model", LOCAL), spec.options.get("params") or {})
    embedding = embedding_spec(given)
    model = tools.connect(embedding)
    try:
        first, second = await vectors(model, embedding, (wanted, asked.answer))
    except CallFailed as failure:
        return Grade(None, f"the embedding model gave no answer: {failure}")
    score = cosine(first, second)
    if score is None:
        return Grade(None, f"{embedding.id} sent vectors of {len(first)} and {len(second)} numbers, or of zeros alone")
    return Grade(min(1.0, max(0.0, score)), f"{score:.2f} near to {quoted(wanted)}: {quoted(asked.answer)}")


async def vectors(model: Model, embedding: ModelSpec, texts: Sequence[str]) -> list[Sequence[float]]:
    """The embedding of each text; raises CallFailed when one cannot be had."""
    found = await asyncio.gather(
        *(model.complete(request_for(embedding, text)) for text in texts), return_exceptions=True
    )
    failed = [error for error in found if isinstance(error, BaseException)]
    if failed:
        raise failed[0]
    return [vector_of(one) for one in found if not isinstance(one, BaseException)]


def cosine(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The cosine of the angle between two vectors; None when their lengths differ or one of them is zero."""
    norm = math.hypot(*first) * math.hypot(*second)
    return sum(map(mul, first, second)) / norm if norm and len(first) == len(second) else None
