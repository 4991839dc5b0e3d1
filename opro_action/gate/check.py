"""The suites of one run, each scored and compared with what was accepted, judged together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opro_action.gate.again import Confirmation, ask_again, rounds_of
from opro_action.gate.baseline import Baseline
from opro_action.gate.family import levels
from opro_action.gate.judge import judge
from opro_action.gate.side import Base, Side, score_side
from opro_action.gate.verdict import Verdict, exit_code
from opro_action.models.connect import Models
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.scoring.runner import OnAnswer
from opro_action.suite.git import last_change
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class SuiteCheck:
    """A suite with its results, its baseline and the verdict. `exit_code` is what it alone would end with.

    `ref` is the git ref that the baseline was scored from in this run; None for the recorded one, of which `recorded`
    are the day and the commit.
    """

    suite: Suite
    result: SuiteResult
    verdict: Verdict
    baseline: Baseline | None
    exit_code: int
    ref: str | None = None
    confirmation: Confirmation | None = None
    recorded: tuple[str, str] | None = None


async def check_suites(
    suites: Sequence[Suite],
    models: Models,
    *,
    base: Base | None = None,
    confirm: bool = True,
    on_answer: Callable[[Suite], OnAnswer] | None = None,
    known: Callable[[Suite], Sequence[CaseResult]] = lambda suite: (),
) -> list[SuiteCheck]:
    """Score and judge the suites; one that could not be measured is a check with the verdict `unmeasured`.

    Where a verdict would fail the build, or claim a gain, and answers vary by themselves, the differing cases are asked
    again on both sides (unless `confirm` is off), and all suites are judged anew with all answers. Cases with a
    `known` result of this run are not asked for their first answers.
    """
    sides = [
        await score_side(suite, models, base=base, on_answer=on_answer and on_answer(suite), known=known(suite))
        for suite in suites
    ]
    verdicts = _judged(sides)
    confirmations: dict[int, Confirmation] = {}
    while confirm and (doubtful := _doubtful(sides, verdicts) - confirmations.keys()):
        for i in sorted(doubtful):
            sides[i], confirmations[i] = await ask_again(sides[i], verdicts[i], models)
        verdicts = _judged(sides)
    return [
        _checked(side, verdict, confirmations.get(i))
        for i, (side, verdict) in enumerate(zip(sides, verdicts, strict=True))
    ]


def _doubtful(sides: Sequence[Side], verdicts: Sequence[Verdict]) -> set[int]:
    """The suites that would fail the build, or claim a gain, and whose answers vary by themselves.

    Where one is cleared by asking again, the level that suites share rises, and another may come to be doubtful.
    """
    return {
        i
        for i, (side, verdict) in enumerate(zip(sides, verdicts, strict=True))
        if (verdict.rule == "gain" or exit_code(verdict, side.suite.gate) == 1) and rounds_of(side)
    }


def _checked(side: Side, verdict: Verdict, confirmation: Confirmation | None) -> SuiteCheck:
    return SuiteCheck(
        suite=side.suite,
        result=side.result,
        verdict=verdict,
        baseline=side.baseline,
        exit_code=side.problem.exit_code if side.problem else exit_code(verdict, side.suite.gate),
        ref=side.ref,
        confirmation=confirmation,
        recorded=last_change(side.suite.baseline_path) if side.baseline and not side.ref else None,
    )


def _judged(sides: Sequence[Side]) -> list[Verdict]:
    matched = [side.matched for side in sides]
    shared = levels([found.common for found in matched], [side.suite.gate for side in sides])
    return [
        judge(side.result, side.suite.gate, found, level) if side.problem is None else _unmeasured(side)
        for side, found, level in zip(sides, matched, shared, strict=True)
    ]


def _unmeasured(side: Side) -> Verdict:
    return Verdict("unscored", str(side.problem), None, 0, len(side.suite.cases))


def overall(checks: Sequence[SuiteCheck]) -> tuple[str, int]:
    """The verdict and the exit code of several suites together: the worst of them.

    A regression that was measured outweighs a suite that could not be: the change is bad whatever that one says.
    """
    worst = max(checks, key=lambda check: (_SEVERITY[check.exit_code], _ORDER.index(check.verdict.verdict)))
    return worst.verdict.verdict, worst.exit_code


_SEVERITY = {0: 0, 4: 1, 3: 2, 1: 3}
_ORDER = ("improved", "unchanged", "no_baseline", "inconclusive", "unmeasured", "regressed")
