"""The runner: every case of a run goes to the task model at once, and every answer is graded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from opro_action.errors import CallFailed, CallRefused
from opro_action.models.model import Completion, Message, Model, Request
from opro_action.scoring.results import Answer, CaseResult
from opro_action.scoring.scorers import grade_all
from opro_action.scoring.scorers.judging import judge_of
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.prompt import Frame
from opro_action.suite.suite import Case, ModelSpec, ScorerSpec, Suite

T = TypeVar("T")
OnAnswer = Callable[[Case, Answer], None]


@dataclass(frozen=True)
class Bench:
    """What stays the same while prompts are compared: the task model, how it is asked, and the scorers."""

    model: Model
    spec: ModelSpec
    scorers: tuple[ScorerSpec, ...]
    frame: Frame = Frame()
    response_format: Mapping[str, Any] | None = None
    tools: Tools = Tools()

    @classmethod
    def of(cls, suite: Suite, model: Model, connect: Callable[[ModelSpec], Model]) -> Bench:
        """The bench of a suite: `model` answers, `connect` gives the models that its scorers ask."""
        tools = tools_of(suite, connect)
        return cls(model, suite.model, suite.scorers, suite.prompt.frame, suite.response_format, tools)


async def score_cases(
    bench: Bench,
    text: str,
    cases: Sequence[Case],
    *,
    first: int = 0,
    repeats: int = 1,
    on_answer: OnAnswer | None = None,
) -> tuple[CaseResult, ...]:
    """Ask and grade every case `repeats` times, all concurrently; results come in the order of `cases`.

    Answers are numbered from `first` on: the cache keeps each number apart. A call that failed leaves its answer
    unscored with the reason. `CallRefused` ends the run at once; `BudgetSpent` ends it when the calls in flight have
    come back. Both are raised.
    """

    async def answer(case: Case, repeat: int) -> Answer:
        graded = await _answer(bench, text, case, repeat)
        if on_answer:
            on_answer(case, graded)
        return graded

    jobs = [(case, repeat) for case in cases for repeat in range(first, first + repeats)]
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


def tools_of(suite: Suite, connect: Callable[[ModelSpec], Model]) -> Tools:
    """What the scorers of a suite may use: its judge, or the task model free of what shapes its answers."""
    return Tools(connect, judge_of(suite), suite.root)


def request_for(bench: Bench, text: str, case: Case, repeat: int = 0) -> Request:
    """The call that puts `case` to the task model under the prompt `text`."""
    messages = tuple(Message(role, content) for role, content in bench.frame.chat(text, case.vars))
    return Request(bench.spec.id, messages, bench.spec.params, repeat, bench.response_format)


async def _answer(bench: Bench, text: str, case: Case, repeat: int) -> Answer:
    request = request_for(bench, text, case, repeat)
    try:
        completion = await _completion(bench, request, case)
    except CallFailed as failure:
        return Answer(text="", score=None, passed=False, explanation=str(failure))
    asked = Asked(case, completion, request.messages, repeat)
    began = time.perf_counter()
    score, passed, explanation = await grade_all(bench.scorers, asked, bench.tools)
    return Answer(
        text=completion.text,
        score=score,
        passed=passed,
        explanation=explanation,
        cached=completion.cached,
        latency_s=completion.latency_s,
        scoring_s=time.perf_counter() - began,
        cost_usd=completion.cost_usd,
    )


async def _completion(bench: Bench, request: Request, case: Case) -> Completion:
    if case.answer is not None:
        return Completion(case.answer, cost_usd=0.0, cached=True)
    return await bench.model.complete(request)
