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
from scripted_judge import as_we_ask, vector_in

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
NOT_NEGATED = "promptfoo passes over `not-` of this type"

NOT_RECORDED: tuple[str, ...] = ()

DIFFERENT: dict[tuple[str, str], str] = {
    ("contains-json", "is-json, what only looks like JSON"): NO_JSON,
    ("contains-json", "contains-json, none"): NO_JSON,
    ("not-contains-json", "contains-json, none"): NO_JSON,
    ("contains-json", "contains-json, a name in braces"): NO_JSON,
    ("not-contains-json", "contains-json, a name in braces"): NO_JSON,
    ("contains-json", "contains-json, several objects"): "promptfoo counts braces in texts",
    ("python", "python, a score beyond 1"): "a score is a share, and counts as 1 at most",
    ("not-factuality", "factuality"): NOT_NEGATED,
    ("not-model-graded-closedqa", "model-graded-closedqa"): NOT_NEGATED,
}
"""Assertions, by type and test, that are judged in another way here, and why. docs/formats-promptfoo.md lists them."""


@dataclass(frozen=True)
class Pair:
    """What promptfoo recorded of a test, and what we found: each assertion's grade, and the case's."""

    name: str
    row: dict[str, Any]
    answer: str
    grades: tuple[tuple[ScorerSpec, Grade], ...]
    passed: bool
    score: float | None

    @property
    def explained(self) -> list[bool]:
        """Of each assertion, whether it is known to be judged in another way."""
        return [(part["type"], self.row["description"]) in DIFFERENT for part in self.row["assertions"]]


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
    parts = [pair for part in spec.parts for pair in graded(part, asked, tools)]
    if spec.name == "promptfoo_set" and spec.label in {"no assertions", "weight 0"}:
        return parts
    return [(spec, asyncio.run(grade(spec, asked, tools))), *parts]


ALL = list(all_pairs())
every_test = pytest.mark.parametrize("pair", ALL, ids=[pair.name for pair in ALL])


def test_the_record_is_of_the_version_that_is_followed() -> None:
    assert RECORD["promptfoo"] == "0.121.20"


def test_every_type_that_is_run_is_in_the_record_both_ways() -> None:
    recorded = {part["type"] for pair in ALL for part in pair.row["assertions"]}
    assert {"assert-set", *RUN, *(f"not-{kind}" for kind in RUN)} - recorded == set(NOT_RECORDED)


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
    assert [spec.options.get("type", "assert-set") for spec, _ in pair.grades] == types(pair)
    for (_, found), theirs, explained in zip(pair.grades, pair.row["assertions"], pair.explained, strict=True):
        same = bool(found.passed) == theirs["passed"] and (found.score or 0.0) == pytest.approx(theirs["score"], abs=1e-6)
        assert same != explained, (theirs, found)


def types(pair: Pair) -> list[str]:
    return [part["type"] for part in pair.row["assertions"]]


@every_test
def test_each_test_passes_or_fails_the_same_with_the_same_score(pair: Pair) -> None:
    if any(pair.explained):
        return
    assert pair.passed == pair.row["passed"]
    assert (pair.score or 0.0) == pytest.approx(pair.row["score"], abs=1e-6)
