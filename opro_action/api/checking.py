"""`check()` and `load_suite()`: what `opro check` does with one suite, as functions."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opro_action.api.apart import apart
from opro_action.api.results import CheckResult
from opro_action.commands.base import base_at
from opro_action.commands.common import Calls, open_models
from opro_action.commands.compare import other_prompt
from opro_action.gate.check import check_suites, overall
from opro_action.models.connect import Models
from opro_action.report.check_json import check_json
from opro_action.scoring.selfcheck import check_prices
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class Wanted:
    """What is put to which model: `prompt`, `model` and `repeats` stand for the suite's own.

    `base` is the git ref that is scored where no baseline fits, by default HEAD.
    """

    suite: str | Path | Suite
    prompt: str | Path | None = None
    model: str | None = None
    repeats: int | None = None
    base: str | None = None

    def read(self) -> Suite:
        """The suite as it is to be asked; raises UsageError with the reason when it cannot be read."""
        if not isinstance(self.suite, Suite):
            suite = load_suite(self.suite, model=self.model)
        elif self.model:
            suite = replace(self.suite, model=self.suite.model.named(self.model))
        else:
            suite = self.suite
        if self.repeats:
            suite = replace(suite, repeats=self.repeats)
        return replace(suite, prompt=other_prompt(suite, Path(self.prompt))) if self.prompt else suite


def load_suite(path: str | Path, *, model: str | None = None) -> Suite:
    """The suite in a file, checked; `model` is asked instead of the file's task model.

    `FILE#PART` is one of several in a file. Raises UsageError with file, line and what to do.
    """
    return read_suite(Path(path), model=model)


async def aload_suite(path: str | Path, *, model: str | None = None) -> Suite:
    """`load_suite` for asynchronous code."""
    return await asyncio.to_thread(load_suite, path, model=model)


def check(
    suite: str | Path | Suite,
    *,
    prompt: str | Path | None = None,
    model: str | None = None,
    repeats: int | None = None,
    base: str | None = None,
    calls: Calls = Calls(),
) -> CheckResult:
    """Score a suite and compare it with its baseline, as `opro check` does; nothing is recorded.

    `prompt` is another prompt file, and `model` and `repeats` replace the suite's. `base` is the git ref that is scored
    where no baseline fits, by default HEAD. `calls` bounds what may be spent.

    Raises UsageError for what has to change first, NotMeasured when too little could be scored, BudgetSpent when a cap
    was reached before a verdict: a check that measured nothing has no result.
    """
    wanted = Wanted(suite, prompt, model, repeats, base)
    return apart(lambda: asyncio.run(_check(wanted, calls)))


async def acheck(
    suite: str | Path | Suite,
    *,
    prompt: str | Path | None = None,
    model: str | None = None,
    repeats: int | None = None,
    base: str | None = None,
    calls: Calls = Calls(),
) -> CheckResult:
    """`check` for asynchronous code."""
    return await _check(Wanted(suite, prompt, model, repeats, base), calls)


async def _check(wanted: Wanted, calls: Calls) -> CheckResult:
    suite, began = wanted.read(), time.monotonic()
    async with open_models(suite.root, calls) as models:
        found = await checked(suite, models, base=wanted.base, model=wanted.model)
        usage = replace(models.usage.total, seconds=time.monotonic() - began)
    return CheckResult.of({**found, "usage": usage.as_json()})


async def checked(suite: Suite, models: Models, *, base: str | None, model: str | None) -> dict[str, Any]:
    """The object `opro.check/1` for a suite, without its usage."""
    if models.budget.max_cost is not None:
        await check_prices(suite, models.check_price)
    with base_at(base, model=model) as accepted:
        checks = await check_suites([suite], models, base=accepted)
    return {**check_json(checks, {}), "exit_code": overall(checks)[1]}
