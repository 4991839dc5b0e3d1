"""What became of a case or a gate, as plain values that may go from one process to another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opro_action.gate.baseline import BaselineCase
from opro_action.gate.check import SuiteCheck
from opro_action.report.check import suite_text
from opro_action.report.markdown import logged, visible
from opro_action.scoring.expected import expected_text
from opro_action.scoring.results import CaseResult
from opro_action.suite.sources import shown
from opro_action.suite.suite import Case, Suite

_LONGEST = 1000
"""Characters of an answer that a failure shows; the report file has all of it."""


@dataclass(frozen=True)
class CaseOutcome:
    """A case that was scored, or with `problem` the reason why not. `place` is `file:line`.

    `broken` says that the gate fails for this must_pass case, `flipped` that it had passed in the baseline and does not
    any more. `baseline_answer` is None where the cache does not hold it.
    """

    id: str
    place: str
    problem: str | None = None
    score: float | None = None
    passed: bool = False
    baseline_score: float | None = None
    broken: bool = False
    flipped: bool = False
    asked: str = ""
    answer: str = ""
    expected: str | None = None
    explanation: str = ""
    baseline_answer: str | None = None
    cached: bool = False
    latency_s: float = 0.0
    cost_usd: float | None = 0.0

    @property
    def properties(self) -> list[tuple[str, object]]:
        """What JUnit reports carry, and what travels from a worker to the controller."""
        numbers = {
            "opro_score": self.score,
            "opro_baseline_score": self.baseline_score,
            "opro_latency_s": round(self.latency_s, 3),
            "opro_cost_usd": self.cost_usd,
        }
        flags = {"opro_passed": self.passed, "opro_flipped": self.flipped, "opro_cached": self.cached}
        return [*((name, value) for name, value in numbers.items() if value is not None), *flags.items()]

    def text(self, what: str) -> str:
        """The first line says where and what; then all that a reader needs to judge it."""
        rows = [("input", self.asked), ("answer", self.answer), ("expected", self.expected)]
        rows += [("explanation", self.explanation)]
        if self.baseline_score is not None:
            known = f"score {self.baseline_score:.2f}, its answer is not in the cache"
            rows += [("baseline", known if self.baseline_answer is None else self.baseline_answer)]
        lines = [f"  {name:<12}{_cut(value)}" for name, value in rows if value is not None]
        return logged("\n".join([f"{self.place}: {what}", *lines]))


@dataclass(frozen=True)
class GateOutcome:
    """The verdict on a suite. `exit_code` is what `opro check` would end with for it alone."""

    exit_code: int
    text: str
    properties: list[tuple[str, object]]


def place_of(suite: Suite, case: Case) -> str:
    """Where the case is written, as an editor opens it."""
    path = shown(case.path or suite.path)
    return f"{path}:{case.line}" if case.line else str(path)


def case_outcome(
    check: SuiteCheck, result: CaseResult, before: BaselineCase | None, *, baseline_answer: str | None = None
) -> CaseOutcome:
    """The outcome of a case that was asked; `before` is its record of `records`."""
    case = result.case
    if result.score is None:
        return unmeasured(check.suite, case, result.explanation)
    broken = case.id in check.verdict.broken_must_pass
    answer = next((answer for answer in result.answers if not answer.passed), result.answers[0])
    costs = [answer.cost_usd for answer in result.answers]
    return CaseOutcome(
        id=case.id,
        place=place_of(check.suite, case),
        score=result.score,
        passed=result.passed,
        baseline_score=before.score if before else None,
        broken=broken,
        flipped=bool(before and before.passed and not result.passed and not broken),
        asked=_asked(case),
        answer=answer.text,
        expected=expected_text(case),
        explanation=answer.explanation,
        baseline_answer=baseline_answer,
        cached=all(answer.cached for answer in result.answers),
        latency_s=sum(answer.latency_s for answer in result.answers),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def unmeasured(suite: Suite, case: Case, problem: str) -> CaseOutcome:
    """The outcome of a case that could not be asked or graded."""
    return CaseOutcome(id=case.id, place=place_of(suite, case), problem=problem)


def records(check: SuiteCheck) -> Mapping[str, BaselineCase]:
    """The baseline's record of each case that can be compared with it, by the case's id."""
    if check.baseline is None or not check.verdict.comparable:
        return {}
    known = {(case.id, case.digest): case for case in check.baseline.cases}
    found = ((case.id, known.get((case.id, case.digest))) for case in check.suite.cases)
    return {id_: record for id_, record in found if record is not None}


def gate_outcome(check: SuiteCheck) -> GateOutcome:
    """The outcome of a suite's gate: the first line says all, for pytest's short summary."""
    head, reason, *facts = suite_text(check).split("\n")
    found = check.verdict
    numbers: Mapping[str, Any] = {
        "opro_verdict": found.verdict,
        "opro_score": found.score,
        "opro_baseline_score": found.baseline_score,
        "opro_delta": found.delta,
        "opro_p_value": found.p_value,
    }
    properties = [(name, value) for name, value in numbers.items() if value is not None]
    return GateOutcome(check.exit_code, "\n".join([f"{head}: {reason.strip()}", *facts]), properties)


def _asked(case: Case) -> str:
    if set(case.vars) == {"input"}:
        return str(case.vars["input"])
    shown_ = {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
              for name, value in case.vars.items()}  # fmt: skip
    return "\n".join(f"{name}: {value}" for name, value in shown_.items())


def _cut(text: str) -> str:
    shown_ = visible(text)
    shown_ = shown_ if len(shown_) <= _LONGEST else f"{shown_[:_LONGEST]}… ({len(shown_):,} characters)"
    return shown_.replace("\n", "\n" + " " * 14)
