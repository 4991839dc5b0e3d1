"""The desk: the one place of a run where models are asked and gates are decided, however many workers there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from opro_action.api.checking import Wanted, checked
from opro_action.commands.record import record
from opro_action.errors import OproError, UsageError
from opro_action.gate.check import SuiteCheck
from opro_action.pytest_plugin.asking import Asking, Heard, difference
from opro_action.pytest_plugin.catalogue import Catalogue, Chosen, Entry
from opro_action.pytest_plugin.outcome import CaseOutcome, GateOutcome, case_outcome, compared, gate_outcome, unmeasured
from opro_action.pytest_plugin.settings import Settings
from opro_action.scoring.results import CaseResult
from opro_action.suite.suite import Suite

Question = Mapping[str, Any]
"""`{"case": node id}`, `{"gate": node id}`, or `{"check": {"suite", "prompt", "model", "repeats", "base"}}`."""


@dataclass
class Decided:
    """What was found so far, by node id; `checks` by the node id of the suite, for those that were selected whole."""

    cases: dict[str, CaseOutcome] = field(default_factory=dict)
    checks: dict[str, SuiteCheck] = field(default_factory=dict)
    alone: dict[str, list[CaseResult]] = field(default_factory=dict)


class Desk:
    """Answers questions, all in one event loop. `chosen` is what was selected, known before the first question."""

    def __init__(self, settings: Settings, catalogue: Catalogue, progress: Callable[[str], None]) -> None:
        self.chosen: list[Chosen] = []
        self.decided = Decided()
        self.asking = Asking(settings, progress)
        self._settings = settings
        self._catalogue = catalogue
        self._jobs: dict[str, asyncio.Future[None]] = {}

    async def answer(self, question: Question) -> dict[str, Any]:
        """The answer as JSON; `{"error", "exit_code"}` for an expected error."""
        try:
            if "check" in question:
                return await self._check(question["check"])
            if "gate" in question:
                return asdict(await self._gate(question["gate"]))
            return asdict(await self._case(question["case"]))
        except OproError as error:
            return {"error": str(error), "exit_code": error.exit_code}

    def ready(self, question: Question) -> dict[str, Any] | None:
        """The answer, where it was decided before; it needs no event loop."""
        if question.get("case") in self.decided.cases:
            return asdict(self.decided.cases[question["case"]])
        entry = self._catalogue.entry(question["gate"]) if "gate" in question else None
        check = self.decided.checks.get(entry.place) if entry else None
        return asdict(gate_outcome(check)) if check else None

    async def everything(self) -> None:
        """Ask for all that is selected at once. What goes wrong is left to the items, each of which says so."""
        await asyncio.gather(self._once("all", self._decide), return_exceptions=True)

    async def _case(self, nodeid: str) -> CaseOutcome:
        entry = self._entry(nodeid)
        if self._settings.prefetch:
            await self._once("all", self._decide)
        if nodeid not in self.decided.cases:
            await self._once(nodeid, lambda: self._alone(entry))
        return self.decided.cases[nodeid]

    async def _gate(self, nodeid: str) -> GateOutcome:
        entry = self._entry(nodeid)
        running = [job for job in self._jobs.values() if not job.done()]
        await asyncio.gather(*running, return_exceptions=True)
        await self._once("all", self._decide)
        if entry.place not in self.decided.checks:
            raise UsageError(f"{nodeid}: only a part of the suite is selected; select all of it, or its gate alone.")
        return gate_outcome(self.decided.checks[entry.place])

    async def _check(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        found = Wanted(**wanted)
        found = replace(
            found, model=found.model or self._settings.model, repeats=found.repeats or self._settings.repeats
        )
        suite, before = found.read(), self.asking.usage
        with self.asking.busy():
            value = await checked(suite, self.asking.models_for([suite]), base=found.base, model=found.model)
            return {**value, "usage": difference(self.asking.usage, before)}

    def _entry(self, nodeid: str) -> Entry:
        entry = self._catalogue.entry(nodeid)
        if entry is None:
            raise UsageError(f"{nodeid}: the suite changed while the tests ran; run them again.")
        return entry

    async def _once(self, name: str, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if name not in self._jobs:
            self._jobs[name] = asyncio.ensure_future(job())
        # It goes on when one of those who wait for it does not.
        await asyncio.shield(self._jobs[name])

    async def _alone(self, entry: Entry) -> None:
        cases = (entry.case,) if entry.case else ()
        check = await self._part(Chosen(entry.place, entry.suite, cases, gate=False))
        # Without the answers of a confirmation, which the gate asks for itself.
        results = [replace(result, answers=result.answers[: check.suite.repeats]) for result in check.result.scored]
        self.decided.alone.setdefault(entry.place, []).extend(results)

    async def _decide(self) -> None:
        """Score all that is selected; whole suites are judged together, as `opro check` does it."""
        whole, heard = [chosen for chosen in self.chosen if chosen.whole], Heard()
        places = {chosen.suite.title: chosen.place for chosen in whole}

        def known(suite: Suite) -> Sequence[CaseResult]:
            return self.decided.alone.get(places[suite.title], ())

        checks = await self.asking.check([chosen.suite for chosen in whole], heard, against_base=True, known=known)
        for chosen, check in zip(whole, checks, strict=True):
            await self._keep(chosen.place, check, heard)
            self.decided.checks[chosen.place] = self._recorded(check)
        if self._settings.prefetch:
            for chosen in self.chosen:
                if not chosen.whole and chosen.cases:
                    await self._part(chosen)

    async def _part(self, chosen: Chosen) -> SuiteCheck:
        heard = Heard()
        check = (await self.asking.check([chosen.part], heard, against_base=False))[0]
        await self._keep(chosen.place, check, heard)
        return check

    async def _keep(self, place: str, check: SuiteCheck, heard: Heard) -> None:
        results = {result.case.id: result for result in check.result.cases}
        for case in check.suite.cases:
            nodeid, result = f"{place}::{case.id}", results.get(case.id) or heard.result(check.suite, case)
            if result is not None:
                recall = not result.passed and compared(check, case)
                answer = await self.asking.recalled(check, case) if recall else None
                self.decided.cases[nodeid] = case_outcome(check, result, baseline_answer=answer)
            elif nodeid not in self.decided.cases:
                self.decided.cases[nodeid] = unmeasured(check.suite, case, check.verdict.reason)

    def _recorded(self, check: SuiteCheck) -> SuiteCheck:
        return record(check, self._settings.update, tell=self.asking.told.append) if self._settings.update else check
