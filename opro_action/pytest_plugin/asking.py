"""Asking models for suites: one budget, one account and one cache for the whole run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from opro_action.commands.base import base_at
from opro_action.commands.common import Calls, open_models
from opro_action.errors import OproError
from opro_action.gate.check import SuiteCheck, check_suites
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.usage import Usage
from opro_action.pytest_plugin.settings import Settings
from opro_action.scoring.results import Answer, CaseResult
from opro_action.scoring.runner import Bench, request_for
from opro_action.scoring.selfcheck import check_prices
from opro_action.suite.suite import Case, Suite


@dataclass
class Heard:
    """The answers of a check as they come in: what is left of it when it ends before a verdict."""

    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)

    def note(self, suite: Suite, case: Case, answer: Answer) -> None:
        self.answers.setdefault((suite.title, case.id), []).append(answer)

    def result(self, suite: Suite, case: Case) -> CaseResult | None:
        """The case's result when all its answers have come."""
        found = self.answers.get((suite.title, case.id), [])
        return CaseResult(case, tuple(found)) if len(found) == suite.repeats else None


class Asking:
    """The run's way to models, opened when it is first needed. `told` is what it has to say besides."""

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        self.told: list[str] = []
        self._settings = settings
        self._progress = progress
        self._budget = Budget(max_calls=settings.max_calls, max_cost=settings.max_cost)
        self._models: Models | None = None
        self._usage = Usage()
        self._seconds = 0.0
        self._under_way = 0
        self._began = 0.0

    @property
    def usage(self) -> Usage:
        """What was spent so far; `seconds` is how long something was asked."""
        running = time.monotonic() - self._began if self._under_way else 0.0
        total = self._usage + (self._models.usage.total if self._models else Usage())
        return replace(total, seconds=self._seconds + running)

    async def aclose(self) -> None:
        """Close what answers; it is opened again when something is asked."""
        models, self._models = self._models, None
        if models is not None:
            await models.aclose()
            self._usage += models.usage.total

    def models_for(self, suites: Sequence[Suite]) -> Models:
        """The models of the run, opened for the first of these suites."""
        if self._models is None:
            calls = Calls(offline=self._settings.offline)
            self._models = open_models(suites[0].root, calls, budget=self._budget, warn=self.told.append)
        return self._models

    async def check(
        self,
        suites: Sequence[Suite],
        heard: Heard,
        *,
        against_base: bool,
        known: Callable[[Suite], Sequence[CaseResult]] = lambda suite: (),
    ) -> list[SuiteCheck]:
        """The suites scored and judged together. While baselines are recorded nothing is compared with HEAD.

        Raises UsageError, before anything is spent, when the cap on dollars cannot be kept.
        """
        if not suites:
            return []
        models, recording = self.models_for(suites), self._settings.update is not None
        for suite in suites if models.budget.max_cost is not None else ():
            await check_prices(suite, models.check_price)
        with self.busy(), base_at(None, model=self._settings.model) as base:
            return await check_suites(
                suites,
                models,
                base=base if against_base and not recording else None,
                confirm=not recording,
                on_answer=lambda suite: self._listener(suite, heard),
                known=known,
            )

    async def recalled(self, check: SuiteCheck, case: Case) -> str | None:
        """What the baseline's prompt got for a case, when the cache holds it; no model is asked."""
        if check.baseline is None or case.answer is not None:
            return None
        cache = self.models_for([check.suite]).cache
        offline = Models(budget=Budget(), cache=cache, offline=True)
        model = offline.connect(check.suite.model, "task")
        bench = Bench(model, check.suite.model, (), check.suite.prompt.frame, check.suite.response_format)
        try:
            return (await model.complete(request_for(bench, check.baseline.text, case))).text
        except OproError:
            return None

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Counts the time in which at least one thing is under way."""
        if not self._under_way:
            self._began = time.monotonic()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._seconds += time.monotonic() - self._began

    def _listener(self, suite: Suite, heard: Heard) -> Callable[[Case, Answer], None]:
        """Notes answers, and says how far a long scoring has come, each time another quarter of it is done."""
        total, done = len(suite.cases) * suite.repeats, [0, 0]

        def listen(case: Case, answer: Answer) -> None:
            heard.note(suite, case, answer)
            done[0] += 1
            done[1] += not answer.cached
            if self._settings.prefetch and done[1] and done[0] * 4 // total > (done[0] - 1) * 4 // total:
                self._progress(f"opro: {suite.title}: {done[0]} of {total} answers")

        return listen


def difference(after: Usage, before: Usage) -> Mapping[str, Any]:
    """What was spent between two looks, as results name it."""
    first, second = before.as_json(), after.as_json()
    return {name: None if value is None or first[name] is None else round(value - first[name], 6)
            for name, value in second.items()}  # fmt: skip
