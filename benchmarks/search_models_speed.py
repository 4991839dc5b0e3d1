"""How fast the served models answer, and what that makes of the runs that are to come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from search_models_place import Job, Place
from search_models_served import AT_ONCE

from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Message, Request
from opro_action.scoring.runner import Bench, gather, score_cases
from opro_action.suite.suite import Suite

SAMPLE = 16
WRITTEN = 30
"""Replies of the optimizer model in a run of 600 task calls, about: peers ask for 24, ours for some more."""

MESSAGE = "Write an instruction of two or three sentences for a language model. Its task: "


def estimate(place: Place, jobs: Sequence[Job]) -> str:
    """Seconds per call of each suite's task model and of the optimizer model, without a cache, and hours in all."""
    if not jobs:
        return "All runs are finished."
    suites = {job.suite: place.suite(job) for job in jobs}
    writing = asyncio.run(_writing(next(iter(suites.values()))))
    lines, total = [f"{writing:.2f} s per written prompt"], 0.0
    for name, suite in suites.items():
        asking = asyncio.run(_asking(suite))
        mine = [job for job in jobs if job.suite == name]
        seconds = sum(job.calls * (asking + WRITTEN / 600 * writing) for job in mine)
        total += seconds
        lines.append(f"{name}: {asking:.2f} s per task call; {len(mine)} runs, about {seconds / 3600:.1f} hours")
    return "\n".join([*lines, f"{len(jobs)} runs, about {total / 3600:.1f} hours, less what the cache answers."])


async def _asking(suite: Suite) -> float:
    async with Models(budget=Budget(), cache=None, concurrency=AT_ONCE) as models:
        bench = Bench.of(suite, models.connect(suite.model, "task"), lambda spec: models.connect(spec, "judge"))
        await score_cases(bench, suite.prompt.text, suite.cases[:1])  # loads the client library
        began = time.monotonic()
        await score_cases(bench, suite.prompt.text, suite.cases[:SAMPLE])
        return (time.monotonic() - began) / SAMPLE


async def _writing(suite: Suite) -> float:
    writer = suite.optimize.model or suite.model
    message = Message("user", MESSAGE + suite.description)
    async with Models(budget=Budget(), cache=None, concurrency=AT_ONCE) as models:
        model = models.connect(writer, "optimizer")
        await model.complete(Request(writer.id, (message,), {**writer.params, "max_tokens": 1}))
        began = time.monotonic()
        await gather([model.complete(Request(writer.id, (message,), writer.params, i)) for i in range(AT_ONCE)])
        return (time.monotonic() - began) / AT_ONCE
