"""The runner: every case of a run goes to the task model at once, and every answer is graded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from opro_action.errors import CallFailed, CallRefused
from opro_action.models.model import Message, Model, Request
from opro_action.scoring.results import Answer, CaseResult
from opro_action.scoring.scorers import grade_all
from opro_action.suite.prompt import fill, placeholders
from opro_action.suite.suite import Case, ModelSpec, ScorerSpec

T = TypeVar("T")
OnAnswer = Callable[[Case, Answer], None]


@dataclass(frozen=True)
class Bench:
    """What stays the same while prompts are compared: the task model, its parameters and the scorers."""

    model: Model
    spec: ModelSpec
    scorers: tuple[ScorerSpec, ...]


def render(text: str, case: Case) -> tuple[Message, ...]:
    """The messages that put `case` to the model under the prompt `text`.

    With placeholders the filled text is one user message; without, it is the system message and the case's
    input the user message.
    """
    if placeholders(text):
        return (Message("user", fill(text, case.vars)),)
    return (Message("system", text), Message("user", str(case.vars["input"])))


async def score_cases(
    bench: Bench, text: str, cases: Sequence[Case], *, repeats: int = 1, on_answer: OnAnswer | None = None
) -> tuple[CaseResult, ...]:
    """Ask and grade every case `repeats` times, all concurrently; results come in the order of `cases`.

    A call that failed leaves its answer unscored with the reason. `CallRefused` ends the run at once;
    `BudgetSpent` ends it when the calls in flight have come back. Both are raised.
    """

    async def answer(case: Case, repeat: int) -> Answer:
        graded = await _answer(bench, text, case, repeat)
        if on_answer:
            on_answer(case, graded)
        return graded

    jobs = [(case, repeat) for case in cases for repeat in range(repeats)]
    answers = await gather([answer(case, repeat) for case, repeat in jobs])
    return tuple(
        CaseResult(case, tuple(answers[index * repeats : (index + 1) * repeats])) for index, case in enumerate(cases)
    )


async def gather(jobs: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all jobs concurrently and return what they return, in order.

    The first `CallRefused` cancels the rest, since it would meet them all. After any other error the jobs that
    are under way are let finish, so that what was paid for is not lost; then the first error is raised.
    """
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        await _until_settled(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]


async def _until_settled(tasks: Sequence[asyncio.Future[T]]) -> None:
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        refused = [e for e in (task.exception() for task in done) if isinstance(e, CallRefused)]
        if refused:
            raise refused[0]
    failed = [e for e in (task.exception() for task in tasks) if e]
    if failed:
        raise failed[0]


async def _answer(bench: Bench, text: str, case: Case, repeat: int) -> Answer:
    request = Request(bench.spec.id, render(text, case), bench.spec.params, repeat)
    try:
        completion = await bench.model.complete(request)
    except CallFailed as failure:
        return Answer(text="", score=None, passed=False, explanation=str(failure))
    score, passed, explanation = grade_all(bench.scorers, case, completion.text)
    return Answer(
        text=completion.text,
        score=score,
        passed=passed,
        explanation=explanation,
        cached=completion.cached,
        latency_s=completion.latency_s,
    )
