"""Before a command in a comment is obeyed: GitHub says what its author may do, or nobody does and it is not obeyed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from action_world import comment_payload, run_env
from builders import write
from fake_github import FakeGitHub

from opro_action.action.__main__ import main


def asked(hub: FakeGitHub, folder: Path, payload: object, **changes: str) -> str:
    """What the step writes as its outputs."""
    event, outputs = write(folder / "event.json", json.dumps(payload)), folder / "outputs"
    env = run_env("issue_comment", GITHUB_EVENT_PATH=str(event), GITHUB_OUTPUT=str(outputs), GITHUB_TOKEN="t")
    env |= {"GITHUB_REPOSITORY": "octo/prompts", "GITHUB_API_URL": hub.api_url, **changes}
    assert main(["permission"], env) == 0
    return outputs.read_text().splitlines()[1]


@pytest.mark.parametrize("permission", ["admin", "write", "read"])
def test_the_permission_of_the_author_is_asked_for(hub: FakeGitHub, tmp_path: Path, permission: str) -> None:
    hub.permissions["ann"] = permission
    assert asked(hub, tmp_path, comment_payload()) == permission


@pytest.mark.parametrize("payload", [{}, {"comment": None}, [], {"comment": {"user": {}}}])
def test_a_comment_without_an_author_has_none(hub: FakeGitHub, tmp_path: Path, payload: object) -> None:
    assert asked(hub, tmp_path, payload) == ""
    assert hub.requests == []


def test_nobody_is_a_writer_when_github_does_not_say(
    hub: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.fail("GET", "/permission$", 403, "Resource not accessible by integration")
    assert asked(hub, tmp_path, comment_payload()) == ""
    assert asked(hub, tmp_path, comment_payload(), GITHUB_TOKEN="") == ""
    assert "::warning::It is not known what the author of this comment may do" in capsys.readouterr().out
