"""The two sides of a check before it is judged: a suite scored now, and what was accepted before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from opro_action.errors import BudgetSpent, CallRefused, NotMeasured, OproError, UsageError
from opro_action.gate.baseline import Baseline, baseline_of, read_baseline, why_not_comparable
from opro_action.gate.fingerprint import fingerprint
from opro_action.gate.matching import Matched, match_cases
from opro_action.models.connect import Models
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.scoring.runner import Bench, OnAnswer, score_cases
from opro_action.scoring.scorers.judging import judge_of
from opro_action.suite.suite import Case, Suite


@dataclass(frozen=True)
class Base:
    """Where the accepted side comes from when no baseline fits: the suite as it is at the git ref `ref`.

    `suite_of` gives None when it is not there, and raises UsageError when it cannot be had.
    """

    ref: str
    suite_of: Callable[[Suite], Suite | None]


@dataclass(frozen=True)
class Side:
    """A suite, what it scored now, and the `baseline` that this is compared with.

    `accepted` is the suite with the baseline's prompt, to be asked again. `ref` is the git ref that the baseline was
    scored from just now, None for the recorded one; `why_not` says why there is none, or why not the recorded one.
    `problem` is why a side could not be scored. `held` are cases that failed and passed when asked again, and
    `recurred` is whether the change came again then.
    """

    suite: Suite
    result: SuiteResult
    baseline: Baseline | None = None
    accepted: Suite | None = None
    ref: str | None = None
    why_not: str | None = None
    problem: OproError | None = None
    held: frozenset[str] = frozenset()
    recurred: bool = True

    @property
    def matched(self) -> Matched:
        if self.baseline is None or self.accepted is None:
            return Matched(why_not=self.why_not or "no baseline is recorded")
        found = match_cases(self.result, self.baseline, prompt_digest=self.suite.prompt.digest, held=self.held)
        same = found.same_prompt and self.ref is None  # a base is asked only where something differs
        return replace(found, why_not=self.why_not or found.why_not, same_prompt=same, recurred=self.recurred)


async def score_side(
    suite: Suite,
    models: Models,
    *,
    base: Base | None = None,
    on_answer: OnAnswer | None = None,
    known: Sequence[CaseResult] = (),
) -> Side:
    """Score every case of `suite` now, and its `base` where no recorded baseline can be compared with.

    Cases with a `known` result of this run are not asked again.
    """
    recorded = _recorded(suite)
    why_not = why_not_comparable(recorded, fingerprint(suite, suite.model))
    side = Side(suite, SuiteResult(()), recorded, why_not=why_not)
    try:
        side = replace(side, result=await _result(suite, models, known, on_answer))
    except (NotMeasured, BudgetSpent) as error:
        return replace(side, problem=error)
    if recorded and not why_not:
        kept = replace(side, accepted=replace(suite, prompt=replace(suite.prompt, text=recorded.text)))
        changed = _mostly_changed(recorded, suite)
        if not changed or base is None or not side.result.measured:
            return kept
        found = await _with_base(replace(side, why_not=changed), models, base)
        return found if found.ref or found.problem else kept
    return await _with_base(side, models, base) if base and side.result.measured else side


def _mostly_changed(recorded: Baseline, suite: Suite) -> str | None:
    """In words, that most of the recorded cases are graded or asked otherwise now, so that they say little of today."""
    before, now = ({case.id: case.digest for case in cases} for cases in (recorded.cases, suite.cases))
    both = before.keys() & now.keys()
    # Where ids are made from the content, a case that was edited is one that is gone and one that is new.
    renamed = min(len(before), len(now)) - len(both)
    changed, n = renamed + sum(before[id_] != now[id_] for id_ in both), renamed + len(both)
    return f"{changed} of {n} cases have changed since it was recorded" if 2 * changed > n else None


async def answers(
    suite: Suite,
    models: Models,
    cases: Sequence[Case],
    *,
    first: int = 0,
    repeats: int | None = None,
    on_answer: OnAnswer | None = None,
) -> tuple[CaseResult, ...]:
    """What the suite's model says to `cases`, graded; answers are numbered from `first` on."""
    bench = Bench.of(suite, models.connect(suite.model, "task"), lambda spec: models.connect(spec, "judge"))
    return await score_cases(
        bench, suite.prompt.text, cases, first=first, repeats=repeats or suite.repeats, on_answer=on_answer
    )


async def _result(suite: Suite, models: Models, known: Sequence[CaseResult], on_answer: OnAnswer | None) -> SuiteResult:
    found = {result.case.id: result for result in known}
    missing = [case for case in suite.cases if case.id not in found]
    found |= {result.case.id: result for result in await answers(suite, models, missing, on_answer=on_answer)}
    return SuiteResult(tuple(found[case.id] for case in suite.cases))


def _recorded(suite: Suite) -> Baseline | None:
    """The suite's baseline; of a partial suite the part that belongs to its cases."""
    found = read_baseline(suite.baseline_path)
    if found is None or not suite.partial:
        return found
    chosen = {case.id for case in suite.cases}
    return replace(found, cases=tuple(case for case in found.cases if case.id in chosen))


async def _with_base(side: Side, models: Models, base: Base) -> Side:
    try:
        accepted = _accepted(side.suite, base)
    except UsageError as error:
        return replace(side, why_not=f"{side.why_not}, and at {base.ref}: {error}")
    if accepted is None:
        return side
    try:
        found = SuiteResult(await answers(accepted, models, accepted.cases))
        baseline = baseline_of(accepted, found, fingerprint(accepted, accepted.model))
    except (NotMeasured, BudgetSpent) as error:
        if models.offline or isinstance(error, CallRefused):
            return replace(side, why_not=f"{side.why_not}, and the prompt at {base.ref} could not be scored: {error}")
        return replace(side, problem=error)
    return replace(side, baseline=baseline, accepted=accepted, ref=base.ref)


def _accepted(suite: Suite, base: Base) -> Suite | None:
    """The suite as it is asked at the base, of the cases of both; None when nothing differs.

    Scorers, judge and expected answers are today's on both sides: what is compared is what the model is asked.
    """
    known = base.suite_of(suite)
    if known is None:
        return None
    before = {case.asked for case in known.cases}
    common = tuple(case for case in suite.cases if case.asked in before)
    found = replace(
        suite,
        prompt=known.prompt,
        model=known.model,
        judge=judge_of(suite),
        response_format=known.response_format,
        cases=common,
        partial=True,
    )
    return found if common and _asks_otherwise(found, suite) else None


def _asks_otherwise(one: Suite, other: Suite) -> bool:
    def asked(suite: Suite) -> tuple[object, ...]:
        return suite.prompt.text, suite.prompt.frame, suite.model, suite.response_format

    return asked(one) != asked(other)
