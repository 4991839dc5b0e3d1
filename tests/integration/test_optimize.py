"""A whole search from the command line against a real model server: result, plan, history, resuming, caps."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from builders import write, write_suite
from servers import ModelServer, Reply, failure, last_user_message

from opro_action.cli import main
from opro_action.search.plan import Plan, read_plan
from opro_action.suite.schemas import schema

LABELS = ("billing", "bug", "feature")
SEED = "Say something."


def world(asked: dict[str, Any]) -> str | Reply:
    """An optimizer model that writes better and better prompts, and a task model that is right as often as they say."""
    if asked["model"] == "writer":
        with WRITTEN.lock:
            WRITTEN.count += 1
            return f"<prompt>Quality {min(95, 30 + 5 * WRITTEN.count)}.</prompt>"
    prompt, number = asked["messages"][0]["content"], int(last_user_message(asked).split()[-1])
    found = re.search(r"Quality (\d+)", prompt)
    quality = int(found[1]) if found else 20
    return LABELS[number % 3] if number * 37 % 100 < quality else "no idea"


class Written:
    """How many candidates the world has written."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0


WRITTEN = Written()


@pytest.fixture(autouse=True)
def _fresh_world() -> None:
    WRITTEN.count = 0


def write_searched(folder: Path, server: ModelServer, *, count: int = 50, **optimize: Any) -> Path:
    cases = [{"id": f"c{i}", "input": f"this is the ticket {i}", "expected": LABELS[i % 3]} for i in range(count)]
    params = {"temperature": 0, "api_base": server.url}
    bounds = {
        "steps": 3,
        "candidates": 4,
        "holdout": 0.4,
        "params": {"temperature": 1.0},
        "model": "openai/writer",
        **optimize,
    }
    bounds["params"] = {**bounds["params"], "api_base": server.url}
    bounds = {name: value for name, value in bounds.items() if value is not None}
    scorers = {"choice": {"of": list(LABELS)}}
    return write_suite(
        folder, prompt=f"{SEED}\n", model="openai/task", params=params, scorers=scorers, cases=cases, optimize=bounds
    )


def changed(suite: Path, **keys: Any) -> Path:
    """The suite file with other values for these keys."""
    fields = {**yaml.safe_load(suite.read_text()), **keys}
    return write(suite, yaml.safe_dump(fields, sort_keys=False))


