import math
import random
import time
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from opro_action.gate import statistics
from opro_action.gate.statistics import (
    cases_to_settle,
    flips_needed,
    mean_interval,
    min_detectable_drop,
    paired_interval,
    sign_flip_p,
    t_interval,
    t_quantile,
    wilson,
)

ALTERNATIVES: list[statistics.Alternative] = ["less", "greater", "two-sided"]


def graded(source: random.Random, n: int) -> list[float]:
    return [source.uniform(-1, 1) for _ in range(n)]


def zero_one(source: random.Random, n: int) -> list[float]:
    return [float(source.choice([-1, 0, 0, 1])) for _ in range(n)]


def thirds(source: random.Random, n: int) -> list[float]:
    """Differences of means over three answers, as a baseline of six decimal places gives them."""
    return [round(source.randint(-3, 3) / 3, 6) for _ in range(n)]


def by_scipy(differences: list[float], alternative: str) -> float:
    found = stats.permutation_test(
        (np.array(differences), np.zeros(len(differences))),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        alternative=alternative,
        vectorized=True,
        n_resamples=math.inf,
    )
    return float(found.pvalue)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("draw", [graded, zero_one])
def test_the_sign_flip_test_agrees_with_scipys_permutation_test(
    draw: Callable[[random.Random, int], list[float]], alternative: statistics.Alternative
) -> None:
    source = random.Random(1)
    for _ in range(40):
        differences = draw(source, source.randint(2, 10))

        assert sign_flip_p(differences, alternative=alternative) == pytest.approx(by_scipy(differences, alternative))


@pytest.mark.parametrize("n", [5, 21, 200, 1500])
def test_for_scores_of_0_and_1_it_is_the_exact_binomial_at_any_size(n: int) -> None:
    source = random.Random(n)
    worse = source.randint(0, n)
    differences = [-1.0] * worse + [1.0] * (n - worse) + [0.0] * 7

    assert sign_flip_p(differences, alternative="less") == pytest.approx(
        stats.binomtest(worse, n, alternative="greater").pvalue
    )


def test_thirds_kept_to_six_places_tie_as_thirds_do() -> None:
    source = random.Random(2)
    for _ in range(20):
        differences = thirds(source, 9)
        whole = [float(round(difference * 3)) for difference in differences]

        assert sign_flip_p(differences, alternative="less") == sign_flip_p(whole, alternative="less")


def test_a_sum_of_zero_is_a_tie_and_never_evidence() -> None:
    assert sign_flip_p([0.1, 0.2, -0.3], alternative="two-sided") == 1.0
    assert sign_flip_p([0.1, 0.2, -0.3], alternative="less") > 0.5
    assert sign_flip_p([], alternative="less") == 1.0


def test_twenty_differing_cases_of_any_kind_are_counted_exactly_and_quickly() -> None:
    differences = graded(random.Random(3), 20)
    every_sum = np.zeros(1)
    for difference in differences:
        every_sum = np.concatenate([every_sum, every_sum + difference])

    started = time.perf_counter()
    p = sign_flip_p(differences, alternative="less")

    assert p == np.count_nonzero(every_sum >= 0) / 2**20
    assert time.perf_counter() - started < 0.5


def test_many_answers_per_case_stay_exact_since_their_sums_coincide() -> None:
    source = random.Random(4)
    differences = thirds(source, 120)

    assert sign_flip_p(differences, alternative="less", seed=0) == sign_flip_p(differences, alternative="less", seed=1)


def test_too_many_to_count_are_drawn_with_a_seed_and_close_to_the_normal_limit() -> None:
    differences = [difference - 0.09 for difference in graded(random.Random(5), 150)]
    z = sum(differences) / math.sqrt(sum(difference**2 for difference in differences))

    p = sign_flip_p(differences, alternative="less", seed=7)

    assert p == sign_flip_p(differences, alternative="less", seed=7)
    assert p == pytest.approx(stats.norm.cdf(z), abs=0.01)


def test_a_drawn_p_is_never_zero() -> None:
    differences = [-(difference**2) for difference in graded(random.Random(6), 100)]

    assert sign_flip_p(differences, alternative="less") == 1 / (statistics.DRAWS + 1)


def test_p_does_not_depend_on_the_order_of_cases() -> None:
    for n in (12, 60):
        differences = graded(random.Random(n), n)
        shuffled = random.Random(0).sample(differences, n)

        for alternative in ALTERNATIVES:
            assert sign_flip_p(differences, alternative=alternative) == sign_flip_p(shuffled, alternative=alternative)


def test_a_better_case_never_makes_a_drop_more_certain() -> None:
    source = random.Random(8)
    for _ in range(50):
        differences = graded(source, 10)
        better = list(differences)
        better[3] += source.random()

        assert sign_flip_p(better, alternative="less") >= sign_flip_p(differences, alternative="less")


