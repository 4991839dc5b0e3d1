"""The self-check: answers that know nothing of a case, graded by the suite's scorers as a search would use them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opro_action.errors import CallFailed
from opro_action.models.model import Completion, Message, Model, Request
from opro_action.scoring.constants import FOR_JUDGES, Constant, constants
from opro_action.scoring.expected import chance, expected_text, stratified
from opro_action.scoring.results import weighted_mean
from opro_action.scoring.runner import gather, tools_of
from opro_action.scoring.scorers import grade_all
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.quoting import folded
from opro_action.suite.suite import Case, ModelSpec, Suite, content_digest

MOST_CASES = 400
"""So many cases tell the share of each label to within five points, and are graded in well under a second."""

JUDGED_CASES = 8
"""Cases on which constant answers are put to scorers that ask a model."""


@dataclass(frozen=True)
class Earned:
    """What a constant answer earned on `n` cases (an effective number, where they have weights).

    `score` is the mean in [0, 1], `passed` the share of cases that took it, both weighted. `mistaken` are cases that
    passed although they expect another answer.
    """

    constant: Constant
    score: float
    passed: float
    n: float
    mistaken: tuple[Case, ...] = ()


@dataclass(frozen=True)
class SelfCheck:
    """Every constant answer that could be graded, the one that earned most first.

    `chance` is the share of the most common expected answer, None when no case says what it expects. `judges` are
    the models that scorers ask; the cases that need them were left out where no model may be asked.
    """

    chance: float | None
    earned: tuple[Earned, ...]
    judges: tuple[ModelSpec, ...] = ()


async def self_check(suite: Suite) -> SelfCheck:
    """Grade the constant answers without asking any model, on a sample of at most `MOST_CASES` cases."""
    cases = stratified(suite.cases, MOST_CASES)
    asking = {case.id: await judges_of(suite, case) for case in cases}
    free = [case for case in cases if not asking[case.id]]
    nobody = tools_of(suite, _Nobody().connect)
    tried = [await _earned(suite, constant, free, nobody) for constant in constants(suite)]
    judges = {content_digest([spec.id, dict(spec.params)]): spec for specs in asking.values() for spec in specs}
    return _best_first(suite, tried, tuple(judges.values()))


async def judged_self_check(suite: Suite, tools: Tools) -> SelfCheck:
    """Put a few constant answers to the scorers that ask a model, on a sample of `JUDGED_CASES` of their cases."""
    asking = [case for case in stratified(suite.cases, MOST_CASES) if await judges_of(suite, case)]
    sample = stratified(asking, JUDGED_CASES)
    return _best_first(suite, await gather([_earned(suite, constant, sample, tools) for constant in FOR_JUDGES]))


async def judges_of(suite: Suite, case: Case) -> tuple[ModelSpec, ...]:
    """The models that would be asked to grade an answer to the case, once for each call; none of them is."""
    nobody = _Nobody()
    with contextlib.suppress(CallFailed):
        await grade_all(suite.scorers, asked(suite, case, FOR_JUDGES[-1].text), tools_of(suite, nobody.connect))
    return tuple(nobody.wanted)


async def judges_of_all(suite: Suite, cases: Sequence[Case]) -> list[tuple[ModelSpec, ...]]:
    """`judges_of` each case; of the first alone where none has scorers of its own, since the others have the same."""
    unlike = cases if any(case.scorers for case in cases) else cases[:1]
    return [await judges_of(suite, case) for case in unlike]


async def check_prices(suite: Suite, check: Callable[[ModelSpec], None]) -> None:
    """`check` the task model, and those that its scorers ask: it raises UsageError for one without a known price."""
    for spec in (suite.model, *itertools.chain(*await judges_of_all(suite, suite.cases))):
        check(spec)


def asked(suite: Suite, case: Case, answer: str, *, repeat: int = 0) -> Asked:
    """An answer to a case as scorers see it, under the suite's own prompt."""
    chat = suite.prompt.frame.chat(suite.prompt.text, case.vars)
    return Asked(case, Completion(answer), tuple(Message(role, content) for role, content in chat), repeat)


class _Nobody:
    """Stands where every model would be: notes which was `wanted`, once for each call, and never answers."""

    def __init__(self) -> None:
        self.wanted: list[ModelSpec] = []

    def connect(self, spec: ModelSpec) -> Model:
        return _Unasked(spec, self.wanted)


@dataclass(frozen=True)
class _Unasked:
    spec: ModelSpec
    wanted: list[ModelSpec]

    async def complete(self, request: Request) -> Completion:
        self.wanted.append(self.spec)
        raise CallFailed(f"{request.model} is not asked")


async def _earned(suite: Suite, constant: Constant, cases: Sequence[Case], tools: Tools) -> Earned | None:
    """None when no case could be graded."""
    grades = await gather([grade_all(suite.scorers, asked(suite, case, constant.text), tools) for case in cases])
    found = [(case, score, passed) for case, (score, passed, _) in zip(cases, grades, strict=True) if score is not None]
    mean = weighted_mean([(score, case.weight) for case, score, _ in found])
    if mean is None:
        return None
    weights = [case.weight for case, *_ in found]
    return Earned(
        constant,
        score=mean,
        passed=weighted_mean([(float(passed), case.weight) for case, _, passed in found]) or 0.0,
        n=sum(weights) ** 2 / sum(weight * weight for weight in weights),
        mistaken=tuple(case for case, _, passed in found if passed and _expects_another(case, constant.text)),
    )


def _expects_another(case: Case, text: str) -> bool:
    """Numbers are told apart by their scorer, which may have a tolerance."""
    expected = expected_text(case)
    if expected is None or (_is_number(expected) and _is_number(text)):
        return False
    return folded(expected) != folded(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _best_first(suite: Suite, tried: Sequence[Earned | None], judges: tuple[ModelSpec, ...] = ()) -> SelfCheck:
    earned = [found for found in tried if found is not None]
    earned.sort(key=lambda found: (-found.passed, -found.score, len(found.constant.text)))
    return SelfCheck(chance(suite.cases), tuple(earned), judges)
