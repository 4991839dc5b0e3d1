"""What was spent: calls, tokens, dollars and seconds, counted for each role."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from opro_action.models.model import Role


@dataclass(frozen=True)
class Usage:
    """What one role has used.

    `calls` are requests that went out, retries included; `cached` are answers that cost nothing. `cost_usd` is
    None as soon as one call had no known price. `seconds` is the time spent waiting for models, added up over
    calls, so that calls at the same time count side by side.
    """

    calls: int = 0
    cached: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        costs = (self.cost_usd, other.cost_usd)
        return Usage(
            calls=self.calls + other.calls,
            cached=self.cached + other.cached,
            retries=self.retries + other.retries,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
            seconds=self.seconds + other.seconds,
        )

    def as_json(self) -> dict[str, Any]:
        """The object that results, journals and plans carry."""
        return asdict(replace(self, seconds=round(self.seconds, 3)))


class UsageBook:
    """The usage of each role so far; made by `Models` and written by the layers around a backend."""

    def __init__(self) -> None:
        self._by_role: dict[Role, Usage] = {}

    def __getitem__(self, role: Role) -> Usage:
        return self._by_role.get(role, Usage())

    @property
    def total(self) -> Usage:
        """All roles together."""
        return sum(self._by_role.values(), Usage())

    def add(self, role: Role, usage: Usage) -> None:
        self._by_role[role] = self[role] + usage

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Each role that was used, and `total`."""
        roles = {str(role): usage.as_json() for role, usage in sorted(self._by_role.items())}
        return {**roles, "total": self.total.as_json()}
