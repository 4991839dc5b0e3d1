"""`similar` with scripted vectors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builders import graded, make_case

from opro_action.errors import CallFailed, CallRefused, UsageError
from opro_action.models.embedding import is_embedding
from opro_action.models.scripted import Answer, ScriptedModel
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.similar import cosine
from opro_action.scoring.tools import Tools
from opro_action.suite.suite import ModelSpec, ScorerSpec

VECTORS: dict[str, Answer] = {
    "billing": "[1, 0]",
    "invoices": "[3, 4]",
    "weather": "[0, 2]",
    "refusal": "[-1, 0]",
    "odd": "[1, 0, 0]",
    "nothing": "[0, 0]",
    "down": CallFailed("503"),
    "key": CallRefused("401"),
}


def near(answer: str, expected: Any = "billing", *, negated: bool = False, **options: Any) -> Grade:
    model = ScriptedModel(VECTORS)
    spec = ScorerSpec("similar", options, negated=negated)
    return graded(spec, make_case(expected=expected), answer, Tools(lambda spec: model))


@pytest.mark.parametrize(("answer", "score"), [("billing", 1.0), ("invoices", 0.6), ("weather", 0.0), ("refusal", 0.0)])
def test_the_score_is_the_cosine_and_never_below_0(answer: str, score: float) -> None:
    assert near(answer).score == pytest.approx(score)


def test_the_explanation_names_both_texts() -> None:
    assert near("invoices").explanation == '0.60 near to "billing": "invoices"'


def test_a_negated_scorer_wants_another_meaning() -> None:
    assert near("invoices", negated=True).score == pytest.approx(0.4)
    assert near(" ", negated=True).score == 0


@pytest.mark.parametrize(("answer", "words"), [("odd", "vectors of 2 and 3"), ("nothing", "zeros"), ("down", "503")])
def test_what_cannot_be_compared_is_unscored(answer: str, words: str) -> None:
    found = near(answer)

    assert found.score is None
    assert words in found.explanation


def test_a_refused_call_ends_the_run() -> None:
    with pytest.raises(CallRefused):
        near("key")


@pytest.mark.parametrize("expected", [None, "", {"a": 1}])
def test_without_an_expected_text_nothing_can_be_compared(expected: Any) -> None:
    assert near("billing", expected).score is None


def test_the_model_is_the_embedded_one_or_the_suites() -> None:
    connected: list[ModelSpec] = []

    def connect(spec: ModelSpec) -> ScriptedModel:
        connected.append(spec)
        return ScriptedModel(VECTORS)

    own = {"model": "openai/e", "params": {"dimensions": 2, "api_key_env": "KEY"}}
    for options in ({}, own):
        graded(ScorerSpec("similar", options), make_case(), "invoices", Tools(connect))

    assert [spec.id for spec in connected] == ["local/minilm", "openai/e"]
    assert all(map(is_embedding, connected))
    assert connected[1].api_key_env == "KEY"
    assert connected[1].params["dimensions"] == 2
    with pytest.raises(UsageError, match="no local embedding model"):
        near("billing", model="local/other")


def test_the_same_vector_is_as_near_as_can_be() -> None:
    vector = json.loads("[" + "0.051, " * 383 + "0.05]")

    assert cosine(vector, vector) == pytest.approx(1)
    assert cosine([1.0], [1.0, 2.0]) is None
