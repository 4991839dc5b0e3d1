"""The caps of a search on dollars and minutes hold, seen from the server that would bill them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import write_suite
from command_line import opro
from servers import ModelServer, Reply, completion

DOLLAR = {"price": {"input": 0, "output": 1_000_000}, "max_tokens": 1}  # a token is a dollar, an answer a token


def world(asked: dict[str, Any]) -> str:
    """Every prompt is as good as the others: a search ends when its budget does."""
    said = asked["messages"][-1]["content"]
    if asked["model"] == "writer":
        return f"<prompt>{zlib.crc32(said.encode())}</prompt>"
    return "ab"[int(said.split()[-1]) % 2] if int(said.split()[-1]) % 3 else "neither"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(world) as running:
        yield running


def searched(folder: Path, server: ModelServer, *, params: Any = DOLLAR, **keys: Any) -> Path:
    cases = [{"id": f"c{i}", "input": f"case number {i}", "expected": "ab"[i % 2]} for i in range(40)]
    params = {"temperature": 0, "api_base": server.url, **params}
    optimize = {"model": "openai/writer", "params": params, "steps": 9, "candidates": 4, "patience": 99}
    return write_suite(
        folder, model="openai/task", params=params, cases=cases, **{"optimize": optimize, "prompt": "Say it.\n", **keys}
    )


def test_the_cap_in_dollars_holds_for_both_models_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = searched(tmp_path, server)
    code, out, err = opro(capsys, "optimize", suite, "--max-cost=150", "--max-calls=1000", "--format=json")
    assert code == 0, err
    result = json.loads(out)
    assert {asked["model"] for asked in server.requests} == {"task", "writer"}
    assert 60 < server.count <= 150
    assert result["usage"]["total"]["cost_usd"] == server.count
    assert result["stop_meaning"] == "Another step and the decision do not fit into 150 dollars (max_cost)."


def test_a_server_that_counts_no_tokens_cannot_overstep_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    def uncounted(asked: dict[str, Any]) -> Reply:
        reply = completion(asked, world(asked))
        del reply["usage"]
        return 200, {}, reply

    server.answer = uncounted
    code, out, _ = opro(capsys, "check", searched(tmp_path, server), "--max-cost=30")
    assert (code, server.count) == (4, 30)
    assert "$30.0000 of $30" in out


def test_no_call_goes_out_after_the_last_minute(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    server.latency = 0.2
    suite = searched(tmp_path, server, params={})
    code, _, err = opro(capsys, "optimize", suite, "--max-minutes=0.01", "--concurrency=1")
    assert code == 4
    assert "0.01 minutes; raise max_minutes" in err
    assert server.count < 10


@pytest.mark.parametrize(
    ("more", "unpriced"),
    [
        (["--optimizer-model=openai/dearer"], "openai/dearer"),
        (["--model=openai/dearer"], "openai/dearer"),
        (["--optimizer-model=openai/writer", "--model=openai/task"], None),
    ],
)
def test_another_model_is_not_paid_for_at_the_price_of_the_suites_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer, more: list[str], unpriced: str | None
) -> None:
    suite = searched(tmp_path, server)
    code, _, err = opro(capsys, "optimize", suite, "--max-cost=150", "--max-calls=1000", "--dry-run", *more)
    assert (code, server.count) == (2 if unpriced else 0, 0)
    assert (f"The price of {unpriced} is not known" in err) is bool(unpriced)


def test_a_further_model_is_not_paid_for_at_the_price_of_the_suites_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = searched(tmp_path, server, optimize={"models": ["openai/dearer"], "max_cost": 150})
    code, _, err = opro(capsys, "optimize", suite)
    assert (code, server.count) == (2, 0)
    assert "The price of openai/dearer is not known" in err


def test_the_judges_price_is_looked_at_before_the_first_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    """The task model is its own judge without its `max_tokens`, so that nobody knows what a verdict costs at most."""
    suite = searched(tmp_path, server, scorers=["exact", {"rubric": "The answer is polite."}])
    for command in (["check"], ["optimize", "--max-calls=1000"]):
        code, _, err = opro(capsys, *command, suite, "--max-cost=100")
        assert (code, server.count) == (2, 0)
        assert "How much openai/task may write is not known" in err
