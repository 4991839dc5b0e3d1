"""Hard caps on calls, dollars and minutes, shared by all models of a run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from opro_action.errors import BudgetSpent


@dataclass(frozen=True)
class Reservation:
    """A place in the budget for one call that goes out now; `dollars` is the most it can cost."""

    dollars: float


class Budget:
    """Caps that no number of calls at the same time can overstep; None means no cap.

    `max_calls` counts requests that go out, retries included. `max_cost` is in dollars: a call goes out only when
    the most it can cost still fits. `max_minutes` runs from the first reservation or charge: no call goes out later.
    """

    def __init__(
        self,
        *,
        max_calls: int | None = None,
        max_cost: float | None = None,
        max_minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_calls = max_calls
        self.max_cost = max_cost
        self.max_minutes = max_minutes
        self._clock = clock
        self._started: float | None = None
        self._earlier_seconds = 0.0
        self._calls = 0
        self._spent = 0.0
        self._reserved = 0.0
        self._in_flight = 0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def settled_calls(self) -> int:
        """Requests that went out and have ended, well or not, those of a resumed run included."""
        return self._calls - self._in_flight

    @property
    def remaining_calls(self) -> int | None:
        """Calls that may still go out; None when they are not capped."""
        return None if self.max_calls is None else max(0, self.max_calls - self._calls)

    @property
    def remaining_cost(self) -> float | None:
        """Dollars neither spent nor reserved; None when they are not capped."""
        return None if self.max_cost is None else max(0.0, self.max_cost - self._spent - self._reserved)

    @property
    def spent_usd(self) -> float:
        """Dollars of all settled calls whose price is known."""
        return self._spent

    @property
    def seconds(self) -> float:
        """Seconds since the first call was asked for, those of a resumed run included."""
        running = 0.0 if self._started is None else self._clock() - self._started
        return self._earlier_seconds + running

    def charge(self, *, calls: int = 0, cost: float = 0.0, seconds: float = 0.0) -> None:
        """Count what an interrupted run has spent already, before this run goes on."""
        self._calls += calls
        self._spent += cost
        self._earlier_seconds += seconds

    def check(self) -> None:
        """Raise BudgetSpent when no further call may go out, whatever it costs."""
        self._check_time()
        self._check_calls()
        if self.max_cost is not None and self._spent >= self.max_cost:
            raise self._cost_spent(0.0)

    async def reserve(self, dollars: float = 0.0) -> Reservation:
        """Take a place for one call that costs `dollars` at most; raises BudgetSpent, naming the cap.

        When only the reservations of other calls stand in the way, waits until they are settled.
        """
        while True:
            if self._started is None:
                self._started = self._clock()
            self._check_time()
            self._check_calls()
            if self._fits(dollars):
                break
            if not self._in_flight:
                raise self._cost_spent(dollars)
            await self._next_settlement()
        self._calls += 1
        self._reserved += dollars
        self._in_flight += 1
        return Reservation(dollars)

    def settle(self, reservation: Reservation, dollars: float) -> None:
        """Replace what was reserved by what the call has cost; 0 for one that was refused."""
        self._in_flight -= 1
        # Exactly 0 when nothing is in flight: adding and subtracting floats would leave a rest.
        self._reserved = self._reserved - reservation.dollars if self._in_flight else 0.0
        self._spent += dollars
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _fits(self, dollars: float) -> bool:
        return self.max_cost is None or self._spent + self._reserved + dollars <= self.max_cost

    async def _next_settlement(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _check_time(self) -> None:
        if self.max_minutes is not None and self.seconds >= self.max_minutes * 60:
            raise BudgetSpent(
                f"The budget is spent: {self.seconds / 60:.1f} of {self.max_minutes:g} minutes; "
                "raise max_minutes to go on."
            )

    def _check_calls(self) -> None:
        if self.remaining_calls == 0:
            raise BudgetSpent(
                f"The budget is spent: {self._calls} of {self.max_calls} calls went out; raise max_calls to go on."
            )

    def _cost_spent(self, dollars: float) -> BudgetSpent:
        need = f", and the next call could cost ${dollars:.4f}" if dollars else ""
        return BudgetSpent(
            f"The budget is spent: ${self._spent:.4f} of ${self.max_cost:g}{need}; raise max_cost to go on."
        )