def optimize(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    with pytest.raises(SystemExit) as end:
        main(["optimize", "--format=json", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), json.loads(out) if out else {}, err


def test_a_search_ends_proven_and_leaves_journal_plan_and_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        code, result, err = optimize(capsys, write_searched(tmp_path, server))
        count = server.count
    jsonschema.validate(result, schema("result"))
    assert (code, result["evidence"], result["accepted"]) == (0, "proven", True)
    assert result["best"]["text"].startswith("Quality")
    assert result["best"]["holdout_score"] > result["seed_holdout_score"] + 0.4
    run = tmp_path / result["run"]
    lines = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
    assert sum(line["kind"] == "call" for line in lines) == count == result["usage"]["total"]["calls"]
    history = [json.loads(line) for line in (tmp_path / "evals/routing.history.jsonl").read_text().splitlines()]
    assert [version["text"] for version in history] == [SEED, result["best"]["text"]]
    assert "at most 3 steps of 4 candidates" in err


def test_the_plan_holds_the_whole_files_that_the_proposal_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        _, result, _ = optimize(capsys, write_searched(tmp_path, server))
    plan = read_plan(tmp_path / result["run"] / "plan.json")
    contents = {file.path: file.content for file in plan.files}
    assert set(contents) == {"prompts/routing.md", "evals/routing.history.jsonl", "evals/routing.baseline.json"}
    assert contents["prompts/routing.md"] == result["best"]["text"] + "\n"
    assert (plan.propose, plan.made_with["seed"]) == ("pull-request", 0)


def test_the_baseline_of_a_plan_makes_the_proposed_prompt_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        _, result, _ = optimize(capsys, suite)
        for file in read_plan(tmp_path / result["run"] / "plan.json").files:
            write(tmp_path / file.path, file.content)
        with pytest.raises(SystemExit) as end:
            main(["check", str(suite), "--format=json"])
    checked = json.loads(capsys.readouterr().out)
    assert (end.value.code, checked["verdict"]) == (0, "unchanged")


def test_the_work_tree_keeps_its_prompt_unless_told_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = tmp_path / "prompts" / "routing.md"
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        optimize(capsys, suite)
        assert prompt.read_text() == f"{SEED}\n"
        _, result, _ = optimize(capsys, suite, "--write")
    assert prompt.read_text() == result["best"]["text"] + "\n"


def test_the_same_search_again_asks_no_model_and_finds_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        _, first, _ = optimize(capsys, suite)
        (tmp_path / "evals/routing.history.jsonl").unlink()
        count = server.count
        _, second, _ = optimize(capsys, suite)
        assert server.count == count
    for result in (first, second):
        del result["usage"], result["run"]
    assert first == second


def test_the_command_of_a_plan_makes_the_same_search_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["--allow-few", "--max-cost=90.5", "--max-minutes=7.0", "--seed=3"]
    priced = {"price": {"input": 0, "output": 1000}, "max_tokens": 9}
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server, count=15, params={"temperature": 1.0, **priced})
        changed(suite, params={"temperature": 0, "api_base": server.url, **priced})
        code, first, err = optimize(capsys, suite, *given)
        assert code == 0, err
        (tmp_path / "evals/routing.history.jsonl").unlink()
        count, words = server.count, shlex.split(plan_of(tmp_path).made_with["command"])
        code, second, err = optimize(capsys, *words[2:])
        assert (code, server.count) == (0, count), err
    assert set(given) < set(words)
    for result in (first, second):
        del result["usage"], result["run"]
    assert first == second


def test_the_command_of_a_plan_sets_no_cap_where_the_default_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three answers per case in the decision take more of the default cap than a cap that is set leaves to them."""
    monkeypatch.chdir(tmp_path)
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server, holdout=0.8, steps=1)
        changed(suite, params={"temperature": 1.0, "api_base": server.url})
        optimize(capsys, suite)
        (tmp_path / "evals/routing.history.jsonl").unlink()
        count, words = server.count, shlex.split(plan_of(tmp_path).made_with["command"])
        code, again, err = optimize(capsys, *words[2:])
        assert (code, server.count) == (0, count), err
    assert again["usage"]["task"]["cached"] >= 6 * 40


def test_the_command_of_a_plan_means_the_suite_of_a_promptfoo_file_that_was_searched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "ticket.txt", f"{SEED} {{{{ticket}}}}\n")
    with ModelServer(lambda asked: f"<prompt>{SEED}</prompt>") as server:
        config = {"apiBaseUrl": server.url, "temperature": 0}
        providers = [{"id": f"openai:{name}", "config": config} for name in ("small", "large")]
        tests = [{"vars": {"ticket": f"ticket {i}"}, "assert": [{"type": "equals", "value": "bug"}]} for i in range(20)]
        fields = {"prompts": ["file://ticket.txt"], "providers": providers, "tests": tests}
        write(tmp_path / "promptfooconfig.yaml", yaml.safe_dump(fields))
        code, _, err = optimize(capsys, "promptfooconfig.yaml#openai-large", "--steps=1")
        assert code == 0, err
        count, words = server.count, shlex.split(plan_of(tmp_path).made_with["command"])
        code, _, err = optimize(capsys, *words[2:])
        assert (code, server.count) == (0, count), err


def test_a_killed_search_is_resumed_without_repeating_a_finished_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        signalled_after(120, server, suite, signal.SIGKILL, "--no-cache")
        journal = next((tmp_path / ".opro" / "runs").glob("*/journal.jsonl"))
        finished = {json.loads(line)["key"] for line in whole_lines(journal) if '"kind":"call"' in line}
        before = server.count
        code, result, _ = optimize(capsys, suite, "--resume", "--no-cache")
        asked = Counter(
            json.dumps(request, sort_keys=True) for request in server.requests if request["model"] == "task"
        )
    in_flight = before - len(finished)
    assert (code, result["evidence"]) == (0, "proven")
    assert len(finished) > 50
    assert sum(count - 1 for count in asked.values()) <= in_flight <= 16
    calls = [json.loads(line) for line in whole_lines(journal) if '"kind":"call"' in line]
    assert len(calls) == len({call["key"] for call in calls}) == result["usage"]["total"]["calls"]


def whole_lines(journal: Path) -> list[str]:
    return [line for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]


def signalled_after(
    calls: int, server: ModelServer, suite: Path, what: signal.Signals, *options: str
) -> tuple[int, str]:
    """Search in a process of its own, and signal it when so many calls have arrived; its exit code and stderr.

    From that call on the server holds its answers back until the signal is sent, so that the search cannot end first.
    """
    command = [sys.executable, "-m", "opro_action", "optimize", str(suite), *options]
    # Tests that run in the background of a shell ignore interrupts, and would hand that down.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    signal.signal(signal.SIGINT, inherited)
    reached, signalled, answer = threading.Event(), threading.Event(), server.answer

    def holding(asked: dict[str, Any]) -> str | Reply:
        if server.count >= calls:
            reached.set()
            signalled.wait(60)
        return answer(asked)

    server.answer = holding
    assert reached.wait(60)
    process.send_signal(what)
    signalled.set()
    _, err = process.communicate(timeout=60)
    server.answer = answer
    return process.returncode, err


def test_an_interrupt_ends_with_130_and_can_be_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        code, err = signalled_after(60, server, suite, signal.SIGINT)
        assert (code, err.splitlines()[-1]) == (130, "interrupted")
        assert optimize(capsys, suite, "--resume")[1]["evidence"] == "proven"


def test_a_larger_budget_does_not_bring_other_cases_into_a_run_that_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server, count=120, holdout=None, max_calls=400, candidates=8)
        signalled_after(90, server, suite, signal.SIGINT)
        begun = steps_of(tmp_path)
        code, result, _ = optimize(capsys, suite, "--resume", "--max-calls=4000")
    assert (code, result["evidence"]) == (0, "proven")
    assert max(candidate["n_scored"] or 0 for candidate in result["candidates"]) == 30
    assert begun == {1: 5}
    assert list(steps_of(tmp_path).items())[:2] == [(1, 5), (2, 8)]
    assert suite.with_suffix(".baseline.json") not in {tmp_path / file.path for file in plan_of(tmp_path).files}


def steps_of(folder: Path) -> dict[int, int]:
    """The candidates of each step that the folder's one journal holds, none of them twice."""
    (journal,) = (folder / ".opro" / "runs").glob("*/journal.jsonl")
    notes = [line for line in map(json.loads, whole_lines(journal)) if line["kind"] == "step"]
    assert len(notes) == len({note["step"] for note in notes})
    return {note["step"]: note["candidates"] for note in notes}


def plan_of(folder: Path) -> Plan:
    (plan,) = (folder / ".opro" / "runs").glob("*/plan.json")
    return read_plan(plan)


def test_a_run_that_has_decided_is_told_again_but_does_not_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        _, first, _ = optimize(capsys, suite)
        count = server.count
        _, again, _ = optimize(capsys, suite, "--resume", "--no-cache")
        code, _, err = optimize(capsys, suite, "--resume", "--steps=9")
        assert server.count == count
    assert again["best"] == first["best"]
    assert code == 2
    assert "has ended: its winner has met the holdout, which is looked at once" in err


def test_the_two_servers_of_the_environment_are_asked_for_their_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer(world) as task, ModelServer(world) as writer:
        suite = write_searched(tmp_path, task, model=None, params={})
        changed(suite, params={"temperature": 0}, optimize={"steps": 1, "candidates": 2, "holdout": 0.4})
        monkeypatch.setenv("OPRO_API_BASE", task.url)
        monkeypatch.setenv("OPRO_OPTIMIZER_API_BASE", writer.url)
        code, _, _ = optimize(capsys, suite, "--optimizer-model=openai/writer")
        asked = [{request["model"] for request in server.requests} for server in (task, writer)]
    assert code == 0
    assert asked == [{"task"}, {"writer"}]


def test_a_run_whose_default_budget_is_what_a_decision_takes_is_told_again_once_its_winner_is_in_the_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server, models=[f"openai/other-{i}" for i in range(12)])
        _, first, _ = optimize(capsys, suite)
        count = server.count
        code, again, _ = optimize(capsys, suite, "--resume", "--no-cache")
        assert server.count == count
    assert (code, again["best"]) == (0, first["best"])


