"""Grades answers for the configurations beside it, as promptfoo calls such functions."""

from __future__ import annotations

from typing import Any


def get_assert(output: str, context: dict[str, Any]) -> dict[str, Any]:
    return {"pass": output == context["vars"]["output"], "score": 0.9, "reason": "compared with the var"}


def half(output: str, _context: dict[str, Any]) -> float:
    return len(output) / 6


def by_config(output: str, context: dict[str, Any]) -> bool:
    return context["config"]["letter"] in output
