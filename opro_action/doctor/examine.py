"""The examination of one suite: what can be told without a model, then what a sample of its answers shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from opro_action.doctor.balance import balance_findings, count_findings, weightless_findings
from opro_action.doctor.duplicates import duplicate_findings
from opro_action.doctor.finding import Finding, exit_code, worst_first
from opro_action.doctor.headroom import headroom_findings
from opro_action.doctor.leakage import leak_findings
from opro_action.doctor.models import model_findings
from opro_action.doctor.noise import (
    Noise,
    judge_noise_findings,
    model_noise_findings,
    noise_of,
    noise_of_model,
)
from opro_action.doctor.strictness import expected_answer_findings, strictness_findings
from opro_action.errors import BudgetSpent, NotMeasured, OproError
from opro_action.gate.evidence import LEVEL
from opro_action.gate.power import cases_to_show, smallest_change
from opro_action.models.connect import Models
from opro_action.scoring.expected import kinds, labels, stratified
from opro_action.scoring.results import Answer, CaseResult, SuiteResult
from opro_action.scoring.runner import Bench, gather, score_cases
from opro_action.scoring.scorers import grade_all
from opro_action.scoring.selfcheck import Earned, SelfCheck, asked, judged_self_check, judges_of, self_check
from opro_action.scoring.tools import Tools
from opro_action.suite.suite import Case, Suite

SAMPLE = 20
"""Cases that are asked twice: what happens to one case in ten is then seen with a chance of 88 %."""


@dataclass(frozen=True)
class Facts:
    """What was counted and measured, sound or not; None where it was not. Scores and changes in [0, 1].

    `smallest_drop` is the smallest that the gate can show with these cases, `cases_for_max_drop` how many could show
    one of `max_drop`; `smallest_gain` is the smallest that the holdout can prove. `score` is over the `sampled` cases.
    """

    cases: int
    kinds: int
    closed: bool
    chance: float | None
    smallest_drop: float | None
    cases_for_max_drop: int | None
    holdout: int
    smallest_gain: float | None
    constants: int
    best_constant: Earned | None
    sampled: int = 0
    score: float | None = None
    model_noise: Noise | None = None
    judge_noise: Noise | None = None


@dataclass(frozen=True)
class Examination:
    """A suite, what was found, the worst first, and the numbers behind it."""

    suite: Suite
    findings: tuple[Finding, ...]
    facts: Facts

    @property
    def exit_code(self) -> int:
        return exit_code(self.findings)


@dataclass(frozen=True)
class _Seen:
    """What the answers of a sample showed; a `failure` is why there is nothing more."""

    results: tuple[CaseResult, ...] = ()
    judged: SelfCheck | None = None
    judge_noise: Noise | None = None
    failure: OproError | None = None


async def examine(
    suite: Suite, models: Models | None, *, holdout: Sequence[Case] = (), offline: bool = False
) -> Examination:
    """Examine a suite; without `models` no call is made. `holdout` are the cases that a search would keep for last.

    `offline` says that the models answer from the cache alone, so that a missing key is no more than good to know.
    What cannot be measured is a finding: only a mistake in the suite's files, found on the way, is raised.
    """
    check = await self_check(suite)
    findings = [
        *model_findings(suite, check.judges, severity="note" if models is None or offline else "warning"),
        *await _static_findings(suite, check, holdout),
    ]
    facts = _counted(suite, check, holdout)
    if models is None:
        return Examination(suite, worst_first(findings), facts)
    seen = await _look(suite, models, judged=bool(check.judges))
    findings = [*_failure_findings(suite, findings, seen), *_seen_findings(suite, seen, facts)]
    return Examination(suite, worst_first(findings), _measured(facts, seen))


async def _static_findings(suite: Suite, check: SelfCheck, holdout: Sequence[Case]) -> list[Finding]:
    return [
        *strictness_findings(suite, check),
        *await expected_answer_findings(suite),
        *duplicate_findings(suite.cases, suite.prompt),
        *leak_findings(suite),
        *count_findings(suite, holdout),
        *balance_findings(suite),
        *weightless_findings(suite),
    ]


def _counted(suite: Suite, check: SelfCheck, holdout: Sequence[Case]) -> Facts:
    gate = suite.gate
    return Facts(
        cases=len(suite.cases),
        kinds=len(kinds(suite.cases)),
        closed=bool(labels(suite)),
        chance=check.chance,
        smallest_drop=smallest_change([case.weight for case in suite.cases], alpha=gate.alpha),
        cases_for_max_drop=cases_to_show(gate.max_drop, alpha=gate.alpha) if gate.max_drop > 0 else None,
        holdout=len(holdout),
        smallest_gain=smallest_change([case.weight for case in holdout], alpha=LEVEL),
        constants=len(check.earned),
        best_constant=check.earned[0] if check.earned else None,
    )


def _measured(facts: Facts, seen: _Seen) -> Facts:
    if not seen.results:
        return facts
    return replace(
        facts,
        sampled=len(seen.results),
        score=SuiteResult(seen.results).score,
        model_noise=noise_of_model(seen.results),
        judge_noise=seen.judge_noise,
    )


async def _look(suite: Suite, models: Models, *, judged: bool) -> _Seen:
    """Ask a sample of the cases twice; where a judge grades, judge each answer twice, and constant answers too."""
    bench = Bench.of(suite, models.connect(suite.model, "task"), lambda spec: models.connect(spec, "judge"))
    seen = _Seen()
    try:
        results = await score_cases(bench, suite.prompt.text, stratified(suite.cases, SAMPLE), repeats=2)
        seen = replace(seen, results=results)
        if judged:
            seen = replace(seen, judge_noise=await _judge_noise(suite, results, bench.tools))
            seen = replace(seen, judged=await judged_self_check(suite, bench.tools))
    except (NotMeasured, BudgetSpent) as failure:
        seen = replace(seen, failure=failure)
    return seen


async def _judge_noise(suite: Suite, results: Sequence[CaseResult], tools: Tools) -> Noise | None:
    scored = [result for result in results if result.answers[0].score is not None]
    judged = [result for result in scored if await judges_of(suite, result.case)]
    first = [result.answers[0] for result in judged]
    again = [asked(suite, result.case, result.answers[0].text, repeat=1) for result in judged]
    grades = await gather([grade_all(suite.scorers, answer, tools) for answer in again])
    second = [Answer(answer.answer, score, passed) for answer, (score, passed, _) in zip(again, grades, strict=True)]
    return noise_of(list(zip(first, second, strict=True)))


def _failure_findings(suite: Suite, findings: Sequence[Finding], seen: _Seen) -> list[Finding]:
    """The findings so far, with what kept the sample from being measured as an error among them."""
    result = SuiteResult(seen.results)
    if seen.failure is None and result.measured:
        return list(findings)
    if isinstance(seen.failure, NotMeasured) and any(finding.code == "model-unavailable" for finding in findings):
        return [_as_error(finding) for finding in findings]
    why = str(seen.failure) if seen.failure else _first_reason(result)
    code = "budget-spent" if isinstance(seen.failure, BudgetSpent) else "not-measured"
    what = f"Noise and headroom could not be measured. {why}"
    remedy = "Remove the cause, or look at the rest with `--no-calls`."
    return [*findings, Finding("error", code, what, remedy, suite.path)]


def _as_error(finding: Finding) -> Finding:
    return replace(finding, severity="error") if finding.code == "model-unavailable" else finding


def _first_reason(result: SuiteResult) -> str:
    unscored = [case for case in result.cases if case.score is None]
    why = next(answer.explanation for answer in unscored[0].answers if answer.score is None)
    return f"{len(unscored)} of {len(result.cases)} cases could not be scored: {why}"


def _seen_findings(suite: Suite, seen: _Seen, facts: Facts) -> list[Finding]:
    if not SuiteResult(seen.results).measured:
        return []
    model = noise_of_model(seen.results)
    return [
        *(strictness_findings(suite, seen.judged) if seen.judged else []),
        *(model_noise_findings(suite, model) if model else []),
        *(judge_noise_findings(suite, seen.judge_noise) if seen.judge_noise else []),
        *headroom_findings(suite, seen.results, facts.chance if facts.closed else None),
    ]
