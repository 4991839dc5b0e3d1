"""Of several plans for one prompt, which a run may leave when suites share it, the one to propose."""

from __future__ import annotations

from collections.abc import Iterable

from opro_action.search.plan import Plan

_EVIDENCE = ("proven", "promising")


def best_plans(plans: Iterable[Plan]) -> dict[str, Plan]:
    """The plan to propose for each prompt that has one: proven before promising, then the larger gain.

    A prompt has one branch, so a second plan would take the place of the first one in every run anew.
    """
    best: dict[str, Plan] = {}
    for plan in plans:
        if proposes(plan) and (plan.prompt not in best or _worth(plan) > _worth(best[plan.prompt])):
            best[plan.prompt] = plan
    return best


def proposes(plan: Plan) -> bool:
    """Whether there is anything to propose: a gain was shown, and the suite wants proposals of such gains."""
    return plan.propose != "none" and plan.evidence in _EVIDENCE


def _worth(plan: Plan) -> tuple[int, float]:
    return -_EVIDENCE.index(plan.evidence), plan.result["delta"] or 0.0
