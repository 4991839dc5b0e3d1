"""Our verdicts against those of the real promptfoo, which `record.py` ran on the configurations beside this file."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from promptfoo.scripted_judge import as_we_ask, vector_in

from opro_action.models.echo import EchoModel
from opro_action.models.embedding import is_embedding
from opro_action.models.model import Completion, Model, Request
from opro_action.models.scripted import ScriptedModel
from opro_action.scoring.results import Grade
from opro_action.scoring.runner import Bench, request_for
from opro_action.scoring.scorers import grade, grade_all
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.promptfoo import read_promptfoo
from opro_action.suite.promptfoo.kinds import RUN
from opro_action.suite.suite import Case, ModelSpec, ScorerSpec, Suite

HERE = Path(__file__).parent
RECORD: dict[str, Any] = json.loads((HERE / "record.json").read_text())

NO_JSON = "promptfoo reads braces as YAML and closes those that are open; only JSON is JSON"
NOT_NEGATED = "promptfoo passes over the `not-` of this type"

DIFFERENT: dict[tuple[str, int], str] = {
    ("is-json, what only looks like JSON", 2): NO_JSON,
    ("contains-json, none", 0): NO_JSON,
    ("contains-json, none", 1): NO_JSON,
    ("contains-json, none", 2): NO_JSON,
    ("contains-json, a name in braces", 0): NO_JSON,
    ("contains-json, a name in braces", 1): NO_JSON,
    (
        "contains-json, several objects",
        1,
    ): "promptfoo counts braces in texts, and does not see an object that holds one",
    ("is-refusal, a suggestion that is refused", 0): "the list of promptfoo has gaps: it knows `I cannot suggest`",
    ("is-refusal, a suggestion that is refused", 1): "the list of promptfoo has gaps: it knows `I cannot suggest`",
    ("python, a score beyond 1", 0): "a score is a share of 1",
    ("factuality", 5): NOT_NEGATED,
    ("factuality", 6): NOT_NEGATED,
    ("model-graded-closedqa", 2): NOT_NEGATED,
}
"""Assertions that are judged in another way here, by test and place, with the reason that the docs give."""

UNSCORED: dict[tuple[str, int], str] = {
    ("python, code that fails", 0): "code that fails has not judged the answer",
    ("python, code that fails", 1): "code that fails has not judged the answer",
    ("llm-rubric", 12): "a judge that gave no verdict has not said 0",
    ("llm-rubric", 13): "a judge that gave no verdict has not said 0",
    ("g-eval", 6): "a judge that gave no verdict has not said 0",
}
"""Assertions that fail with promptfoo and are not scored here: what could not judge has not said 0."""


@dataclass(frozen=True)
class Pair:
    """What promptfoo recorded of a test, and what we found: each assertion's grade, and the case's."""

    name: str
    row: dict[str, Any]
    answer: str
    grades: tuple[tuple[ScorerSpec, Grade], ...]
    passed: bool
    score: float | None

    def is_in(self, table: Mapping[tuple[str, int], str]) -> list[bool]:
        """Of each assertion, whether a table has it."""
        return [(self.row["description"], at) in table for at in range(len(self.row["assertions"]))]


def all_pairs() -> Iterator[Pair]:
    for config, rows in RECORD["configs"].items():
        for number, suite in enumerate(read_promptfoo(HERE / config, HERE)):
            theirs = grouped([(row["description"], str(row["answer"]), row) for row in rows if row["prompt"] == number])
            ours = grouped([(described(case), answer_to(case, suite)[1].text, case) for case in suite.cases])
            assert sizes(theirs) == sizes(ours)
            for description, found in theirs.items():
                for row, case in zip(found, ours[description], strict=True):
                    yield compared(f"{suite.name}: {case.id}", row, suite, case)


def grouped(found: Sequence[tuple[str, str, Any]]) -> dict[str, list[Any]]:
    """What has the same description together, in the order of the answers."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for description, _, it in sorted(found, key=lambda entry: entry[:2]):
        groups[description].append(it)
    return groups


def sizes(groups: Mapping[str, Sequence[Any]]) -> dict[str, int]:
    return {description: len(found) for description, found in groups.items()}


def described(case: Case) -> str:
    """The description of the test that a case was made of: its id, without the digest of a test with several."""
    return re.sub(r"-[0-9a-f]{8}(-\d+)?$", "", case.id)


