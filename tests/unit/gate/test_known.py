"""Cases that were scored earlier in a run are judged with the others, and not asked again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from builders import make_suite

from opro_action.gate.check import SuiteCheck, check_suites
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.scripted import ScriptedModel
from opro_action.scoring.results import Answer, CaseResult


def test_known_results_stand_in_the_order_of_the_suite(tmp_path: Path) -> None:
    suite = make_suite(tmp_path)
    known = CaseResult(suite.cases[0], (Answer("bug", 0.0, passed=False),))
    model = ScriptedModel({"It crashes on start": "bug"})

    async def job() -> list[SuiteCheck]:
        async with Models(budget=Budget(), cache=None, backend=lambda spec: model) as models:
            return await check_suites([suite], models, known=lambda suite: [known])

    (found,) = asyncio.run(job())
    assert [(result.case.id, result.score) for result in found.result.cases] == [("refund", 0), ("crash", 1)]
    assert len(model.requests) == 1
