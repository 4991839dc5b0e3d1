"""The benchmark of the search keeps its own rules: hard budgets, the same run twice, no gain for doing nothing."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3] / "benchmarks"
PEERS = ("opro", "best-of-n", "random", "copro")
CAP = 300


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("search_run")


def made(bench: ModuleType, arm: str, *, landscape: str = "easy", hand: str = "good", budget: int = CAP) -> Any:
    return bench.make(bench.Task(arm, landscape, hand, 0, budget))


@pytest.mark.parametrize("arm", [*PEERS, "ours"])
def test_no_arm_makes_more_calls_than_it_may(bench: ModuleType, arm: str) -> None:
    assert 0 < made(bench, arm).calls <= CAP


@pytest.mark.parametrize("arm", [*PEERS, "ours"])
def test_the_same_run_again_comes_to_the_same(bench: ModuleType, arm: str) -> None:
    assert made(bench, arm) == made(bench, arm)


def test_the_choke_point_refuses_the_call_after_the_last(bench: ModuleType) -> None:
    backend = bench.Simulated(bench.World.named("easy", 0))
    suite = backend.suite()
    evaluator = bench.Evaluator(backend, suite.prompt.text, suite.description, suite.cases, budget=2)
    evaluator.results(suite.prompt.text, suite.cases[:2])
    with pytest.raises(importlib.import_module("peers.evaluator").BudgetExhausted):
        evaluator.ask(suite.prompt.text, suite.cases[2])
    assert evaluator.calls == 2


def test_an_arm_that_leaves_the_prompt_as_it_is_gains_exactly_nothing(bench: ModuleType) -> None:
    backend = bench.Simulated(bench.World.named("easy", 0))
    suite = backend.suite()
    evaluator = bench.Evaluator(backend, suite.prompt.text, suite.description, suite.cases, budget=0)
    importlib.import_module("peers.simple").seed_only(evaluator, 0)
    assert backend.quality(evaluator.best) == backend.seed_quality


def test_what_is_not_accepted_gains_nothing(bench: ModuleType) -> None:
    run = made(bench, "ours", landscape="no_headroom")
    assert run.evidence == "not_shown"
    assert run.final == run.first


def test_the_command_prints_its_tables_and_writes_every_run(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "search.py"), "--arms", "ours,opro", "--landscapes", "easy"]
    options = ["--seeds", "2", "--budgets", "300", "--no-null", "--processes", "1", "--json", str(tmp_path / "runs")]
    told = subprocess.run([*command, *options], capture_output=True, text=True, check=True).stdout
    assert "True points gained within 300 task calls" in told
    assert len([json.loads(line) for line in (tmp_path / "runs").read_text().splitlines()]) == 4
