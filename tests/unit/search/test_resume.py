"""A run cut off at any place and resumed: it takes the course, and comes to the end, of one that was not cut off."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from builders import make_suite

from opro_action.errors import CallFailed
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Request
from opro_action.models.retry import RetryPolicy
from opro_action.models.scripted import Answer, ScriptedModel
from opro_action.search.prepare import prepare
from opro_action.search.result import optimize_json
from opro_action.search.run import Finished, run

AT_ONCE = 16


def share(*parts: object) -> float:
    """A number in [0, 1) that looks random and is the same each time."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:8], 16) / 2**32


def world(request: Request) -> Answer:
    """Prompts that end in a number are right on that share of cases; a few questions are never answered."""
    said = request.messages[-1].content
    if request.model == "scripted/writer":
        return f"<prompt>Say it well {share(said, request.repeat):.2f}</prompt>"
    text = request.messages[0].content
    if text[-1].isdigit() and share("fails", text, said) < 0.02:
        raise CallFailed("overloaded")
    right = share(text, said) < (float(text.split()[-1]) if text[-1].isdigit() else 0.3)
    return "ab"[int(said.split()[-1]) % 2] if right else "neither"


def searched(folder: Path) -> tuple[Finished, Budget, ScriptedModel]:
    """A search in `folder`, which goes on where a journal lies there."""
    cases = [{"id": f"c{i}", "input": f"case number {i:03}", "expected": "ab"[i % 2]} for i in range(60)]
    optimize = {"model": "scripted/writer", "steps": 5, "candidates": 6, "max_calls": 600, "patience": 9, "target": 1.0}
    suite = make_suite(folder, prompt="Say it.\n", params={"temperature": 0}, cases=cases, optimize=optimize)
    setup = prepare(suite)
    model, budget = ScriptedModel(world), Budget(max_calls=600)

    async def job() -> Finished:
        quick = RetryPolicy(attempts=1)
        async with Models(
            budget=budget, cache=None, concurrency=AT_ONCE, backend=lambda spec: model, retries=quick
        ) as models:
            return await run(setup, models, folder / "run", command="", say=lambda line: None)

    return asyncio.run(job()), budget, model


def told(finished: Finished) -> dict[str, Any]:
    found = optimize_json(replace(finished.report, run=""))
    return {name: value for name, value in found.items() if name != "usage"}


def test_a_run_that_was_cut_off_anywhere_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, budget, model = searched(tmp_path / "whole")
    lines = (tmp_path / "whole/run/journal.jsonl").read_text().splitlines(keepends=True)
    kinds = [json.loads(line)["kind"] for line in lines]
    assert whole.report.evidence.evidence == "proven"
    assert kinds.count("failed") > 0
    assert kinds.count("step") > 2

    for cut in range(1, len(lines), 29):
        journal = tmp_path / f"cut-{cut}/run/journal.jsonl"
        journal.parent.mkdir(parents=True)
        journal.write_text("".join(lines[:cut]))
        resumed, more, again = searched(tmp_path / f"cut-{cut}")
        assert told(resumed) == told(whole)
        assert len(again.requests) <= len(model.requests) - kinds[:cut].count("call")
        assert budget.settled_calls <= more.settled_calls <= budget.settled_calls + AT_ONCE
