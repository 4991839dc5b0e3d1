"""What scoring gives: per case an answer, a score or the reason why there is none; per suite their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from opro_action.suite.suite import Case


@dataclass(frozen=True)
class Grade:
    """A scorer's judgement of one answer: a score in [0, 1], or None when it could not judge, and why.

    `passed` is the scorer's own word on whether that is enough; None leaves it to the scorer's threshold.
    """

    score: float | None
    explanation: str = ""
    passed: bool | None = None


@dataclass(frozen=True)
class Answer:
    """One answer to a case with its score in [0, 1]; `score` None means unscored, for the reason in `explanation`.

    `latency_s` is how long the model took, `scoring_s` how long the scorers did, a judge's calls included.
    `cost_usd` is what the task model's call cost in this run, None where nobody knows.
    """

    text: str
    score: float | None
    passed: bool
    explanation: str = ""
    cached: bool = False
    latency_s: float = 0.0
    scoring_s: float = 0.0
    cost_usd: float | None = 0.0


@dataclass(frozen=True)
class CaseResult:
    """A case with all its answers; its score is the mean over them, None if any of them is unscored."""

    case: Case
    answers: tuple[Answer, ...]

    @cached_property
    def score(self) -> float | None:
        scores = [answer.score for answer in self.answers if answer.score is not None]
        if not scores or len(scores) < len(self.answers):
            return None
        return sum(scores) / len(scores)

    @property
    def passed(self) -> bool:
        return bool(self.answers) and all(answer.passed for answer in self.answers)

    @property
    def failed(self) -> bool:
        """Scored, and not passed: a case without a score says nothing of the prompt."""
        return self.score is not None and not self.passed

    @property
    def explanation(self) -> str:
        """Of the first answer that did not pass, else of the first."""
        for answer in self.answers:
            if not answer.passed:
                return answer.explanation
        return self.answers[0].explanation if self.answers else "not asked"


@dataclass(frozen=True)
class SuiteResult:
    """All cases of one scoring."""

    cases: tuple[CaseResult, ...]

    @property
    def scored(self) -> tuple[CaseResult, ...]:
        return tuple(case for case in self.cases if case.score is not None)

    @property
    def unscored(self) -> int:
        return len(self.cases) - len(self.scored)

    @property
    def scoring_s(self) -> float:
        """Seconds that the scorers took, added up over all answers; a judge's calls count side by side."""
        return sum(answer.scoring_s for case in self.cases for answer in case.answers)

    @property
    def measured(self) -> bool:
        """False with more than 5 % of the cases unscored, with any when there are fewer than 20, or a must_pass one."""
        if not self.scored or any(result.case.must_pass and result.score is None for result in self.cases):
            return False
        allowed = 0.05 * len(self.cases) if len(self.cases) >= 20 else 0
        return self.unscored <= allowed

    @property
    def score(self) -> float | None:
        """The mean over scored cases, weighted; None when none was scored."""
        return weighted_mean([(c.score, c.case.weight) for c in self.cases if c.score is not None])


def weighted_mean(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Mean of (value, weight) pairs; None for none."""
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total else None
