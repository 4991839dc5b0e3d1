"""What the functions give: the results of a check and of a search, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from opro_action.errors import BudgetSpent, NotMeasured, OproError, UsageError
from opro_action.gate.verdict import Word

_ERRORS: Mapping[int, type[OproError]] = {2: UsageError, 3: NotMeasured, 4: BudgetSpent}


@dataclass(frozen=True)
class CaseScore:
    """One case: its score and the baseline's in [0, 1], None where there is none, and the answers of the task model.

    `answer` is the first of `answers`; `latency_s` are the seconds that the model took for all of them.
    """

    id: str
    score: float | None
    passed: bool
    baseline_score: float | None
    answer: str
    answers: tuple[str, ...]
    explanation: str
    cached: bool
    latency_s: float


@dataclass(frozen=True)
class CheckResult:
    """A suite that was checked; scores and differences in [0, 1], intervals of 95 %.

    `baseline_score`, `delta` and `p_value` are None where nothing could be compared. `failed` is whether `opro check`
    would end with exit code 1. `usage` counts calls, answers from the cache, tokens, dollars and seconds.
    """

    suite: str
    prompt: str
    model: str
    verdict: Word
    reason: str
    failed: bool
    score: float
    ci95: tuple[float, float] | None
    n: int
    unscored: int
    baseline_score: float | None
    delta: float | None
    p_value: float | None
    regressed_cases: tuple[str, ...]
    improved_cases: tuple[str, ...]
    broken_must_pass: tuple[str, ...]
    cases: Mapping[str, CaseScore]
    usage: Mapping[str, Any]

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From the object `opro.check/1` with one suite; raises what ended the run, when nothing was measured."""
        suite = value["suites"][0]
        if suite["verdict"] == "unmeasured":
            raise error_of(value["exit_code"], f"{suite['suite']}: {suite['reason']}")
        picked = {field.name: suite[field.name] for field in fields(cls) if field.name in suite}
        lists = ("ci95", "regressed_cases", "improved_cases", "broken_must_pass")
        return cls(
            **{
                **picked,
                **{name: tuple(picked[name]) for name in lists if picked[name] is not None},
                "failed": value["exit_code"] == 1,
                "baseline_score": suite["baseline"]["score"] if suite["baseline"] else None,
                "cases": {case["id"]: _case(case) for case in suite["cases"]},
                "usage": value["usage"],
            }
        )


@dataclass(frozen=True)
class OptimizeResult:
    """A search that ended; scores and differences in [0, 1], None where the holdout was not looked at.

    `text` is the best prompt, which may be the one in the file. `accepted` is whether it would be proposed, on the
    `evidence` that `reason` tells. `run` is the folder with the journal and `plan.json`, for `opro propose`.
    """

    suite: str
    accepted: bool
    evidence: Literal["proven", "promising", "not_shown"]
    reason: str
    stop_reason: str
    text: str
    holdout_score: float | None
    seed_holdout_score: float | None
    delta: float | None
    p_value: float | None
    run: str
    usage: Mapping[str, Any]

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From the object `opro.optimize/1`."""
        picked = {field.name: value[field.name] for field in fields(cls) if field.name in value}
        best = value["best"]
        return cls(**{**picked, "text": best["text"], "holdout_score": best["holdout_score"]})


def error_of(exit_code: int, text: str) -> OproError:
    """The expected error with this exit code."""
    return _ERRORS.get(exit_code, OproError)(text)


def _case(value: Mapping[str, Any]) -> CaseScore:
    return CaseScore(**{**value, "answers": tuple(value["answers"])})
