"""A run cut off at any place and resumed: it takes the course, and comes to the end, of one that was not cut off."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_suite

from opro_action.errors import BudgetSpent, CallFailed, NotMeasured, UsageError
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Completion, Request
from opro_action.models.retry import RetryPolicy
from opro_action.models.scripted import Answer, ScriptedModel
from opro_action.search.prepare import prepare
from opro_action.search.result import optimize_json
from opro_action.search.run import Finished, run

AT_ONCE = 16


def share(*parts: object) -> float:
    """A number in [0, 1) that looks random and is the same each time."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:8], 16) / 2**32


def healthy(request: Request) -> Answer:
    """Prompts that end in a number are right on that share of cases."""
    said = request.messages[-1].content
    if request.model == "scripted/writer":
        return f"<prompt>Say it well {0.8 * share(said, request.repeat):.2f}</prompt>"
    text = request.messages[0].content
    right = share(text, said) < (float(text.split()[-1]) if text[-1].isdigit() else 0.3)
    return "ab"[int(said.split()[-1]) % 2] if right else "neither"


def world(request: Request) -> Answer:
    """As `healthy`, but a few questions are never answered."""
    text, said = request.messages[0].content, request.messages[-1].content
    if request.model != "scripted/writer" and text[-1].isdigit() and share("fails", text, said) < 0.02:
        raise CallFailed("overloaded")
    return healthy(request)


def down_after(answers: int, *, every_model: bool = False) -> Callable[[Request], Answer]:
    """As `healthy`, but after so many answers the task model, or every model, is gone."""
    asked = 0

    def answer(request: Request) -> Answer:
        nonlocal asked
        counts = every_model or request.model != "scripted/writer"
        asked += counts
        if counts and asked > answers:
            raise CallFailed("gone")
        return healthy(request)

    return answer


def searched(
    folder: Path, script: Callable[[Request], Answer] = world, *, budget: Budget | None = None, **optimize: Any
) -> tuple[Finished, Budget, ScriptedModel]:
    """A search in `folder`, which goes on where a journal lies there."""
    cases = [{"id": f"c{i}", "input": f"case number {i:03}", "expected": "ab"[i % 2]} for i in range(60)]
    settings = {"model": "scripted/writer", "steps": 5, "candidates": 6, "max_calls": 600, "patience": 9, "target": 1.0}
    settings |= optimize
    suite = make_suite(folder, prompt="Say it.\n", params={"temperature": 0}, cases=cases, optimize=settings)
    setup = prepare(suite)
    model, caps = ScriptedModel(script), budget or Budget(max_calls=setup.cap)

    async def job() -> Finished:
        quick = RetryPolicy(attempts=1)
        async with Models(
            budget=caps, cache=None, concurrency=AT_ONCE, backend=lambda spec: model, retries=quick
        ) as models:
            return await run(setup, models, folder / "run", command="", say=lambda line: None)

    return asyncio.run(job()), caps, model


def told(finished: Finished) -> dict[str, Any]:
    found = optimize_json(replace(finished.report, run=""))
    return {name: value for name, value in found.items() if name != "usage"}


def journal_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "run/journal.jsonl").read_text().splitlines()]


def cut_off(folder: Path, lines: int) -> None:
    """Leave only so many lines of the journal in `folder`."""
    path = folder / "run/journal.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))


def test_a_run_that_was_cut_off_anywhere_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, budget, model = searched(tmp_path / "whole")
    lines = (tmp_path / "whole/run/journal.jsonl").read_text().splitlines(keepends=True)
    kinds = [json.loads(line)["kind"] for line in lines]
    assert whole.report.evidence.evidence == "proven"
    assert kinds.count("failed") > 0
    assert kinds.count("step") > 2

    for cut in range(1, len(lines), 29):
        journal = tmp_path / f"cut-{cut}/run/journal.jsonl"
        journal.parent.mkdir(parents=True)
        journal.write_text("".join(lines[:cut]))
        resumed, more, again = searched(tmp_path / f"cut-{cut}")
        assert told(resumed) == told(whole)
        assert len(again.requests) <= len(model.requests) - kinds[:cut].count("call")
        assert budget.settled_calls <= more.settled_calls <= budget.settled_calls + AT_ONCE


def scored_from(entries: list[dict[str, Any]], step: int) -> int:
    """Where the scores of a step begin in the journal: its first round of calls is behind them."""
    return next(i for i, entry in enumerate(entries) if entry["kind"] == "score" and entry["step"] == step)


def keys(entries: list[dict[str, Any]], kind: str) -> set[str]:
    return {entry["key"] for entry in entries if entry["kind"] == kind}


def written(entries: list[dict[str, Any]]) -> int:
    """How many candidates the optimizer model wrote."""
    return sum(entry["kind"] == "call" and entry["role"] == "optimizer" for entry in entries)


