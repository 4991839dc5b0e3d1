"""Budget: caps hold at any number of calls at the same time, and say which one was reached."""

from __future__ import annotations

import asyncio

import pytest

from opro_action.errors import BudgetSpent
from opro_action.models.budget import Budget


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def spend(budget: Budget, *, at_most: float = 0.0, cost: float = 0.0) -> None:
    reservation = await budget.reserve(at_most)
    await asyncio.sleep(0)
    budget.settle(reservation, cost)


def test_no_call_goes_out_after_the_last_one_allowed() -> None:
    async def run() -> int:
        budget = Budget(max_calls=50)
        ended = await asyncio.gather(*(spend(budget) for _ in range(80)), return_exceptions=True)
        assert budget.remaining_calls == 0
        return sum(not isinstance(end, BudgetSpent) for end in ended)

    assert asyncio.run(run()) == 50


def test_the_message_names_the_cap_on_calls_and_what_to_raise() -> None:
    budget = Budget(max_calls=0)
    with pytest.raises(BudgetSpent, match=r"0 of 0 calls went out; raise max_calls"):
        asyncio.run(budget.reserve())


def test_a_call_that_could_overstep_the_dollars_does_not_go_out() -> None:
    budget = Budget(max_cost=1.0)
    asyncio.run(spend(budget, at_most=0.6, cost=0.6))
    with pytest.raises(BudgetSpent, match=r"\$0\.6000 of \$1, and the next call could cost \$0\.5000; raise max_cost"):
        asyncio.run(budget.reserve(0.5))


def test_a_call_waits_when_only_reservations_of_others_stand_in_its_way() -> None:
    async def run() -> float:
        budget = Budget(max_cost=1.0)
        await asyncio.gather(*(spend(budget, at_most=0.6, cost=0.1) for _ in range(5)))
        return budget.spent_usd

    assert asyncio.run(run()) == pytest.approx(0.5)


def test_dollars_are_never_overspent_at_the_same_time() -> None:
    async def run() -> Budget:
        budget = Budget(max_cost=1.0)
        calls = (spend(budget, at_most=0.3, cost=0.3) for _ in range(20))
        await asyncio.gather(*calls, return_exceptions=True)
        return budget

    assert asyncio.run(run()).spent_usd == pytest.approx(0.9)


def test_waiting_calls_are_told_when_the_rest_is_too_small() -> None:
    async def run() -> list[BaseException | None]:
        budget = Budget(max_cost=1.0)
        calls = [spend(budget, at_most=0.7, cost=0.7), spend(budget, at_most=0.7, cost=0.7)]
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second = asyncio.run(run())
    assert first is None
    assert isinstance(second, BudgetSpent)


def test_a_reservation_that_cost_less_gives_the_rest_back() -> None:
    budget = Budget(max_cost=1.0)
    asyncio.run(spend(budget, at_most=1.0, cost=0.25))
    assert budget.remaining_cost == 0.75


def test_many_settled_reservations_leave_no_rest_behind() -> None:
    budget = Budget(max_cost=1.0)
    for _ in range(100):
        asyncio.run(spend(budget, at_most=0.1))
    assert budget.remaining_cost == 1.0


def test_no_call_goes_out_after_the_last_minute() -> None:
    clock = Clock()
    budget = Budget(max_minutes=2, clock=clock)
    asyncio.run(spend(budget))
    clock.now += 119
    asyncio.run(spend(budget))
    clock.now += 1
    with pytest.raises(BudgetSpent, match=r"2\.0 of 2 minutes; raise max_minutes"):
        asyncio.run(budget.reserve())


def test_minutes_start_with_the_first_call() -> None:
    clock = Clock()
    budget = Budget(max_minutes=1, clock=clock)
    clock.now += 3600
    asyncio.run(spend(budget))
    assert budget.seconds == 0


def test_what_an_interrupted_run_has_spent_counts() -> None:
    budget = Budget(max_calls=10, max_cost=1.0, max_minutes=1, clock=Clock())
    budget.charge(calls=9, cost=0.9, seconds=30)
    assert (budget.remaining_calls, budget.seconds) == (1, 30)
    assert budget.remaining_cost == pytest.approx(0.1)
    asyncio.run(spend(budget, at_most=0.05))
    with pytest.raises(BudgetSpent, match="10 of 10 calls"):
        asyncio.run(budget.reserve())


def test_check_refuses_when_nothing_is_left() -> None:
    budget = Budget(max_cost=1.0)
    budget.check()
    budget.charge(cost=1.0)
    with pytest.raises(BudgetSpent, match="raise max_cost"):
        budget.check()


def test_without_caps_everything_goes_out() -> None:
    budget = Budget()
    asyncio.run(spend(budget, at_most=1e9, cost=1e9))
    assert (budget.remaining_calls, budget.remaining_cost) == (None, None)
