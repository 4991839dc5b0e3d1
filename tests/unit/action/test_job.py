"""Event → job: one row per event that a workflow may listen to, in the mode `auto` unless it says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from action_world import BASE, HEAD, SHA, an_event, comment_payload, pull_payload

from opro_action.action.event import Event
from opro_action.action.job import Job, Nothing, Refused, job_for, target_branch

OPRO = [{"name": "opro"}]
CHECK_AND_SEARCH = Job(check="changed", search="regressed", base=BASE)
CHECK_ONLY = Job(check="changed", base=BASE)
SEARCH = Job(search="all")


def pull(action: str = "synchronize", *, by: str = "ann", **changes: Any) -> Event:
    return an_event("pull_request", pull_payload(action, **changes), GITHUB_ACTOR=by)


def branch(name: str) -> dict[str, Any]:
    return {"ref": name, "sha": HEAD, "repo": {"full_name": "octo/prompts"}}


JOBS: dict[str, tuple[Event, Job]] = {
    "push": (an_event("push"), Job(check="all", search="regressed")),
    "push of a tag": (an_event("push", GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1"), Job(check="all")),
    "push to a proposal": (an_event("push", GITHUB_REF_NAME="opro/routing"), Job(check="all")),
    "schedule": (an_event("schedule"), Job(check="all", search="regressed")),
    "dispatch": (an_event("workflow_dispatch"), SEARCH),
    "dispatch by another program": (an_event("repository_dispatch"), SEARCH),
    "merge queue": (an_event("merge_group", {"merge_group": {"base_sha": BASE}}), CHECK_ONLY),
    "another workflow": (an_event("workflow_run", {"workflow_run": {"head_sha": HEAD}}), Job(check="all")),
    "pull request": (pull("opened"), CHECK_AND_SEARCH),
    "pull request, ready": (pull("ready_for_review"), CHECK_AND_SEARCH),
    "pull request, draft": (pull(draft=True), CHECK_ONLY),
    "pull request, labelled just now": (pull("labeled", label="opro"), Job("changed", "all", BASE)),
    "pull request, labelled before": (pull(labels=OPRO), Job("changed", "all", BASE)),
    "pull request, draft and labelled": (pull("labeled", draft=True, label="opro"), Job("changed", "all", BASE)),
    "pull request, with another label": (pull("labeled", label="bug", labels=OPRO), CHECK_ONLY),
    "pull request, label taken off": (pull("unlabeled", label="opro"), CHECK_ONLY),
    "pull request, made a draft": (pull("converted_to_draft", draft=True, labels=OPRO), CHECK_ONLY),
    "pull request, assigned": (pull("assigned", labels=OPRO), CHECK_ONLY),
    "pull request, our own proposal": (pull(head=branch("opro/routing"), labels=OPRO), CHECK_ONLY),
    "pull request, fork": (pull(fork=True), Job("changed", "no", BASE, cannot_write=True)),
    "pull request, fork, labelled": (pull(fork=True, labels=OPRO), Job("changed", "no", BASE, cannot_write=True)),
    "pull request, fork that is gone": (pull(head={"ref": "x", "repo": None}), Job("changed", "no", BASE, True)),
    "pull request, by Dependabot": (pull(by="dependabot[bot]"), Job("changed", "no", BASE, cannot_write=True)),
    "pull request of Dependabot, run again by a person": (
        pull(user={"login": "dependabot[bot]"}),
        Job("changed", "no", BASE, cannot_write=True),
    ),
    "command by a writer": (an_event("issue_comment", comment_payload(), OPRO_ASKER_PERMISSION="write"), SEARCH),
    "command by an owner": (
        an_event("issue_comment", comment_payload("/opro please"), OPRO_ASKER_PERMISSION="admin"),
        SEARCH,
    ),
}


@pytest.mark.parametrize("row", JOBS)
def test_each_event_has_its_job(row: str) -> None:
    event, job = JOBS[row]
    assert job_for("auto", event, head=SHA) == job


NOTHING: dict[str, tuple[Event, str]] = {
    "branch deleted": (an_event("push", {"deleted": True}), "deleted"),
    "pull request closed": (pull("closed"), "just closed"),
    "command by a stranger": (
        an_event("issue_comment", comment_payload(), OPRO_ASKER_PERMISSION="read"),
        "only from people who may write",
    ),
    "command by someone GitHub does not tell of": (an_event("issue_comment", comment_payload()), "only from people"),
    "other comment": (
        an_event("issue_comment", comment_payload("I like /opro"), OPRO_ASKER_PERMISSION="admin"),
        "does not start with /opro",
    ),
    "command on an issue": (
        an_event("issue_comment", comment_payload(on_pull=False), OPRO_ASKER_PERMISSION="admin"),
        "on pull requests",
    ),
    "command edited into a comment": (
        an_event("issue_comment", comment_payload(action="edited"), OPRO_ASKER_PERMISSION="admin"),
        "only a new comment",
    ),
    "target, closed": (an_event("pull_request_target", pull_payload("closed")), "just closed"),
}


@pytest.mark.parametrize("row", NOTHING)
def test_other_events_ask_for_nothing(row: str) -> None:
    event, reason = NOTHING[row]
    job = job_for("auto", event, head=SHA)
    assert isinstance(job, Nothing)
    assert reason in job.reason


PRIVILEGED = {
    "pull_request_target": an_event("pull_request_target", pull_payload(fork=True)),
    "workflow_run": an_event("workflow_run", {"workflow_run": {"head_sha": HEAD}}),
    "issue_comment": an_event("issue_comment", comment_payload(), OPRO_ASKER_PERMISSION="write"),
}


@pytest.mark.parametrize("name", PRIVILEGED)
@pytest.mark.parametrize("mode", ["auto", "check", "optimize"])
@pytest.mark.parametrize("head", [HEAD, ""])
def test_code_that_nobody_approved_is_refused_where_secrets_are(name: str, mode: Any, head: str) -> None:
    job = job_for(mode, PRIVILEGED[name], head=head)
    assert isinstance(job, Refused)
    assert f"a workflow on `{name}` has secrets" in job.reason
    assert "allow-head-code" in job.reason


@pytest.mark.parametrize("mode", ["auto", "check"])
@pytest.mark.parametrize("allowed", [False, True])
def test_the_base_branch_is_never_checked_in_the_name_of_a_pull_request(mode: Any, allowed: bool) -> None:
    job = job_for(mode, PRIVILEGED["pull_request_target"], head=SHA, allow_head_code=allowed)
    assert isinstance(job, Refused)
    assert "has nothing of the change: use `on: pull_request`" in job.reason


def test_an_owner_may_allow_it() -> None:
    target = job_for("auto", PRIVILEGED["pull_request_target"], head=HEAD, allow_head_code=True)
    assert target == Job(check="changed", base=BASE)
    checked = job_for("check", PRIVILEGED["pull_request_target"], head=HEAD, allow_head_code=True)
    assert checked == Job(check="all", base=BASE)
    assert job_for("auto", PRIVILEGED["issue_comment"], head=HEAD, allow_head_code=True) == SEARCH
    assert job_for("auto", PRIVILEGED["workflow_run"], head=HEAD, allow_head_code=True) == Job(check="all")


def test_an_event_without_a_job_says_what_to_set() -> None:
    job = job_for("auto", an_event("release"), head=SHA)
    assert isinstance(job, Refused)
    assert "no job for the event `release`: set `mode` to `check` or `optimize`" in job.reason


@pytest.mark.parametrize("name", ["release", "push", "schedule", "workflow_dispatch"])
def test_a_mode_that_is_named_does_the_same_on_every_event(name: str) -> None:
    assert job_for("check", an_event(name), head=SHA) == Job(check="all")
    assert job_for("optimize", an_event(name), head=SHA) == SEARCH


def test_a_check_that_is_named_compares_with_the_base_of_a_pull_request() -> None:
    assert job_for("check", pull(), head=SHA) == Job(check="all", base=BASE)
    assert job_for("check", pull(fork=True), head=SHA) == Job(check="all", base=BASE, cannot_write=True)


@pytest.mark.parametrize("mode", ["check", "optimize"])
def test_no_mode_takes_orders_from_a_stranger(mode: Any) -> None:
    event = an_event("issue_comment", comment_payload("do something"), OPRO_ASKER_PERMISSION="triage")
    assert isinstance(job_for(mode, event, head=SHA), Nothing)


@pytest.mark.parametrize(
    ("event", "target"),
    [
        (an_event("push"), "main"),
        (an_event("schedule", GITHUB_REF_NAME="release/2"), "release/2"),
        (an_event("push", GITHUB_REF_TYPE="tag"), ""),
        (pull(), "edit"),
        (pull(fork=True), ""),
        (PRIVILEGED["issue_comment"], "main"),
        (an_event("workflow_run"), "main"),
    ],
)
def test_a_proposal_is_for_the_branch_that_was_measured(event: Event, target: str) -> None:
    assert target_branch(event) == target
