"""`opro propose`: which plan, and what a dry run says of it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import opro
from plans import a_plan

from opro_action.proposal.propose import open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.search.plan import Plan, write_plan

NOTHING = replace(a_plan(result={"accepted": False, "evidence": "not_shown"}), propose="none")


@pytest.fixture(autouse=True)
def _in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def left(plan: Plan, run: str, *, at: int) -> Path:
    """The plan of a run, written `at` seconds."""
    path = Path(".opro/runs") / run / "plan.json"
    write_plan(plan, path)
    os.utime(path, (at, at))
    return path


def test_without_a_plan_it_is_the_one_written_last(capsys: pytest.CaptureFixture[str]) -> None:
    left(NOTHING, "20260101-000000-a", at=1)
    left(a_plan("The newest text."), "20260102-000000-a", at=3)
    left(NOTHING, "20260103-000000-b", at=2)

    code, out, err = opro(capsys, "propose", "--dry-run")

    assert (code, "The newest text." in out) == (0, True)
    assert err == "plan: .opro/runs/20260102-000000-a/plan.json\n"


def test_a_named_plan_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    old = left(a_plan("The older text."), "20260101-000000-a", at=1)
    left(NOTHING, "20260102-000000-a", at=2)

    assert "The older text." in opro(capsys, "propose", old, "--dry-run")[1]


def test_where_there_is_no_plan_the_way_to_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = opro(capsys, "propose", "--dry-run")

    assert code == 2
    assert err == "error: .opro/runs: there is no plan; search with `opro optimize`, or name a plan.\n"


def test_a_dry_run_makes_up_no_pull_request_where_there_is_nothing_to_propose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = left(NOTHING, "20260101-000000-a", at=1)
    really = open_proposal(NOTHING, settings=ProposeSettings(repository="octo/prompts", token="secret"))

    assert opro(capsys, "propose", plan, "--dry-run")[:2] == (0, f"{really.reason}\n")
    told = json.loads(opro(capsys, "propose", plan, "--dry-run", "--format=json")[1])
    assert (told["operation"], told["reason"]) == ("none", really.reason)
