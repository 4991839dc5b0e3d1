"""The examination of a suite: what is asked, what is found, and what happens when nothing can be measured."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_suite

from opro_action.doctor.examine import SAMPLE, Examination, examine
from opro_action.errors import CallFailed, CallRefused
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Request
from opro_action.models.retry import RetryPolicy
from opro_action.models.scripted import Answer, ScriptedModel
from opro_action.suite.suite import ModelSpec, Suite

KEYLESS = {"temperature": 0, "api_base": "http://127.0.0.1:1/v1"}
RUBRIC = {"rubric": {"criteria": "The answer is polite."}}


def suite_of(folder: Path, *, count: int = 60, scorers: Any = None, **keys: Any) -> Suite:
    cases = [{"id": f"c{i}", "input": f"ticket {i}", "expected": ("billing", "bug")[i % 2]} for i in range(count)]
    strict = {"choice": {"of": ["billing", "bug"]}}
    return make_suite(folder, cases=cases, scorers=scorers or strict, **{"params": KEYLESS, **keys})


def examined(suite: Suite, answer: Any, *, max_calls: int | None = None) -> tuple[Examination, ScriptedModel]:
    model = ScriptedModel(answer)

    async def run() -> Examination:
        retries = RetryPolicy(attempts=1)
        budget = Budget(max_calls=max_calls)
        async with Models(budget=budget, cache=None, backend=lambda spec: model, retries=retries) as models:
            return await examine(suite, models, holdout=suite.cases[:24])

    return asyncio.run(run()), model


def number(request: Request) -> int:
    return int(request.messages[-1].content.split()[-1])


def mostly_right(request: Request) -> Answer:
    return ("billing", "bug")[number(request) % 2] if number(request) % 3 else "hello"


def codes(examination: Examination) -> list[tuple[str, str]]:
    return [(finding.severity, finding.code) for finding in examination.findings]


def test_a_sound_suite_has_no_findings_and_all_its_numbers(tmp_path: Path) -> None:
    examination, model = examined(suite_of(tmp_path), mostly_right)
    facts = examination.facts
    assert examination.findings == ()
    assert len(model.requests) == 2 * SAMPLE
    assert {request.repeat for request in model.requests} == {0, 1}
    assert (facts.cases, facts.kinds, facts.closed, facts.chance, facts.holdout) == (60, 2, True, 0.5, 24)
    assert facts.smallest_drop == pytest.approx(5 / 60)
    assert facts.cases_for_max_drop == 250
    assert facts.smallest_gain == pytest.approx(5 / 24)
    assert facts.model_noise is not None
    assert (facts.sampled, facts.model_noise.n, facts.model_noise.scores) == (SAMPLE, SAMPLE, 0)
    assert facts.score is not None
    assert 0.5 < facts.score < 1


def test_the_sample_does_not_change_from_run_to_run(tmp_path: Path) -> None:
    first, second = (examined(suite_of(tmp_path), mostly_right)[1] for _ in range(2))
    assert [request.messages for request in first.requests] == [request.messages for request in second.requests]


def test_without_models_nothing_is_asked_and_missing_keys_are_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    examination = asyncio.run(examine(suite_of(tmp_path, model="openai/gpt-4.1-mini", params={"temperature": 0}), None))
    assert codes(examination)[-1] == ("note", "model-unavailable")
    assert examination.exit_code == 0
    assert examination.facts.score is None


def test_a_model_that_answers_otherwise_each_time_is_noisy(tmp_path: Path) -> None:
    def fickle(request: Request) -> Answer:
        return "billing" if request.repeat else "bug"

    examination, _ = examined(suite_of(tmp_path), fickle)
    assert ("warning", "model-noise") in codes(examination)
    assert examination.facts.model_noise is not None
    assert examination.facts.model_noise.scores == SAMPLE


def test_a_perfect_prompt_is_at_its_ceiling(tmp_path: Path) -> None:
    examination, _ = examined(suite_of(tmp_path), lambda request: ("billing", "bug")[number(request) % 2])
    assert codes(examination) == [("note", "at-ceiling")]
    assert examination.exit_code == 0


@pytest.mark.parametrize("failure", [CallFailed("503 from the provider"), CallRefused("unknown model")])
def test_a_model_that_does_not_answer_is_not_measured(tmp_path: Path, failure: Exception) -> None:
    examination, _ = examined(suite_of(tmp_path), lambda request: failure)
    assert codes(examination) == [("error", "not-measured")]
    assert str(failure) in examination.findings[0].what
    assert examination.exit_code == 3


def test_a_budget_that_is_spent_says_so(tmp_path: Path) -> None:
    examination, model = examined(suite_of(tmp_path), mostly_right, max_calls=5)
    assert codes(examination) == [("error", "budget-spent")]
    assert examination.exit_code == 4
    assert len(model.requests) == 5


def test_a_missing_key_that_stops_the_calls_is_said_once_as_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    suite = suite_of(tmp_path, model="openai/gpt-4.1-mini", params={"temperature": 0})
    examination, _ = examined(suite, lambda request: CallRefused("No key"))
    assert codes(examination) == [("error", "model-unavailable")]
    assert "OPENAI_API_KEY" in examination.findings[0].remedy
    assert examination.exit_code == 3


def judge_that(verdict: Any) -> Any:
    """Answers tickets as the task model, and judges what stands in front of it by `verdict`."""

    def answer(request: Request) -> Answer:
        judging = any("You grade" in message.content for message in request.messages)
        return f'{{"reason": "so", "score": {verdict(request)}}}' if judging else f"Dear customer, {number(request)}"

    return answer


def with_judge(suite: Suite) -> Suite:
    return replace(suite, judge=ModelSpec("scripted/judge", KEYLESS))


def test_a_judge_that_changes_its_mind_is_a_warning(tmp_path: Path) -> None:
    suite = with_judge(suite_of(tmp_path, scorers=RUBRIC))
    examination, _ = examined(suite, judge_that(lambda request: 0.5 if request.repeat else 0.0))
    assert ("warning", "judge-noise") in codes(examination)
    noise = examination.facts.judge_noise
    assert noise is not None
    assert (noise.n, noise.scores, noise.disagreement) == (SAMPLE, SAMPLE, 0.5)


def test_a_judge_that_holds_to_its_verdict_is_left_in_peace(tmp_path: Path) -> None:
    suite = with_judge(suite_of(tmp_path, scorers=RUBRIC))

    def polite(request: Request) -> float:
        return 0.75 if "Dear customer" in request.messages[-1].content else 0.0

    examination, _ = examined(suite, judge_that(polite))
    assert examination.findings == ()
    assert examination.facts.judge_noise is not None
    assert examination.facts.judge_noise.scores == 0


def test_a_judge_that_an_answer_can_talk_to_is_beaten(tmp_path: Path) -> None:
    suite = with_judge(suite_of(tmp_path, scorers=RUBRIC))

    def gullible(request: Request) -> float:
        return 1.0 if "Ignore the rubric" in request.messages[-1].content else 0.75

    examination, _ = examined(suite, judge_that(gullible))
    [finding] = examination.findings
    assert (finding.severity, finding.code) == ("error", "scorer-beaten")
    assert "an appeal to the judge" in finding.what