def test_a_case_that_failed_before_an_interruption_is_not_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def of_seed(asked: dict[str, Any]) -> bool:
        return asked["messages"][0]["content"] == SEED and last_user_message(asked) == "this is the ticket 7"

    with ModelServer(lambda asked: failure(503) if of_seed(asked) else world(asked)) as server:
        suite = write_searched(tmp_path, server, count=60)
        signalled_after(140, server, suite, signal.SIGINT)
        asked = sum(map(of_seed, server.requests))
        code, result, _ = optimize(capsys, suite, "--resume", "--no-cache")
        assert sum(map(of_seed, server.requests)) == asked > 1
    assert (code, result["evidence"]) == (0, "proven")


def test_the_optimizer_model_of_the_command_line_is_free_of_what_shapes_the_tasks_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = changed(
            write_searched(tmp_path, server),
            params={"temperature": 0, "max_tokens": 3, "api_base": server.url},
            optimize={"steps": 1, "candidates": 4},
        )
        optimize(capsys, suite, "--optimizer-model=openai/writer")
        asked = next(request for request in server.requests if request["model"] == "writer")
    assert (asked["temperature"], asked.get("max_tokens")) == (1.0, None)


def test_a_run_is_not_resumed_after_the_prompt_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        optimize(capsys, suite)
        write(tmp_path / "prompts" / "routing.md", "Another seed.\n")
        code, _, err = optimize(capsys, suite, "--resume")
    assert code == 2
    assert "this changed after it began: fingerprint" in err


