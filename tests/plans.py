"""Builds plans for tests: a whole, proven one, of which a test changes what it is about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from opro_action.search.plan import Plan, PlanFile
from opro_action.suite.prompt import digest

PROMPT = "prompts/languages.md"
HISTORY = "evals/languages.history.jsonl"
BASELINE = "evals/languages.baseline.json"
SEED_TEXT = "Say something about the sentence."
BEST_TEXT = "Name the language of the sentence, in one word."
OLD_LINE = json.dumps({"digest": digest(SEED_TEXT), "score": 0.19}) + "\n"
NEW_LINE = json.dumps({"digest": digest(BEST_TEXT), "score": 0.81}) + "\n"
BASE_FILES = {PROMPT: SEED_TEXT + "\n", HISTORY: OLD_LINE, "README.md": "hello\n"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def a_result(best: str = BEST_TEXT, seed: str = SEED_TEXT, **changes: Any) -> dict[str, Any]:
    usage = {"calls": 640, "cached": 12, "retries": 1, "prompt_tokens": 51_000, "completion_tokens": 1_900}
    total = {**usage, "cost_usd": 0.12, "seconds": 93.0}
    return {
        "schema": "opro.optimize/1",
        "suite": "evals/languages.yaml",
        "accepted": True,
        "evidence": "proven",
        "reason": "the holdout shows a gain",
        "stop_reason": "no gain in 3 steps",
        "seed_prompt": {"text": seed, "digest": digest(seed), "search_score": 0.20},
        "best": {"text": best, "digest": digest(best), "search_score": 0.85, "holdout_score": 0.81},
        "seed_holdout_score": 0.19,
        "delta": 0.62,
        "delta_ci95": [0.40, 0.83],
        "p_value": 0.0004,
        "candidates": [
            {
                "digest": digest(best),
                "text": best,
                "step": 1,
                "search_score": 0.85,
                "n_scored": 38,
                "eliminated": False,
            },
            {"digest": digest("x"), "text": "x", "step": 1, "search_score": None, "n_scored": 0, "rejected": "leak"},
        ],
        "usage": {"task": total, "optimizer": total, "judge": total, "total": total},
        "run": ".opro/runs/1",
        **changes,
    }


def a_plan(best: str = BEST_TEXT, seed: str = SEED_TEXT, *, result: Mapping[str, Any] | None = None) -> Plan:
    old_history = BASE_FILES[HISTORY]
    return Plan(
        name="languages",
        suite="evals/languages.yaml",
        prompt=PROMPT,
        description="Name the language of a sentence.",
        propose="pull-request",
        files=(
            PlanFile(PROMPT, f"{best}\n", sha256(f"{seed}\n")),
            PlanFile(HISTORY, old_history + NEW_LINE, sha256(old_history)),
        ),
        result=a_result(best, seed, **(result or {})),
        steps=[
            {"step": 0, "best_score": 0.20, "tried": 0, "rejected": 0},
            {"step": 1, "best_score": 0.85, "tried": 8, "rejected": 1},
        ],
        history=[
            {"digest": digest(seed), "text": seed, "score": 0.19, "n": 26, "at": "2026-01-01", "commit": "a" * 40},
            {"digest": digest(best), "text": best, "score": 0.81, "n": 26, "at": "2026-01-02", "commit": None},
        ],
        cases={"search": 38, "holdout": 26, "fixed": ["fr-1", "de-2"], "broken": ["en-3"], "broken_must_pass": []},
        made_with={
            "version": "0.1.0",
            "task_model": "local/smollm2-135m",
            "optimizer_model": None,
            "seed": 0,
            "cases_digest": "c" * 64,
            "command": "opro optimize evals/languages.yaml --seed 0",
        },
    )


def unproven(plan: Plan, propose: Literal["pull-request", "draft", "none"] = "draft") -> Plan:
    return replace(plan, propose=propose, result={**plan.result, "evidence": "promising", "p_value": 0.11})


def with_files(plan: Plan, *files: PlanFile) -> Plan:
    return replace(plan, files=files)
