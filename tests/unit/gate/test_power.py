"""What a number of cases can show."""

from __future__ import annotations

import pytest

from opro_action.gate.power import cases_to_show, smallest_change
from opro_action.gate.statistics import sign_flip_p


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
