"""Asking again before a change is claimed: the differing cases on both sides, where answers vary by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from opro_action.errors import BudgetSpent, NotMeasured
from opro_action.gate.baseline import Baseline
from opro_action.gate.paired import PLACES, paired_results
from opro_action.gate.side import Side, answers
from opro_action.gate.verdict import Verdict
from opro_action.models.connect import Models
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class Confirmation:
    """The verdict `first` had from the first answers, and how many `cases` were asked again on both sides.

    `problem` says why they could not be: the first verdict then stands.
    """

    first: Verdict
    cases: int = 0
    problem: str | None = None


def rounds_of(side: Side) -> int:
    """How often the differing cases are asked again: `gate.confirm`, by default once unless answers are fixed."""
    if side.accepted is None:
        return 0
    if side.suite.gate.confirm is not None:
        return side.suite.gate.confirm
    return 0 if side.suite.model.deterministic and side.accepted.model.deterministic else 1


async def ask_again(side: Side, first: Verdict, models: Models) -> tuple[Side, Confirmation]:
    """Ask the cases that differ again on both sides; each side's score of a case is then the mean of all answers.

    The sign-flip test on these is as exact as before. But cases that are right on both sides when asked again say
    nothing to it, so it is noted too whether any case moved the same way again: if none did, nothing is claimed.

    Both sides are asked, also where the prompt is the same: of cases picked because they differ, one side alone
    would be drawn back to its mean, and that would look like a change.
    """
    differing = {*first.regressed_cases, *first.improved_cases, *first.broken_must_pass}
    cases = [case for case in side.suite.cases if case.id in differing]
    if side.accepted is None or side.baseline is None or not cases:
        return side, Confirmation(first)
    more = side.suite.repeats * rounds_of(side)
    try:
        now = await answers(side.suite, models, cases, first=side.suite.repeats, repeats=more)
        before = await answers(side.accepted, models, cases, first=side.suite.repeats + more, repeats=more)
    except (NotMeasured, BudgetSpent) as error:
        return side, Confirmation(first, problem=str(error))
    pairs = [(old, new) for old, new in zip(before, now, strict=True) if None not in (old.score, new.score)]
    return _combined(side, first, pairs), Confirmation(first, len(pairs))


def _combined(side: Side, first: Verdict, again: Sequence[tuple[CaseResult, CaseResult]]) -> Side:
    now = {new.case.id: new for _, new in again}
    compared, sign = paired_results(again), -1 if (first.delta or 0.0) < 0 else 1
    cases = tuple(
        replace(case, answers=(*case.answers, *now[case.case.id].answers)) if case.case.id in now else case
        for case in side.result.cases
    )
    return replace(
        side,
        result=SuiteResult(cases),
        baseline=_with_answers(side.baseline, side.suite, [old for old, _ in again]) if side.baseline else None,
        held=frozenset(new.case.id for _, new in again if new.passed),
        recurred=compared is None or any(sign * moved > 0 for moved in compared.weighted_differences),
    )


def _with_answers(baseline: Baseline, suite: Suite, again: Sequence[CaseResult]) -> Baseline:
    """The baseline with more answers to some cases; each of its own scores stands for `repeats` answers."""
    more = {result.case.id: result for result in again}
    cases = []
    for case in baseline.cases:
        found = more.get(case.id)
        if found is not None and found.score is not None:
            asked = len(found.answers)
            score = (case.score * suite.repeats + found.score * asked) / (suite.repeats + asked)
            case = replace(case, score=round(score, PLACES), passed=case.passed and found.passed)
        cases.append(case)
    return replace(baseline, cases=tuple(cases))
