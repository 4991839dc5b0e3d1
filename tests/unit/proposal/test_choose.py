"""Which of several plans for one prompt is proposed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from plans import a_plan, unproven

from opro_action.proposal.choose import best_plans
from opro_action.search.plan import Plan

NOT_SHOWN = replace(a_plan(result={"evidence": "not_shown"}), propose="none")


def plan(delta: float | None = 0.2, **changes: Any) -> Plan:
    return replace(a_plan(result={"delta": delta}), **changes)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (plan(0.1), unproven(plan(0.5))),
        (plan(0.3), plan(0.2)),
        (unproven(plan(0.3)), unproven(plan(0.2))),
        (plan(0.1), plan(None)),
        (unproven(plan(0.1)), NOT_SHOWN),
    ],
)
def test_proven_goes_before_promising_and_then_the_larger_gain(better: Plan, worse: Plan) -> None:
    assert best_plans([better, worse])["prompts/languages.md"] is better
    assert best_plans([worse, better])["prompts/languages.md"] is better


def test_of_two_that_are_as_good_it_is_the_first() -> None:
    first, second = plan(suite="evals/a.yaml"), plan(suite="evals/b.yaml")
    assert best_plans([first, second])["prompts/languages.md"] is first


def test_each_prompt_has_its_own() -> None:
    other = plan(prompt="prompts/other.md")
    assert best_plans([plan(), other]).keys() == {"prompts/languages.md", "prompts/other.md"}
    assert best_plans([NOT_SHOWN]) == {}