def test_the_cap_holds_for_both_models_and_a_decision_is_still_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        code, result, _ = optimize(capsys, write_searched(tmp_path, server), "--max-calls=180")
    assert (code, result["stop_reason"], result["evidence"]) == (0, "budget", "proven")
    assert server.count <= 180


def test_a_cap_too_small_for_any_decision_is_refused_before_any_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        code, _, err = optimize(capsys, write_searched(tmp_path, server), "--max-calls=50")
    assert (code, server.count) == (2, 0)
    assert "takes 136 calls; set max_calls (--max-calls) to that." in err


def test_retries_that_eat_the_budget_leave_no_decision_and_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    met: set[str] = set()

    def right_only_the_second_time(asked: dict[str, Any]) -> str | Reply:
        question = json.dumps(asked["messages"])
        if asked["model"] == "task" and question not in met:
            met.add(question)
            return failure(500, retry_after="0")
        return world(asked)

    with ModelServer(right_only_the_second_time) as server:
        code, _, err = optimize(capsys, write_searched(tmp_path, server), "--max-calls=136")
    assert (code, server.count) == (4, 136)
    assert "No decision was made" in err


def test_a_dry_run_prints_the_estimate_and_asks_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        code, numbers, _ = optimize(capsys, suite, "--dry-run")
        with pytest.raises(SystemExit):
            main(["optimize", str(suite), "--dry-run"])
    text = capsys.readouterr().out
    assert (code, server.count) == (0, 0)
    assert "30 search and 20 holdout cases; at most 3 steps of 4 candidates, 268 calls" in text
    assert (numbers["search_cases"], numbers["holdout_cases"], numbers["calls"]) == (30, 20, 268)
    assert not (tmp_path / ".opro").exists()


def test_an_optimizer_model_that_never_answers_is_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def without_writer(asked: dict[str, Any]) -> str | Reply:
        return failure(503, "the writer is away", retry_after="0") if asked["model"] == "writer" else world(asked)

    with ModelServer(without_writer) as server:
        code, _, err = optimize(capsys, write_searched(tmp_path, server))
    assert code == 3
    assert "the writer is away" in err


def test_a_winner_of_the_past_is_scored_beside_the_files_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        _, first, _ = optimize(capsys, suite)
        _, second, err = optimize(capsys, suite, "--steps=1")
    origins = {candidate["text"]: candidate["origin"] for candidate in second["candidates"]}
    assert origins[first["best"]["text"]] == "history"
    assert err.count("step 0: scoring 1 prompt on") > 1


