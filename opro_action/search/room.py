"""Whether a step and the decision still fit into dollars and minutes, by what the calls so far have taken."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from opro_action.models.connect import Models
from opro_action.models.model import Role
from opro_action.models.usage import Usage
from opro_action.suite.suite import OptimizeSpec


@dataclass(frozen=True)
class Room:
    """Asked before each step, for `writes` calls of the optimizer model and `asks` of the others.

    `seconds` says how long the search has taken. A step in `begun`, which an earlier part of the run began, fits.
    Until the optimizer model has written something its calls count as nothing: the caps hold all the same.
    """

    models: Models
    spec: OptimizeSpec
    seconds: Callable[[], float]
    begun: Container[int] = ()

    def lacking(self, step: int, writes: int, asks: int) -> str | None:
        """The bound that these calls would pass, None when they fit."""
        budget, ended = self.models.budget, self.models.budget.settled_calls
        if step in self.begun or not ended:
            return None
        cost, minutes = self.spec.max_cost, self.spec.max_minutes
        dollars = writes * self._dollars("optimizer") + asks * self._dollars("task", "judge")
        if cost is not None and budget.spent_usd + dollars > cost:
            return f"{cost:g} dollars (max_cost)"
        if self.seconds() * (1 + (writes + asks) / ended) > 60 * minutes:
            return f"{minutes:g} minutes (max_minutes)"
        return None

    def _dollars(self, *roles: Role) -> float:
        """What a call of these roles has cost on average; of all calls, where that is not known of theirs."""
        used = sum((self.models.usage[role] for role in roles), Usage())
        if used.cost_usd is None:
            return self.models.budget.spent_usd / self.models.budget.settled_calls
        return used.cost_usd / used.calls if used.calls else 0.0
