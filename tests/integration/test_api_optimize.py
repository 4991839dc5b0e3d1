"""`opro_action.optimize` against a real model server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from builders import write_suite
from servers import ModelServer, last_user_message

from opro_action import UsageError, aoptimize, optimize

LABELS = ("billing", "bug", "feature")


def world(asked: dict[str, Any]) -> str:
    """A writer that finds the right prompt at once, and a task model that is right under it alone."""
    if asked["model"] == "writer":
        return "<prompt>Name the team.</prompt>"
    right = asked["messages"][0]["content"].startswith("Name the team.")
    return LABELS[int(last_user_message(asked).split()[-1]) % 3] if right else "hello"


def searched(folder: Path, server: ModelServer) -> Path:
    params = {"temperature": 0, "api_base": server.url}
    return write_suite(
        folder,
        prompt="Greet the customer.\n",
        model="openai/task",
        params=params,
        scorers={"choice": {"of": list(LABELS)}},
        cases=[{"id": f"c{i}", "input": f"this is ticket {i}", "expected": LABELS[i % 3]} for i in range(50)],
        optimize={"model": "openai/writer", "params": {**params, "temperature": 1.0}},
    )


def test_a_search_gives_the_winner_its_evidence_and_the_folder_of_the_plan(tmp_path: Path) -> None:
    with ModelServer(world) as server:
        suite = searched(tmp_path, server)
        result = optimize(suite, write=True, steps=1, candidates=2)

    assert (result.evidence, result.accepted, result.text) == ("proven", True, "Name the team.")
    assert (result.seed_holdout_score, result.holdout_score) == (0, 1)
    assert (tmp_path / result.run / "plan.json").exists()
    assert (tmp_path / "prompts" / "routing.md").read_text() == "Name the team.\n"
    assert result.usage["total"]["calls"] == server.count


def test_asynchronous_code_gets_the_same_errors(tmp_path: Path) -> None:
    with ModelServer(world) as server:
        suite = searched(tmp_path, server)
        with pytest.raises(UsageError, match="max_calls"):
            asyncio.run(aoptimize(suite, max_calls=3))
        assert server.count == 0
