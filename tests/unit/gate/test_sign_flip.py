"""The sign-flip test and its interval, held against SciPy."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from opro_action.gate import sign_flip
from opro_action.gate.sign_flip import paired_interval, sign_flip_p
from opro_action.gate.statistics import t_interval

ALTERNATIVES: list[sign_flip.Alternative] = ["less", "greater", "two-sided"]


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
    draw: Callable[[random.Random, int], list[float]], alternative: sign_flip.Alternative
) -> None:
    source = random.Random(1)
    for _ in range(1000):
        differences = draw(source, source.randint(2, 8))

        assert sign_flip_p(differences, alternative=alternative) == pytest.approx(by_scipy(differences, alternative))


def test_for_scores_of_0_and_1_it_is_the_exact_binomial_at_any_size() -> None:
    source = random.Random(13)
    for _ in range(1000):
        n = source.randint(1, source.choice([10, 60, 1500]))
        worse = source.randint(0, n)
        differences = [-1.0] * worse + [1.0] * (n - worse) + [0.0] * 7

        for alternative, reference in (("less", "greater"), ("greater", "less")):
            p = sign_flip_p(differences, alternative=alternative)  # type: ignore[arg-type]
            assert p == pytest.approx(stats.binomtest(worse, n, alternative=reference).pvalue, rel=1e-9)


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


def test_twenty_differing_cases_of_any_kind_are_counted_exactly() -> None:
    differences = [round(difference, 6) for difference in graded(random.Random(3), 20)]

    assert sign_flip_p(differences, alternative="less") == share_of_all(differences)


def share_of_all(differences: list[float]) -> float:
    """The one-sided p by listing every subset."""
    every_sum = np.zeros(1)
    for difference in differences:
        every_sum = np.concatenate([every_sum, every_sum + difference])
    return float(np.count_nonzero(every_sum >= -1e-12) / every_sum.size)


def test_more_than_twenty_are_counted_too_and_right_to_a_thousandth() -> None:
    source = random.Random(14)
    for _ in range(5):
        differences = [difference - 0.15 for difference in graded(source, 22)]

        assert sign_flip_p(differences, alternative="less") == pytest.approx(share_of_all(differences), abs=1e-3)


def test_many_answers_per_case_stay_exact_since_their_sums_coincide() -> None:
    source = random.Random(4)
    differences = thirds(source, 120)

    assert sign_flip_p(differences, alternative="less", seed=0) == sign_flip_p(differences, alternative="less", seed=1)


def test_too_many_to_count_are_drawn_with_a_seed_and_never_give_more_evidence_than_there_is() -> None:
    differences = [difference - 0.03 for difference in graded(random.Random(5), 900)]
    z = sum(differences) / math.sqrt(sum(difference**2 for difference in differences))

    for seed in range(20):
        p = sign_flip_p(differences, alternative="less", seed=seed)
        assert p == sign_flip_p(differences, alternative="less", seed=seed)
        assert stats.norm.cdf(z) - 1e-3 <= p <= stats.norm.cdf(z) + 0.02


def test_a_drawn_p_is_never_zero() -> None:
    differences = [-(difference**2) for difference in graded(random.Random(6), 900)]

    assert sign_flip_p(differences, alternative="less") == pytest.approx(4 / sign_flip.DRAWS, rel=1e-3)


def test_p_does_not_depend_on_the_order_of_cases() -> None:
    for n in (12, 60):
        differences = graded(random.Random(n), n)
        shuffled = random.Random(0).sample(differences, n)

        for alternative in ALTERNATIVES:
            assert sign_flip_p(differences, alternative=alternative) == sign_flip_p(shuffled, alternative=alternative)


@pytest.mark.parametrize(("draw", "n"), [(zero_one, 30), (thirds, 40), (graded, 10), (graded, 20), (graded, 60)])
def test_a_better_case_never_makes_a_drop_more_certain(
    draw: Callable[[random.Random, int], list[float]], n: int
) -> None:
    source = random.Random(8)
    for _ in range(40):
        differences = draw(source, n)
        better = list(differences)
        better[3] = max(differences[3], source.choice([0.0, 1.0, source.random()]))

        assert sign_flip_p(better, alternative="less") >= sign_flip_p(differences, alternative="less")


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
