"""Scorers: they turn a case and an answer into a score in [0, 1], or into a reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opro_action.errors import UsageError
from opro_action.scoring.results import Grade, weighted_mean
from opro_action.scoring.scorers import (
    choice,
    distance,
    json_equal,
    json_schema,
    number,
    python,
    regex,
    rubric,
    similar,
    text,
)
from opro_action.scoring.scorers.prompt_yml import PROMPT_YML_SCORERS
from opro_action.scoring.scorers.promptfoo import PROMPTFOO_SCORERS
from opro_action.scoring.tools import Asked, Tools, WideScorer
from opro_action.suite.suite import ScorerSpec

Scorer = Callable[[Any, str, Mapping[str, Any]], Grade]
"""A scorer gets what the case expects (None: nothing), the answer and its options."""

SCORERS: Mapping[str, Scorer] = {
    "exact": text.exact,
    "iexact": text.iexact,
    "contains": text.contains,
    "starts_with": text.starts_with,
    "ends_with": text.ends_with,
    "regex": regex.regex,
    "choice": choice.choice,
    "number": number.number,
    "json_equal": json_equal.json_equal,
    "json_schema": json_schema.json_schema,
    "levenshtein": distance.levenshtein,
    "rouge_l": distance.rouge_l,
}

WIDE_SCORERS: Mapping[str, WideScorer] = {
    "python": python.python,
    "rubric": rubric.rubric,
    "similar": similar.similar,
    **PROMPT_YML_SCORERS,
    **PROMPTFOO_SCORERS,
}
"""Scorers that need more than the expected value and the answer's text."""

_EMPTY_IS_0 = frozenset((*SCORERS, "rubric", "similar", "python"))


async def grade(spec: ScorerSpec, asked: Asked, tools: Tools) -> Grade:
    """The judgement of one scorer on one answer; raises UsageError for a scorer that does not exist.

    What the scorer cannot judge, because the case or an option is missing or unfit, is unscored and never 0. A negated
    scorer gives what is missing to 1. An empty answer that could be judged has the score 0, of a negated scorer too:
    saying nothing at all would otherwise be a perfect way not to say something wrong.
    """
    found = _printable(await _judged(spec, asked, tools))
    if found.score is None:
        return found
    if spec.name in _EMPTY_IS_0 and not asked.answer.strip():
        return Grade(0.0, "the answer is empty")
    if not spec.negated:
        return found
    return Grade(1.0 - found.score, f"not wanted: {found.explanation}" if found.score else found.explanation)


async def grade_all(specs: Sequence[ScorerSpec], asked: Asked, tools: Tools) -> tuple[float | None, bool, str]:
    """Score, whether it passed, and the explanation of one answer under the case's own scorers, or `specs`.

    The score is the weighted mean, None if any scorer could not judge. An answer has passed when each scorer
    reached its threshold, or the score that of the case. The explanation is that of the scorers which decided: the
    unscored ones, else the failed ones, else all.
    """
    case = asked.case
    grades = [(spec, await grade(spec, asked, tools)) for spec in case.scorers or specs]
    unscored = [(spec, found) for spec, found in grades if found.score is None]
    if unscored:
        return None, False, _explanation(unscored, of=len(grades))
    failed = [(spec, found) for spec, found in grades if not _reached(spec, found)]
    score = weighted_mean([(found.score, spec.weight) for spec, found in grades if found.score is not None])
    passed = not failed if case.threshold is None else score is not None and score >= case.threshold - 1e-9
    return score, score is not None and passed, _explanation(failed or grades, of=len(grades))


async def _judged(spec: ScorerSpec, asked: Asked, tools: Tools) -> Grade:
    if spec.name in WIDE_SCORERS:
        return await WIDE_SCORERS[spec.name](asked, spec, tools)
    if spec.name not in SCORERS:
        raise UsageError(f"there is no scorer {spec.name!r}; there are {', '.join([*SCORERS, *WIDE_SCORERS])}")
    return SCORERS[spec.name](asked.case.expected, asked.answer, spec.options)


def _printable(found: Grade) -> Grade:
    """A lone surrogate, which JSON may spell but no file can hold, is shown as "?"."""
    return replace(found, explanation=found.explanation.encode("utf-8", "replace").decode())


def _reached(spec: ScorerSpec, found: Grade) -> bool:
    if found.passed is not None:
        return found.passed
    return found.score is not None and found.score >= spec.threshold - 1e-9


def _explanation(grades: Sequence[tuple[ScorerSpec, Grade]], *, of: int) -> str:
    if of == 1:
        return grades[0][1].explanation
    return "; ".join(f"{spec.title}: {found.explanation}" for spec, found in grades)
