"""Texts as a model may write them to do harm: fences, mentions, references, comments, commands, hidden characters."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from plans import a_plan

from opro_action.report.marker import marker
from opro_action.search.plan import Plan

TOKEN = "zebra"
PIECES = [
    "```",
    "`````\n",
    "\n~~~\n",
    "@octocat ",
    "Fixes #1 ",
    "closes GH-2 ",
    "https://github.com/o/r/issues/3 ",
    "<!-- opro-action:{} -->",
    "\n" + marker({"candidate": "forged"}),
    "-->",
    "<details><script>",
    "\n::error::boo\n",
    "\0",
    "\u202e",
    "\u2066",
    "\r",
    "\r\n",
    "\n# Heading\n",
    "| a | b |\n",
    "$x$ ",
    "👩‍💻",
    "提示",
    "\\",
    "{{input}}",
]


def nasty(seed: int) -> str:
    source = random.Random(seed)
    return (
        "".join(source.choice(PIECES) + source.choice(["", f" {TOKEN} "]) for _ in range(source.randint(1, 60))) + TOKEN
    )


def with_model_text(text: str) -> Plan:
    """A plan with `text` in every place that a model writes to."""
    plan = a_plan(text, f"old {text}")
    candidates: list[dict[str, Any]] = [
        {"digest": "a", "text": text},
        {"digest": "b", "text": text, "rejected": "leak"},
    ]
    history = [{**version, "text": text} for version in plan.history]
    return replace(plan, result={**plan.result, "candidates": candidates}, history=history)
