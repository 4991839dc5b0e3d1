"""The scorers for promptfoo's assertions by name; they are imported when the first of them grades."""

from __future__ import annotations

from collections.abc import Mapping

from opro_action.scoring.results import Grade
from opro_action.scoring.tools import Asked, Tools, WideScorer
from opro_action.suite.suite import ScorerSpec


async def _later(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    from opro_action.scoring.scorers.promptfoo_types import BY_NAME  # 15 ms of patterns, for these files only

    return await BY_NAME[spec.name](asked, spec, tools)


PROMPTFOO_SCORERS: Mapping[str, WideScorer] = dict.fromkeys(
    ("promptfoo", "promptfoo_judge", "promptfoo_python", "promptfoo_set", "promptfoo_similar"), _later
)
