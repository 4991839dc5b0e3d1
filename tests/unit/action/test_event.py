"""The event as GitHub tells it, in the variables of the run and in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from action_world import BASE, HEAD, an_event, pull_payload, run_env

from opro_action.action.event import PullRequest, read_event
from opro_action.errors import UsageError


def test_the_payload_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps(pull_payload("labeled", label="opro", labels=[{"name": "bug"}])))
    event = read_event(run_env("pull_request", GITHUB_EVENT_PATH=str(tmp_path / "event.json")))
    assert (event.action, event.label, event.branch, event.default_branch) == ("labeled", "opro", "", "main")
    assert event.pull == PullRequest(7, "edit", HEAD, "main", BASE, False, author="ann", labels=frozenset({"bug"}))


@pytest.mark.parametrize("content", [None, "{", "\xff"])
def test_a_payload_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match="the event of this run cannot be read"):
        read_event(run_env("push", GITHUB_EVENT_PATH=str(path)))


def test_the_branch_of_the_run_that_another_workflow_follows_names_its_owner() -> None:
    run = {"head_sha": HEAD, "head_branch": "edit", "head_repository": {"owner": {"login": "stranger"}}}
    event = an_event("workflow_run", {"workflow_run": run})
    assert (event.run_branch, event.run_head) == ("stranger:edit", HEAD)
