"""What one prompt is ahead of another, on the cases that both met."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from opro_action.gate.statistics import standard_error
from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.trajectory import Attempt, Lead, lead
from opro_action.suite.suite import Case


def attempt(scores: Sequence[float], weights: Sequence[float]) -> Attempt:
    cases = [Case(f"c{i}", {}, weight=weight) for i, weight in enumerate(weights)]
    results = [CaseResult(case, (Answer("", score, score == 1),)) for case, score in zip(cases, scores, strict=True)]
    return Attempt("", 1).with_results(results)


def led(ahead: Sequence[float], behind: Sequence[float], weights: Sequence[float]) -> Lead:
    found = lead(attempt(ahead, weights), attempt(behind, weights))
    assert found is not None
    return found


def test_a_few_cases_that_all_went_alike_are_no_certainty() -> None:
    found = led([1] * 8, [0] * 8, [1] * 8)
    assert (found.n, found.mean) == (8, 1)
    assert found.error == pytest.approx(0.5 / 8)


def test_one_heavy_case_alone_is_hardly_more_than_its_own_error() -> None:
    weights = [20.0, *[1.0] * 29]
    found = led([1, *[0] * 29], [0] * 30, weights)
    assert found.mean == pytest.approx(20 / 49)
    assert found.error == pytest.approx(standard_error([1, *[0] * 29], weights=weights), rel=0.03)


def test_cases_of_weight_0_do_not_count() -> None:
    some, weights = [1, 0, 1, 1, 0, 0], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    assert led(some, [0] * 6, weights) == led(some[:3], [0] * 3, weights[:3])
    assert lead(attempt([1, 1], [0, 0]), attempt([0, 0], [0, 0])) is None