def answer_to(case: Case, suite: Suite) -> tuple[Request, Completion]:
    request = request_for(bench_of(suite), suite.prompt.text, case)
    if case.answer is not None:
        return request, Completion(case.answer, cost_usd=0.0, cached=True)
    return request, asyncio.run(EchoModel().complete(request))


def bench_of(suite: Suite) -> Bench:
    return Bench.of(suite, EchoModel(), grading_model)


def grading_model(spec: ModelSpec) -> Model:
    if is_embedding(spec):
        return ScriptedModel(lambda request: json.dumps(vector_in(request.messages[-1].content)))
    return ScriptedModel(lambda request: as_we_ask("\n".join(message.content for message in request.messages)))


def compared(name: str, row: dict[str, Any], suite: Suite, case: Case) -> Pair:
    request, completion = answer_to(case, suite)
    asked, tools = Asked(case, completion, request.messages), bench_of(suite).tools
    grades = tuple(pair for spec in case.scorers for pair in graded(spec, asked, tools))
    score, passed, _ = asyncio.run(grade_all(suite.scorers, asked, tools))
    return Pair(name, row, completion.text, grades, passed, score)


def graded(spec: ScorerSpec, asked: Asked, tools: Tools) -> list[tuple[ScorerSpec, Grade]]:
    """An assertion with its grade, and a set before its parts, as promptfoo lists them.

    The set that stands for a test without any weight is ours alone.
    """
    if spec.name != "promptfoo_set":
        return [(spec, asyncio.run(grade(spec, asked, tools)))]
    parts = [pair for part in spec.parts for pair in graded(part, asked, tools)]
    if spec.label in {"no assertions", "weight 0"}:
        return parts
    return [(spec, asyncio.run(grade(spec, asked, tools))), *parts]


ALL = list(all_pairs())
every_test = pytest.mark.parametrize("pair", ALL, ids=[pair.name for pair in ALL])


def test_the_record_is_of_the_version_that_is_followed() -> None:
    assert RECORD["promptfoo"] == "0.121.20"


def test_every_type_that_is_run_is_in_the_record_both_ways() -> None:
    recorded = {part["type"] for pair in ALL for part in pair.row["assertions"]}
    assert {"assert-set", *RUN, *(f"not-{kind}" for kind in RUN)} <= recorded


def test_the_record_is_large_enough_to_mean_something() -> None:
    assert sum(len(pair.row["assertions"]) for pair in ALL) >= 500


@every_test
def test_the_model_is_asked_the_same(pair: Pair) -> None:
    transformed = any("transform" in spec.options for spec, _ in pair.grades)
    if isinstance(pair.row["answer"], str) and not transformed:
        assert pair.answer == pair.row["answer"]


@every_test
def test_each_assertion_is_judged_the_same(pair: Pair) -> None:
    if pair.row["error"]:
        assert not pair.passed
        return
    recorded = pair.row["assertions"]
    assert [spec.options.get("type", "assert-set") for spec, _ in pair.grades] == [part["type"] for part in recorded]
    for (_, found), theirs, other in zip(pair.grades, recorded, pair.is_in(DIFFERENT), strict=True):
        same = (found.passed or False) == theirs["passed"] and (found.score or 0) == pytest.approx(
            theirs["score"], abs=1e-6
        )
        assert same != other, (theirs, found)


@every_test
def test_only_what_could_not_judge_is_unscored(pair: Pair) -> None:
    if not pair.row["error"]:
        assert [found.score is None for _, found in pair.grades] == pair.is_in(UNSCORED)
        assert (pair.score is None) == any(pair.is_in(UNSCORED))


@every_test
def test_each_test_passes_or_fails_the_same_with_the_same_score(pair: Pair) -> None:
    if any(pair.is_in(DIFFERENT)):
        return
    assert pair.passed == pair.row["passed"]
    if pair.score is not None:
        assert pair.score == pytest.approx(pair.row["score"], abs=1e-6)


def test_what_is_listed_as_different_is_in_the_record() -> None:
    recorded = {(pair.row["description"], at) for pair in ALL for at in range(len(pair.row["assertions"]))}
    assert {*DIFFERENT, *UNSCORED} <= recorded
