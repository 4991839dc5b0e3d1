"""The recipes of the documentation, run under act for the events that they are for, with a scripted model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from act_runner import Ran, Runner, apart, port_of
from action_repository import GOOD, PROMPT, WORSE, models_at, on_main, pull_request, recipe, served
from fake_github import FakeGitHub
from repositories import git
from servers import ModelServer

pytestmark = pytest.mark.xdist_group("act")

KEY = {"OPENAI_API_KEY": "key-of-the-model"}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer(served) as server:
        yield server


def test_a_pull_request_that_made_a_prompt_worse(
    runner: Runner, hub: FakeGitHub, tmp_path: Path, server: ModelServer
) -> None:
    checkout, payload = pull_request(hub, tmp_path, WORSE, recipe("pull-request.yml"))
    edited = hub.tip("edit")

    ran = runner.run("pull_request", checkout, hub, env=models_at(server), secrets=KEY, payload=payload)

    assert not ran.succeeded, "the check is red"
    assert (ran.outputs["verdict"], ran.outputs["regressed"]) == ("regressed", "true"), ran.log
    assert "Summary - | suite | verdict | score |" in ran.log
    annotations = [line for line in ran.log.splitlines() if "::error file=evals/routing.yaml,line=" in line]
    assert len(annotations) == 8
    assert ran.outputs["accepted"] == "true"
    (proposal,) = hub.open_pulls[1:]
    assert (proposal["base"], hub.tip("edit")) == ("edit", edited)
    assert b"Quality 9" in hub.objects.files(f"refs/heads/{proposal['head']}")[PROMPT]
    (comment,) = hub.comments[7]
    assert comment["body"].startswith("**Regressed**")
    assert f"Commit `{(edited or '')[:7]}`" in comment["body"]
    assert f"pull/{proposal['number']}" in comment["body"]
    assert_apart(ran, hub, server)
    git(hub.objects.path, "fsck", "--strict")


def test_the_same_from_a_fork_which_has_no_secrets(runner: Runner, hub: FakeGitHub, tmp_path: Path) -> None:
    checkout, payload = pull_request(hub, tmp_path, WORSE, recipe("pull-request.yml"))
    payload["pull_request"]["head"]["repo"] = {"full_name": "stranger/prompts"}
    hub.fail("POST", "/comments$", 403, "Resource not accessible by integration")

    ran = runner.run("pull_request", checkout, hub, payload=payload)

    assert ran.succeeded, ran.log
    assert ran.outputs["verdict"] == "unmeasured"
    assert ran.obeyed("warning")[0].startswith("NOT MEASURED")
    assert "Summary - NOT MEASURED" in ran.log
    assert len(hub.pulls) == 1


def test_a_label_asks_for_a_search_of_what_is_fine(
    runner: Runner, hub: FakeGitHub, tmp_path: Path, server: ModelServer
) -> None:
    better = GOOD.replace("Route", "Send")
    checkout, payload = pull_request(hub, tmp_path, better, recipe("pull-request.yml"))
    payload |= {"action": "labeled", "label": {"name": "opro"}}

    ran = runner.run("pull_request", checkout, hub, env=models_at(server), secrets=KEY, payload=payload)

    assert ran.succeeded, ran.log
    assert ran.outputs["verdict"] == "unchanged"
    assert ran.outputs["accepted"] in {"true", "false"}, "there was a search"
    assert hub.comments[7][0]["body"].startswith("**Unchanged**")


def test_a_model_that_got_worse_by_itself(runner: Runner, hub: FakeGitHub, tmp_path: Path, server: ModelServer) -> None:
    checkout = on_main(hub, tmp_path, WORSE, recipe("drift.yml"))

    ran = runner.run("schedule", checkout, hub, env=models_at(server), secrets=KEY)

    assert not ran.succeeded, "the check is red"
    assert ran.outputs["verdict"] == "regressed"
    assert [pull["base"] for pull in hub.open_pulls] == ["main"]


def test_what_a_person_closed_is_not_proposed_again_but_something_else_is(
    runner: Runner, hub: FakeGitHub, tmp_path: Path, server: ModelServer
) -> None:
    checkout = on_main(hub, tmp_path, WORSE, recipe("main.yml"))
    runner.run("workflow_dispatch", checkout, hub, env=models_at(server), secrets=KEY)
    refused = hub.objects.files(f"refs/heads/{hub.pull(1)['head']}")[PROMPT]
    hub.close(1)

    ran = runner.run("workflow_dispatch", checkout, hub, env=models_at(server), secrets=KEY)

    assert ran.succeeded, ran.log
    assert f"{PROMPT}: 1 text of closed proposals will not be tried again" in ran.log
    (proposal,) = hub.open_pulls
    files = hub.objects.files(f"refs/heads/{proposal['head']}")
    assert files[PROMPT] != refused
    lines = [json.loads(line) for line in files["evals/routing.history.jsonl"].splitlines()]
    assert [line["text"] for line in lines if line["evidence"] == "declined"] == [refused.decode().strip()]
    assert_apart(ran, hub, server)


def test_two_jobs_of_which_one_has_the_keys_and_the_other_the_token(
    runner: Runner, hub: FakeGitHub, tmp_path: Path, server: ModelServer
) -> None:
    checkout = on_main(hub, tmp_path, WORSE, recipe("two-jobs.yml"))
    runner.forget()

    ran = runner.run("workflow_dispatch", checkout, hub, env=models_at(server), secrets=KEY)

    assert ran.succeeded, ran.log
    assert [pull["base"] for pull in hub.open_pulls] == ["main"]
    assert ran.outputs["pull-request-number"] == "1"
    assert_apart(ran, hub, server)


def test_a_command_in_a_comment_is_obeyed_only_for_people_who_may_write(
    runner: Runner, hub: FakeGitHub, tmp_path: Path, server: ModelServer
) -> None:
    checkout = on_main(hub, tmp_path, WORSE, recipe("command.yml"))
    payload: dict[str, Any] = {
        "action": "created",
        "issue": {"number": 7, "pull_request": {"url": "u"}},
        "comment": {"body": "/opro", "user": {"login": "ann"}},
        "repository": {"full_name": "octo/prompts", "default_branch": "main"},
    }

    stranger = runner.run("issue_comment", checkout, hub, env=models_at(server), secrets=KEY, payload=payload)
    hub.permissions["ann"] = "write"
    writer = runner.run("issue_comment", checkout, hub, env=models_at(server), secrets=KEY, payload=payload)

    assert stranger.succeeded, stranger.log
    assert "Nothing to do: commands are taken only from people who may write" in stranger.log
    assert "results" not in stranger.outputs or not stranger.outputs["results"]
    assert writer.succeeded, writer.log
    assert [pull["base"] for pull in hub.open_pulls] == ["main"]


def assert_apart(ran: Ran, hub: FakeGitHub, server: ModelServer) -> None:
    """Who talked to GitHub had no model library and no key, who had a model no token; nobody talked to anyone else."""
    apart(ran.processes, port_of(hub), KEY)
    assert frozenset().union(*(process.ports for process in ran.processes if "pip" not in process.modules)) <= {
        port_of(hub),
        server.port,
    }
