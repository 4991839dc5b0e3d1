"""The pull request's title, commit message and description, built from a plan and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opro_action.report import sections
from opro_action.report.markdown import signed, visible
from opro_action.report.marker import marker
from opro_action.search.plan import Plan

LIMIT = 60_000  # characters; GitHub refuses a body of more than 65,536
_TITLE_LIMIT = 200


@dataclass(frozen=True)
class _Section:
    """A part of the description. The lowest rank is kept longest; the order of the list is the order shown."""

    rank: int
    name: str
    render: Callable[[Plan], str]


_SECTIONS = (
    _Section(0, "how to read this", sections.caution),
    _Section(1, "evidence", sections.evidence),
    _Section(2, "what changes", sections.change),
    _Section(3, "cases", sections.cases),
    _Section(5, "search", sections.search),
    _Section(6, "history", sections.history),
    _Section(4, "how it was found", sections.provenance),
)


def describe(plan: Plan) -> tuple[str, str]:
    """Title and body of the pull request; the body has at most 60,000 characters, cut by whole sections."""
    return title(plan), body(plan)


def title(plan: Plan) -> str:
    """One line of our words, the prompt's path and numbers: nothing that a model wrote."""
    best, seed = plan.best.get("holdout_score"), plan.result["seed_holdout_score"]
    gain = "" if best is None or seed is None else f": {seed:.2f} to {best:.2f} on unseen cases"
    unproven = " (unproven)" if plan.evidence == "promising" else ""
    return f"Improve {_path(plan)}{gain}{unproven}"


def commit_message(plan: Plan, *, base: str, tree: str) -> str:
    """The commit's message. Its last lines say what we built and on what, so that a change by others is noticed."""
    return (
        f"Improve {_path(plan)}\n"
        "\n"
        f"Mean score on cases that the search had not seen: {signed(plan.result['delta'])}.\n"
        "A model wrote the new text; the pull request has the evidence.\n"
        "\n"
        f"Opro-Candidate: {plan.best['digest']}\n"
        f"Opro-Base: {base}\n"
        f"Opro-Tree: {tree}\n"
    )


def body(plan: Plan) -> str:
    """The description, with the hidden marker as its last line."""
    first = sections.verdict(plan)
    last = marker(state(plan))
    room = LIMIT - len(first) - len(last) - 1
    rendered = {section.name: section.render(plan) for section in _SECTIONS}
    kept: dict[str, str] = {}
    for section in sorted(_SECTIONS, key=lambda each: each.rank):
        text = rendered[section.name]
        if len(text) + 1 > room:
            text = f"*Left out, it is too long to show here: {section.name}.*\n" if section.name else ""
        kept[section.name] = text
        room -= len(text) + 1
    shown = [kept[section.name] for section in _SECTIONS if kept[section.name]]
    return "\n".join([first, *shown, last])


def state(plan: Plan) -> Mapping[str, Any]:
    """What makes two proposals the same one: the texts and the evidence, not calls, minutes or dollars."""
    result = plan.result
    return {
        "v": 1,
        "prompt": plan.prompt,
        "candidate": plan.best["digest"],
        "base": plan.seed["digest"],
        "evidence": {
            "evidence": plan.evidence,
            "seed": result["seed_holdout_score"],
            "best": plan.best.get("holdout_score"),
            "p": result["p_value"],
            "cases": plan.cases["holdout"],
        },
    }


def _path(plan: Plan) -> str:
    line = " ".join(visible(plan.prompt).split())
    return line if len(line) <= _TITLE_LIMIT else "…" + line[-_TITLE_LIMIT + 1 :]
