"""promptfoo's `similar`: how near an answer comes to one of several texts in meaning, by embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

from opro_action.errors import CallFailed
from opro_action.models.embedding import embedding_spec
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.promptfoo_seen import Seen, seen, without_weight
from opro_action.scoring.scorers.similar import cosine, vectors
from opro_action.scoring.scorers.text import quoted
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.specs import model_of
from opro_action.suite.suite import ScorerSpec

_ENOUGH = 0.75
_EPSILON = 2.0**-52


async def similar(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    """The nearest of the texts decides; for `not-similar` the nearest too, which may not come near enough.

    The measure is the cosine, with `similar:dot` the dot product, and with `similar:euclidean` the distance d, which
    passes up to the threshold and has the score 1 / (1 + d).
    """
    looked = seen(asked, spec)
    if isinstance(looked, Grade):
        return looked
    embedding = embedding_spec(model_of(spec.options["model"], spec.options.get("params") or {}))
    model = tools.connect(embedding)
    texts = [looked.text, *looked.value]
    try:
        found = await vectors(model, embedding, texts)
    except CallFailed as failure:
        return Grade(None, f"the embedding model gave no answer: {failure}")
    measured = [_measured(looked, found[0], vector) for vector in found[1:]]
    if None in measured:
        return Grade(None, f"{embedding.id} sent vectors of different lengths, or of zeros alone")
    grades = [grade for grade in measured if grade is not None]
    pick = min if looked.negated else max
    best = pick(range(len(grades)), key=lambda at: grades[at].score or 0.0)
    return without_weight(spec, _named(grades[best], looked.value[best]))


def _measured(looked: Seen, first: Sequence[float], second: Sequence[float]) -> Grade | None:
    """The grade for one text; None when the vectors do not go together."""
    near = cosine(first, second)
    if near is None:
        return None
    threshold, metric = looked.threshold(_ENOUGH), looked.kind.partition(":")[2]
    if metric == "euclidean":
        away = math.dist(first, second)
        passed = away >= threshold - _EPSILON if looked.negated else away <= threshold + _EPSILON
        score = 1 / (1 + away)
    else:
        near = sum(map(mul, first, second)) if metric == "dot" else near
        passed = near <= threshold + _EPSILON if looked.negated else near >= threshold - _EPSILON
        score = min(1.0, max(0.0, near))
    return Grade(1 - score if looked.negated else score, f"{score:.2f} near, threshold {threshold:g}", passed)


def _named(found: Grade, text: str) -> Grade:
    return Grade(found.score, f"{found.explanation}, to {quoted(text)}", found.passed)
