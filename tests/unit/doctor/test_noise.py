"""Two answers to one case, two judgements of one answer: how far they differ, and when that matters."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from builders import make_case, make_suite

from opro_action.doctor.finding import line_of
from opro_action.doctor.noise import Noise, judge_noise_findings, model_noise_findings, noise_of, noise_of_model
from opro_action.scoring.results import Answer, CaseResult
from opro_action.suite.suite import Suite


def answer(score: float | None, text: str = "x") -> Answer:
    return Answer(text, score, passed=score == 1)


def suite_of(folder: Path, *, count: int = 60, **keys: Any) -> Suite:
    cases = [{"id": f"c{i}", "input": f"text {i}", "expected": "ab"[i % 2]} for i in range(count)]
    return make_suite(folder, cases=cases, **keys)


def noise(scores: int, n: int = 20, gap: float = 1.0) -> Noise:
    return Noise(n, scores, scores, gap * scores / n, gap * math.sqrt(scores / n))


def test_noise_counts_answers_and_scores_that_differ_and_by_how_much() -> None:
    pairs = [
        (answer(1.0, "billing"), answer(1.0, "billing\n")),
        (answer(1.0, "billing"), answer(1.0, "Billing")),
        (answer(1.0), answer(0.0, "y")),
        (answer(0.25), answer(0.75)),
        (answer(None), answer(1.0)),
    ]
    found = noise_of(pairs)
    assert found is not None
    assert (found.n, found.answers, found.scores) == (4, 2, 2)
    assert found.disagreement == pytest.approx(0.375)
    assert found.spread == pytest.approx(math.sqrt(1.25 / 4))
    assert found.wobble(100) == pytest.approx(found.spread / 10)


def test_without_a_scored_pair_there_is_no_number() -> None:
    assert noise_of([]) is None
    assert noise_of([(answer(None), answer(1.0))]) is None


def test_a_case_that_brings_its_answer_says_nothing_about_the_model() -> None:
    results = [CaseResult(make_case(answer="x"), (answer(1.0), answer(1.0)))]
    assert noise_of_model(results) is None


@pytest.mark.parametrize(
    ("differing", "count", "repeats", "codes"),
    [
        (0, 60, 1, []),
        (4, 60, 1, ["model-noise"]),
        (4, 600, 1, []),
        (4, 60, 10, []),
    ],
)
def test_noise_that_moves_the_score_by_more_than_max_drop_is_a_warning(
    tmp_path: Path, differing: int, count: int, repeats: int, codes: list[str]
) -> None:
    suite = suite_of(tmp_path, count=count, repeats=repeats)
    assert [finding.code for finding in model_noise_findings(suite, noise(differing))] == codes


def test_the_remedy_fits_the_temperature(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, params={"temperature": 0.7})
    [warm] = model_noise_findings(suite, noise(5))
    assert warm.line == line_of(suite, "params")
    [cold] = model_noise_findings(suite_of(tmp_path, params={"temperature": 0}), noise(5))
    assert warm.remedy == "Set `temperature: 0`, or `repeats: 3`."
    assert "varies at temperature 0 too: set `repeats: 3`" in cold.remedy
    assert "5 of 20 cases got another score: the suite's score moves by about 6.5 points" in warm.what


@pytest.mark.parametrize(("gap", "codes"), [(0.02, []), (0.25, ["judge-noise"])])
def test_a_judge_that_disagrees_with_itself_by_more_than_max_drop_is_a_warning(
    tmp_path: Path, gap: float, codes: list[str]
) -> None:
    suite = suite_of(tmp_path, gate={"max_drop": 0.02})
    found = judge_noise_findings(suite, noise(4, gap=gap))
    assert [finding.code for finding in found] == codes
    assert all("disagrees with itself by 5.0 points on average" in finding.what for finding in found)
