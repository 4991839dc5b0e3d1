"""Scorers: they turn a case and an answer into a score in [0, 1], or into a reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opro_action.errors import UsageError
from opro_action.scoring.results import Grade, weighted_mean
from opro_action.scoring.scorers import choice, json_equal, number, regex, text
from opro_action.suite.suite import Case, ScorerSpec

Scorer = Callable[[Any, str, Mapping[str, Any]], Grade]
"""A scorer gets what the case expects (None: nothing), the answer (not empty) and its options."""

SCORERS: Mapping[str, Scorer] = {
    "exact": text.exact,
    "iexact": text.iexact,
    "contains": text.contains,
    "regex": regex.regex,
    "choice": choice.choice,
    "number": number.number,
    "json_equal": json_equal.json_equal,
}


def grade(spec: ScorerSpec, case: Case, answer: str) -> Grade:
    """The judgement of one scorer on one answer; raises UsageError for a scorer that does not exist.

    What the scorer cannot judge, because the case or an option is missing or unfit, is unscored and never 0. An
    empty answer that could be judged has the score 0.
    """
    scorer = SCORERS.get(spec.name)
    if scorer is None:
        raise UsageError(f"there is no scorer {spec.name!r}; there are {', '.join(SCORERS)}")
    found = scorer(case.expected, answer, spec.options)
    if found.score is not None and not answer.strip():
        return Grade(0.0, "the answer is empty")
    return found


def grade_all(specs: Sequence[ScorerSpec], case: Case, answer: str) -> tuple[float | None, bool, str]:
    """Score, whether it passed, and the explanation of one answer under all scorers of a suite.

    The score is the weighted mean, None if any scorer could not judge. An answer has passed when each scorer
    reached its threshold. The explanation is that of the scorers which decided: the unscored ones, else the failed
    ones, else all.
    """
    grades = [(spec, grade(spec, case, answer)) for spec in specs]
    unscored = [(spec, found) for spec, found in grades if found.score is None]
    if unscored:
        return None, False, _explanation(unscored, of=len(specs))
    failed = [(spec, found) for spec, found in grades if not _reached(spec, found)]
    score = weighted_mean([(found.score, spec.weight) for spec, found in grades if found.score is not None])
    return score, score is not None and not failed, _explanation(failed or grades, of=len(specs))


def _reached(spec: ScorerSpec, found: Grade) -> bool:
    return found.score is not None and found.score >= spec.threshold - 1e-9


def _explanation(grades: Sequence[tuple[ScorerSpec, Grade]], *, of: int) -> str:
    if of == 1:
        return grades[0][1].explanation
    return "; ".join(f"{spec.name}: {found.explanation}" for spec, found in grades)
