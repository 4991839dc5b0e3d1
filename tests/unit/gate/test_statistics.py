"""Means and intervals, held against SciPy."""

import random

import pytest
from scipy import stats

from opro_action.gate.statistics import mean_interval, t_interval, t_quantile, wilson


def test_wilson_agrees_with_scipy() -> None:
    source = random.Random(9)
    for _ in range(1000):
        n = source.randint(1, 300)
        successes = source.randint(0, n)
        reference = stats.binomtest(successes, n).proportion_ci(method="wilson")

        assert wilson(successes, n) == pytest.approx((reference.low, reference.high), abs=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 10, 39, 200, 2001])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_students_quantile_agrees_with_scipy(df: int, confidence: float) -> None:
    assert t_quantile(confidence, df) == pytest.approx(stats.t.ppf((1 + confidence) / 2, df), rel=1e-9)


def test_the_t_interval_agrees_with_scipys_paired_t_test() -> None:
    source = random.Random(10)
    for _ in range(1000):
        differences = [source.uniform(-1, 1) for _ in range(source.randint(2, 60))]
        reference = stats.ttest_rel(differences, [0.0] * len(differences)).confidence_interval(0.95)

        assert t_interval(differences) == pytest.approx((reference.low, reference.high))


def test_a_t_interval_needs_two_values() -> None:
    assert t_interval([0.5]) is None


def test_the_interval_of_scores_of_0_and_1_is_wilsons_and_of_graded_ones_students_within_0_and_1() -> None:
    assert mean_interval([1, 1, 0, 1]) == pytest.approx(wilson(3, 4))
    assert mean_interval([0.4, 0.5, 0.3]) == pytest.approx(t_interval([0.4, 0.5, 0.3]))
    assert mean_interval([1.0, 0.9, 1.0])[1] == 1.0
    assert mean_interval([0.5]) == (0.0, 1.0)


def test_a_weight_of_two_on_all_cases_changes_no_interval() -> None:
    assert mean_interval([1, 0, 1, 1], weights=[2] * 4) == pytest.approx(mean_interval([1, 0, 1, 1]))
    assert t_interval([0.1, 0.5, 0.9], weights=[2] * 3) == pytest.approx(t_interval([0.1, 0.5, 0.9]))


def test_weight_on_one_case_of_many_widens_the_interval() -> None:
    even, heavy = mean_interval([1, 0] * 10), mean_interval([1, 0] * 10, weights=[20.0] + [1.0] * 19)

    assert heavy[1] - heavy[0] > even[1] - even[0]