def test_a_resumed_search_turns_down_what_it_did_when_it_began(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        _, first, _ = optimize(capsys, suite)
        with pytest.raises(SystemExit):
            main(["history", str(suite), "--decline", first["best"]["digest"]])
        capsys.readouterr()
        count = server.count
        _, resumed, _ = optimize(capsys, suite, "--resume", Path(first["run"]).name)
        assert server.count == count
    assert (resumed["best"], resumed["candidates"]) == (first["best"], first["candidates"])


def test_a_prompt_that_holds_its_own_cases_is_warned_of_before_any_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = write_searched(tmp_path, server)
        write(tmp_path / "prompts/routing.md", "Sort it. For example, this is the ticket 7 goes to bug.\n")
        _, _, err = optimize(capsys, suite, "--dry-run")
    assert server.count == 0
    assert "WARNING: THE PROMPT HOLDS ANSWERS OF ITS OWN CASES" in err
    assert "quotes 1 case that it is scored on" in err


def test_a_scorer_that_a_constant_answer_fools_is_warned_of_before_any_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(world) as server:
        suite = changed(write_searched(tmp_path, server), scorers={"contains": {"any": ["bug", "i"]}})
        _, _, err = optimize(capsys, suite, "--dry-run")
    assert server.count == 0
    assert "WARNING: THIS SEARCH MAY FIND A TRICK INSTEAD OF A BETTER PROMPT" in err


def test_a_candidate_that_quotes_a_case_of_the_holdout_is_rejected_unscored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def quoting(asked: dict[str, Any]) -> str | Reply:
        if asked["model"] == "writer":
            return "<prompt>Quality 95. this is the ticket 31 is a bug, this is the ticket 4 is too.</prompt>"
        return world(asked)

    with ModelServer(quoting) as server:
        _, result, _ = optimize(capsys, write_searched(tmp_path, server, max_calls=200))
    assert {candidate["rejected"] for candidate in result["candidates"]} == {"quotes a case"}
    assert {candidate["n_scored"] for candidate in result["candidates"]} == {0}
    assert (result["evidence"], result["best"]["text"]) == ("not_shown", SEED)


def test_a_winner_has_to_keep_the_level_of_another_suite_and_another_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fussy(asked: dict[str, Any]) -> str | Reply:
        """Another model that gets everything right under the seed, and nothing under any other prompt."""
        if asked["model"] == "fussy":
            number = int(last_user_message(asked).split()[-1])
            return LABELS[number % 3] if asked["messages"][0]["content"] == SEED else "no idea"
        return world(asked)

    with ModelServer(fussy) as server:
        suite = write_searched(tmp_path, server)
        write(tmp_path / "evals/same.yaml", suite.read_text())
        both = write_searched(tmp_path, server, also=["same.yaml"], models=["openai/fussy"])
        _, refused, err = optimize(capsys, both)
        _, kept, _ = optimize(capsys, write_searched(tmp_path, server, also=["same.yaml"], seed=1))
    jsonschema.validate(refused, schema("result"))
    assert (refused["evidence"], refused["accepted"]) == ("not_shown", False)
    assert "but the model openai/fussy got worse" in refused["reason"]
    assert [(guard["name"], guard["worse"]) for guard in refused["guards"]] == [
        ("evals/same.yaml", False),
        ("the model openai/fussy", True),
    ]
    assert "scoring the current prompt and the winner on 20 cases of evals/same.yaml" in err
    assert (kept["evidence"], [guard["worse"] for guard in kept["guards"]]) == ("proven", [False])


def test_few_cases_are_refused_unless_they_are_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(world) as server:
        few = [{"id": f"c{i}", "input": f"this is the ticket {i}", "expected": LABELS[i % 3]} for i in range(12)]
        suite = changed(write_searched(tmp_path, server), cases=few)
        code, _, err = optimize(capsys, suite)
        assert (code, server.count) == (2, 0)
        assert "12 cases are too few to search" in err
        code, _, err = optimize(capsys, suite, "--allow-few")
    assert code == 0, err


def test_examples_of_the_search_split_can_win(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def by_example(asked: dict[str, Any]) -> str | Reply:
        if asked["model"] == "writer":
            return world(asked)
        number = int(last_user_message(asked).split()[-1])
        shown = "<solved_examples>" in asked["messages"][0]["content"]
        return LABELS[number % 3] if shown or number % 5 == 0 else "no idea"

    with ModelServer(by_example) as server:
        _, result, err = optimize(capsys, write_searched(tmp_path, server, demos=2))
    assert (result["evidence"], "<solved_examples>" in result["best"]["text"]) == ("proven", True)
    assert "cases as examples" in err


def test_a_prompt_that_changed_while_the_search_ran_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt, edited = tmp_path / "prompts" / "routing.md", f"{SEED} And be kind.\n"

    def editing(asked: dict[str, Any]) -> str | Reply:
        if asked["model"] == "writer":
            write(prompt, edited)
        return world(asked)

    with ModelServer(editing) as server:
        code, result, err = optimize(capsys, write_searched(tmp_path, server), "--write")
    assert (code, result["accepted"], prompt.read_text()) == (2, True, edited)
    assert "prompts/routing.md: the file changed while the search ran" in err
    before = {file.path: file.before_sha256 for file in plan_of(tmp_path).files}
    assert before["prompts/routing.md"] == hashlib.sha256(f"{SEED}\n".encode()).hexdigest()


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_cap_in_dollars_without_a_price_is_refused_before_a_run_is_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    with ModelServer(world) as server:
        code, _, err = optimize(capsys, write_searched(tmp_path, server), "--max-cost=1", *more)
        assert server.count == 0
    assert code == 2
    assert "The price of openai/task is not known" in err
    assert not (tmp_path / ".opro" / "runs").exists()
