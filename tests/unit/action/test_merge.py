"""The base of a pull request, with GitHub's merge of it checked out and with anything else, in real git."""

from __future__ import annotations

from pathlib import Path

import pytest
from action_world import BASE, an_event, pull_payload
from builders import write
from repositories import commit, git, repository

from opro_action.action.merge import at_merge


class Merged:
    """A pull request that went off from `old`, and the merge of it into `new`, which is checked out."""

    def __init__(self, folder: Path) -> None:
        self.repo = repository(folder)
        self.old = commit(self.repo)
        git(self.repo, "checkout", "--quiet", "-b", "edit")
        write(self.repo / "theirs.md", "x\n")
        self.head = commit(self.repo)
        git(self.repo, "checkout", "--quiet", "main")
        write(self.repo / "ours.md", "x\n")
        self.new = commit(self.repo)
        git(self.repo, "merge", "--quiet", "--no-ff", "--no-edit", "edit")
        self.merge = git(self.repo, "rev-parse", "HEAD")

    def base(self, name: str = "pull_request", *, sha: str = "", head: str = "") -> str:
        pull = pull_payload(head={"ref": "edit", "sha": head or self.head, "repo": None})
        found = at_merge(an_event(name, pull, GITHUB_SHA=sha or self.merge), self.repo).pull
        assert found
        return found.base_sha


@pytest.fixture
def merged(tmp_path: Path) -> Merged:
    return Merged(tmp_path / "repo")


def test_the_base_is_what_github_merged_the_pull_request_into(merged: Merged) -> None:
    assert merged.base() == merged.new


def test_a_merge_that_the_runner_does_not_name_is_not_believed(merged: Merged) -> None:
    assert merged.base(sha="f" * 40) == BASE


def test_a_merge_of_something_else_is_not_believed(merged: Merged) -> None:
    assert merged.base(head="f" * 40) == BASE
    assert merged.base(head=merged.new) == BASE


def test_a_commit_that_is_no_merge_leaves_the_base_as_github_tells_it(merged: Merged) -> None:
    git(merged.repo, "checkout", "--quiet", "edit")
    assert merged.base(sha=merged.head) == BASE


def test_a_workflow_that_runs_on_the_base_has_no_merge_of_the_pull_request(merged: Merged) -> None:
    assert merged.base("pull_request_target") == BASE


def test_in_a_clone_that_is_too_shallow_to_tell_nothing_changes(merged: Merged, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{merged.repo}", "shallow")
    merged.repo = tmp_path / "shallow"
    assert merged.base() == BASE


def test_without_a_pull_request_or_a_commit_the_event_stays_as_it_is(tmp_path: Path) -> None:
    push, pull = an_event("push"), an_event("pull_request")
    assert at_merge(push, tmp_path) == push
    assert at_merge(pull, tmp_path) == pull