def test_wilson_agrees_with_scipy() -> None:
    source = random.Random(9)
    for _ in range(100):
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
    for _ in range(50):
        differences = graded(source, source.randint(2, 60))
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


@pytest.mark.parametrize("draw", [graded, zero_one, thirds])
def test_the_paired_interval_excludes_0_exactly_when_the_two_sided_p_is_under_a_twentieth(
    draw: Callable[[random.Random, int], list[float]],
) -> None:
    source, excluded = random.Random(11), 0
    for _ in range(50):
        differences = draw(source, source.randint(1, 40))
        if source.random() < 0.5:
            differences = [min(difference, 0.2) for difference in differences]
        low, high = paired_interval(differences) or (0.0, 0.0)

        assert (not low <= 0 <= high) == (sign_flip_p(differences, alternative="two-sided") < 0.05)
        assert low <= sum(differences) / len(differences) <= high
        excluded += not low <= 0 <= high
    assert excluded > 3


def test_where_drawn_subsets_cannot_tell_the_exact_test_decides_about_0() -> None:
    just_not = [-1.0] * 22 + [1.0] * 10 + [0.0] * 8
    just = [-1.0] * 29 + [1.0] * 15
    assert sign_flip_p(just_not, alternative="two-sided") == pytest.approx(0.0501, abs=1e-4)
    assert sign_flip_p(just, alternative="two-sided") == pytest.approx(0.0488, abs=1e-4)

    for seed in range(6):
        assert (paired_interval(just_not, seed=seed) or (0, -1))[1] >= 0
        assert (paired_interval(just, seed=seed) or (0, 0))[1] < 0


def test_one_way_flips_exclude_0_from_six_on() -> None:
    assert paired_interval([-1.0] * 5 + [0.0] * 35) == pytest.approx((-0.24, 0.0), abs=0.02)
    low, high = paired_interval([-1.0] * 6 + [0.0] * 34) or (0, 0)
    assert low == pytest.approx(-0.26, abs=0.02)
    assert -0.1 < high < 0


def test_the_paired_interval_is_near_students_where_that_holds() -> None:
    differences = [difference * 0.5 + 0.05 for difference in graded(random.Random(12), 200)]

    assert paired_interval(differences) == pytest.approx(t_interval(differences), abs=0.01)


def test_fewer_than_six_cases_exclude_nothing() -> None:
    assert paired_interval([-1.0] * 5) == (-1.0, 1.0)
    assert paired_interval([]) is None


def test_weights_move_the_paired_interval() -> None:
    differences = [-1.0] * 10 + [0.0] * 30
    heavy = paired_interval(differences, weights=[3.0] * 10 + [1.0] * 30)
    even = paired_interval(differences)

    assert heavy is not None
    assert even is not None
    assert heavy[0] < even[0]
    assert heavy[0] < -0.5 < heavy[1]


def test_five_one_way_flips_are_needed_at_a_twentieth() -> None:
    assert flips_needed(0.05) == 5
    assert flips_needed(0.5) == 2
    assert flips_needed(0.01) == 7


def test_the_smallest_drop_to_be_shown_is_five_flips_of_all_cases() -> None:
    assert min_detectable_drop([1.0] * 40, total=40, alpha=0.05) == pytest.approx(5 / 40)
    assert min_detectable_drop([3.0, 1, 1, 1, 1, 1], total=8, alpha=0.05) == pytest.approx(5 / 8)
    assert min_detectable_drop([1.0] * 4, total=40, alpha=0.05) is None


def test_that_smallest_drop_is_just_significant_and_one_flip_less_is_not() -> None:
    assert sign_flip_p([-1.0] * 5 + [0.0] * 35, alternative="less") < 0.05
    assert sign_flip_p([-1.0] * 4 + [0.0] * 36, alternative="less") >= 0.05


@pytest.mark.parametrize(("worse", "better"), [(3, 0), (4, 1), (9, 3), (6, 4)])
def test_about_so_many_cases_would_settle_it(worse: int, better: int) -> None:
    seen = [-1.0] * worse + [1.0] * better + [0.0] * (40 - worse - better)
    needed = cases_to_settle(seen, alpha=0.05)
    assert needed is not None

    def p_with(cases: float) -> float:
        worse_then, better_then = round(worse * cases / 40), round(better * cases / 40)
        return sign_flip_p([-1.0] * worse_then + [1.0] * better_then, alternative="less")

    assert p_with(needed * 1.3) < 0.05
    assert p_with(needed * 0.7) > 0.05


def test_no_number_of_cases_settles_what_is_no_drop() -> None:
    assert cases_to_settle([0.0] * 40, alpha=0.05) is None
    assert cases_to_settle([1.0, -1.0], alpha=0.05) is None
    assert cases_to_settle([], alpha=0.05) is None
