"""What a number of cases can show."""

from __future__ import annotations

import random

import pytest

from opro_action.gate.power import cases_to_settle, cases_to_show, flips_needed, min_detectable_drop, smallest_change
from opro_action.gate.sign_flip import sign_flip_p


@pytest.mark.parametrize("n", [6, 20, 60])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_smallest_change_is_one_that_the_test_finds_and_one_case_less_is_not(n: int, alpha: float) -> None:
    change = smallest_change([1.0] * n, alpha=alpha)
    if change is None:
        assert sign_flip_p([-1.0] * n, alternative="less") >= alpha
        return
    failing = round(change * n)
    assert sign_flip_p([-1.0] * failing, alternative="less") < alpha
    assert sign_flip_p([-1.0] * (failing - 1), alternative="less") >= alpha


def test_too_few_cases_show_nothing_and_weightless_ones_do_not_count() -> None:
    assert smallest_change([1.0] * 5, alpha=0.05) is None
    assert smallest_change([1.0] * 5 + [0.0] * 10, alpha=0.05) is None
    assert smallest_change([], alpha=0.05) is None


@pytest.mark.parametrize(("change", "count"), [(0.02, 250), (0.1, 50), (0.5, 10), (1.0, 6)])
def test_as_many_cases_as_it_takes_to_show_a_change(change: float, count: int) -> None:
    assert cases_to_show(change, alpha=0.05) == count


def test_five_one_way_flips_are_needed_at_a_twentieth() -> None:
    assert flips_needed(0.05) == 5
    assert flips_needed(0.5) == 2
    assert flips_needed(0.01) == 7


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


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize("noise", [0, 8])
@pytest.mark.parametrize("size", [1.0, 0.37])
def test_a_drop_called_detectable_is_found_four_times_in_five(alpha: float, noise: int, size: float) -> None:
    source = random.Random(1)
    scores = [1.0] * 50 + [size] * 20 + [0.0] * 10
    seen = [0.5, -0.5] * (noise // 2) + [0.0] * (80 - noise)
    drop = min_detectable_drop(scores, seen, total=80, alpha=alpha)
    assert drop is not None

    def found() -> bool:
        lost = [-score for score in scores if score and source.random() < drop * 80 / sum(scores)]
        flipped = [source.choice((0.5, -0.5)) for _ in range(noise)]
        return sign_flip_p([*lost, *flipped], alternative="less") < alpha

    assert 0.7 <= sum(found() for _ in range(300)) / 300 <= 0.95


def test_more_noise_hides_larger_drops() -> None:
    quiet = min_detectable_drop([1.0] * 40, [0.0] * 40, total=40, alpha=0.05)
    noisy = min_detectable_drop([1.0] * 40, [1.0, -1.0] * 8 + [0.0] * 24, total=40, alpha=0.05)

    assert quiet is not None
    assert noisy is not None
    assert 0.12 < quiet < 0.2 < noisy < 0.5


def test_what_has_nothing_to_lose_or_too_few_cases_shows_no_drop() -> None:
    assert min_detectable_drop([0.0] * 40, [0.0] * 40, total=40, alpha=0.05) is None
    assert min_detectable_drop([1.0] * 4 + [0.0] * 36, [0.0] * 40, total=40, alpha=0.05) is None
    assert min_detectable_drop([1.0] * 5, [0.0] * 5, total=5, alpha=0.05) is None
