"""The outputs that a run sets, from the results of its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.action.process import Done


def outputs_of(check: Done | None, searches: Sequence[Done]) -> dict[str, str]:
    """The outputs that tell of scores; a check's win over those of a search, which may be there without a check."""
    found = search_outputs(searches) if searches else {}
    if check and check.result:
        return found | check_outputs(check.result)
    unmeasured = [done for done in (check, *searches) if done and not done.measured]
    return found | ({"verdict": "unmeasured"} if unmeasured else {})


def check_outputs(result: Mapping[str, Any]) -> dict[str, str]:
    """Outputs of a check. `score`, `baseline-score` and `delta` are empty unless there is exactly one suite."""
    suites = result["suites"]
    only = suites[0] if len(suites) == 1 else {}
    return {
        "verdict": result["verdict"],
        "score": _number(only.get("score")),
        "baseline-score": _number((only.get("baseline") or {}).get("score")),
        "delta": _number(only.get("delta")),
        "regressed": _boolean(any(suite["verdict"] == "regressed" for suite in suites)),
    }


def search_outputs(searches: Sequence[Done]) -> dict[str, str]:
    """Outputs of searches; the scores, those of the holdout, are empty unless there is exactly one search."""
    results = [done.result for done in searches if done.result]
    only = results[0] if len(searches) == len(results) == 1 else {}
    return {
        "score": _number((only.get("best") or {}).get("holdout_score")),
        "baseline-score": _number(only.get("seed_holdout_score")),
        "delta": _number(only.get("delta")),
        "accepted": _boolean(any(result["accepted"] for result in results)),
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _boolean(value: bool) -> str:
    return "true" if value else "false"
