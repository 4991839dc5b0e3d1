"""Whether calls still fit into dollars and minutes, from what those so far have taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.usage import Usage
from opro_action.search.room import Room
from opro_action.suite.suite import OptimizeSpec


def room(*, seconds: float = 10.0, cost: float | None = None, task: Usage | None = None) -> Room:
    """After 20 calls to the task model for 2 dollars, and 4 to the optimizer model for 4."""
    models = Models(budget=Budget(), cache=None)
    models.usage.add("task", task or Usage(calls=20, cost_usd=2.0))
    models.usage.add("optimizer", Usage(calls=4, cost_usd=4.0))
    models.budget.charge(calls=24, cost=6.0)
    return Room(models, OptimizeSpec(max_cost=cost, max_minutes=1.0), lambda: seconds)


def test_each_model_is_reckoned_at_what_its_own_calls_cost() -> None:
    assert room(cost=15.0).lacking(2, 4, 50) is None
    assert room(cost=14.9).lacking(2, 4, 50) == "14.9 dollars (max_cost)"


def test_dollars_that_nobody_knows_are_those_that_the_budget_assumed() -> None:
    unknown = Usage(calls=20, cost_usd=None)
    assert room(cost=8.6, task=unknown).lacking(2, 0, 10) is None
    assert room(cost=8.4, task=unknown).lacking(2, 0, 10) == "8.4 dollars (max_cost)"


@pytest.mark.parametrize(("seconds", "bound"), [(29.0, None), (31.0, "1 minutes (max_minutes)")])
def test_calls_take_as_long_as_those_before(seconds: float, bound: str | None) -> None:
    assert room(seconds=seconds).lacking(2, 4, 20) == bound


def test_a_step_that_an_earlier_part_of_the_run_began_fits() -> None:
    full = room(cost=6.0)
    assert full.lacking(2, 1, 1) is not None
    assert replace(full, begun=(2,)).lacking(2, 1, 1) is None


def test_before_the_first_call_everything_fits() -> None:
    models = Models(budget=Budget(), cache=None)
    assert Room(models, OptimizeSpec(max_cost=0.01), lambda: 1e6).lacking(1, 8, 100) is None
