"""`optimize()`: what `opro optimize` does, as a function."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TypedDict, Unpack

from opro_action.api.apart import apart
from opro_action.api.results import OptimizeResult
from opro_action.commands.common import Calls
from opro_action.commands.optimize import OptimizeOptions
from opro_action.commands.optimize import optimize as search
from opro_action.commands.output import Output


class Bounds(TypedDict, total=False):
    """The bounds of a search that stand for those of the suite's `optimize` section; dollars and minutes."""

    steps: int
    candidates: int
    max_calls: int
    max_cost: float
    max_minutes: float
    seed: int


def optimize(
    suite: str | Path,
    *,
    model: str | None = None,
    optimizer_model: str | None = None,
    write: bool = False,
    calls: Calls = Calls(),
    **bounds: Unpack[Bounds],
) -> OptimizeResult:
    """Search for a better wording of a suite's prompt within hard bounds, as `opro optimize` does.

    With `write` an accepted winner is put into the prompt file. Of `calls` only concurrency, offline and no_cache
    count: caps are among the `bounds`. Progress goes to stderr; journal and plan to `.opro/runs/`. Raises UsageError,
    NotMeasured and BudgetSpent.
    """
    with tempfile.TemporaryDirectory(prefix="opro-") as folder:
        found = Path(folder) / "result.json"
        options = OptimizeOptions(
            suite=Path(suite),
            bounds=dict(bounds),
            model=model,
            optimizer_model=optimizer_model,
            write=write,
            calls=calls,
            output=Output(format="json", output=found),
        )
        apart(lambda: search(options))
        return OptimizeResult.of(json.loads(found.read_text("utf-8")))


async def aoptimize(
    suite: str | Path,
    *,
    model: str | None = None,
    optimizer_model: str | None = None,
    write: bool = False,
    calls: Calls = Calls(),
    **bounds: Unpack[Bounds],
) -> OptimizeResult:
    """`optimize` for asynchronous code. Cancelling does not end the search: its bounds do."""
    return await asyncio.to_thread(
        optimize, suite, model=model, optimizer_model=optimizer_model, write=write, calls=calls, **bounds
    )