def test_an_outage_that_was_overcome_stays_overcome_when_the_run_is_resumed_again(tmp_path: Path) -> None:
    whole, _, _ = searched(tmp_path / "whole", healthy)
    entries = journal_of(tmp_path / "whole")
    begun = entries[: max(i for i, entry in enumerate(entries) if entry["kind"] == "score" and entry["step"] == 2)]
    with pytest.raises(NotMeasured, match=r"None of \d candidates could be scored"):
        searched(tmp_path, down_after(sum(entry.get("role") == "task" for entry in begun)))
    assert told(searched(tmp_path, healthy)[0]) == told(whole)

    ended, _, model = searched(tmp_path, healthy)
    assert (told(ended), model.requests) == (told(whole), [])

    cut_off(tmp_path, scored_from(journal_of(tmp_path), 4))
    assert told(searched(tmp_path, healthy)[0]) == told(whole)


def test_what_failed_while_nothing_more_was_answered_is_asked_anew(tmp_path: Path) -> None:
    """The models go away within a round: some of it was answered, and the step after it was begun in vain."""
    whole, _, _ = searched(tmp_path / "whole", healthy)
    middle = scored_from(journal_of(tmp_path / "whole"), 3) - 20
    gone_after = len(keys(journal_of(tmp_path / "whole")[:middle], "call"))
    with pytest.raises(NotMeasured):
        searched(tmp_path, down_after(gone_after, every_model=True))
    assert told(searched(tmp_path, healthy)[0]) == told(whole)


def test_a_failure_that_a_later_round_of_a_step_was_built_on_is_not_asked_anew(tmp_path: Path) -> None:
    searched(tmp_path)
    entries = journal_of(tmp_path)
    first_round = scored_from(entries, 1)
    failed = keys(entries[:first_round], "failed")
    assert failed
    cut_off(tmp_path, first_round + 8)
    searched(tmp_path, healthy)
    assert not keys(journal_of(tmp_path), "call") & failed


def test_a_step_whose_writing_was_cut_off_is_as_wide_under_a_larger_cap_and_its_replies_are_used(
    tmp_path: Path,
) -> None:
    searched(tmp_path, healthy, steps=16)
    entries = journal_of(tmp_path)
    cut_off(tmp_path, next(i for i in range(len(entries)) if written(entries[:i]) == 6))
    searched(tmp_path, healthy, steps=16, max_calls=4000)
    again = journal_of(tmp_path)
    assert written(again[: scored_from(again, 2)]) == written(entries[: scored_from(entries, 2)]) == 8
    assert [entry["candidates"] for entry in again if entry["kind"] == "step"][:3] == [4, 4, 6]


def out_of_budget_among_the_guards(folder: Path, script: Callable[[Request], Answer], **bounds: Any) -> Finished:
    """Ends a search in `folder` after its winner met the holdout; returns the same search as it would have ended."""
    whole, budget, _ = searched(folder / "whole", script, budget=Budget(), models=["scripted/other"], **bounds)
    assert (whole.report.outcome.stop.reason, len(whole.report.outcome.guarded)) == ("budget", 1)
    short = Budget(max_calls=budget.settled_calls - 20)
    with pytest.raises(BudgetSpent, match="raise the cap and go on with --resume"):
        searched(folder, script, budget=short, models=["scripted/other"], **bounds)
    return whole


def test_more_calls_pay_for_the_rest_of_a_decision_but_bring_no_other_winner_to_the_holdout(tmp_path: Path) -> None:
    whole = out_of_budget_among_the_guards(tmp_path, healthy, max_calls=330)
    resumed, _, model = searched(tmp_path, healthy, models=["scripted/other"], max_calls=4000, steps=9, target=0.99)
    assert {request.model for request in model.requests} == {"scripted/other"}
    assert told(resumed) == told(whole)


def test_more_dollars_pay_for_the_rest_of_a_decision_but_bring_no_other_winner_to_the_holdout(tmp_path: Path) -> None:
    def priced(request: Request) -> Answer:
        return Completion(str(healthy(request)), cost_usd=1.0, completion_tokens=1)

    whole = out_of_budget_among_the_guards(tmp_path, priced, max_calls=2000, max_cost=330.0, steps=16)
    bounds: dict[str, Any] = {"max_calls": 2000, "max_cost": 4000.0, "steps": 16, "models": ["scripted/other"]}
    resumed, _, model = searched(tmp_path, priced, **bounds)
    assert {request.model for request in model.requests} == {"scripted/other"}
    assert told(resumed)["best"] == told(whole)["best"]
    assert "do not fit into the bounds in which the decision was begun" in resumed.report.outcome.stop.meaning


def test_a_run_whose_search_would_now_find_another_winner_is_refused_before_that_one_meets_the_holdout(
    tmp_path: Path,
) -> None:
    searched(tmp_path, healthy)
    lines = [
        json.dumps({**entry, "digest": "another"}) if entry["kind"] == "decision" else json.dumps(entry)
        for entry in journal_of(tmp_path)
        if entry["kind"] != "end"
    ]
    (tmp_path / "run/journal.jsonl").write_text("\n".join([*lines, ""]))
    with pytest.raises(UsageError, match=r"put another winner to the holdout.* start a new search without --resume"):
        searched(tmp_path, healthy)
