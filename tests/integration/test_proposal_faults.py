"""What GitHub and other people may do in the middle of a proposal, and what is left behind."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from plans import PROMPT, a_plan, unproven

from opro_action.errors import OproError, UsageError
from opro_action.proposal.propose import Proposal, open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.search.plan import Plan

BRANCH = "opro/languages"
OTHER_TEXT = "Which language is this?"


def settings(hub: FakeGitHub) -> ProposeSettings:
    return ProposeSettings(repository="octo/prompts", token="secret", api_url=hub.api_url, pause=0)


def propose(hub: FakeGitHub, plan: Plan) -> Proposal:
    return open_proposal(plan, settings=settings(hub))


def forbid_pulls(hub: FakeGitHub) -> None:
    message = "GitHub Actions is not permitted to create or approve pull requests."
    hub.fail("POST", "/pulls$", 403, message)


def test_where_pull_requests_are_forbidden_the_branch_stays_and_a_link_is_given(hub: FakeGitHub) -> None:
    forbid_pulls(hub)
    proposal = propose(hub, a_plan())
    assert hub.tip(BRANCH)
    assert (proposal.operation, proposal.number) == ("none", None)
    assert proposal.url == f"{hub.url}/octo/prompts/compare/main...opro/languages?expand=1"
    assert "not permitted to create" in proposal.warnings[0]
    assert proposal.url in proposal.warnings[0]


def test_a_branch_that_waits_for_its_pull_request_is_not_written_again(hub: FakeGitHub) -> None:
    forbid_pulls(hub)
    propose(hub, a_plan())
    hub.requests.clear()
    assert propose(hub, a_plan()).operation == "created"
    assert not [request for request in hub.writes if "/git/" in request.path or "graphql" in request.path]


def test_a_pull_request_that_another_run_opened_meanwhile_is_found(hub: FakeGitHub) -> None:
    hub.before("POST", "/pulls$", lambda: propose_elsewhere(hub))
    proposal = propose(hub, a_plan())
    assert (proposal.operation, proposal.number, len(hub.pulls)) == ("none", 1, 1)


def propose_elsewhere(hub: FakeGitHub) -> None:
    propose(hub, a_plan())


def test_a_lost_answer_to_the_creation_does_not_open_a_second_one(hub: FakeGitHub) -> None:
    hub.fail("POST", "/pulls$", 502, done=True)
    propose(hub, a_plan())
    assert len(hub.pulls) == 1


def test_a_lost_answer_to_the_branch_is_no_failure(hub: FakeGitHub) -> None:
    hub.fail("POST", "#updateRefs", 0, done=True)
    assert propose(hub, a_plan()).operation == "created"


@pytest.mark.parametrize("path", ["/git/blobs$", "/git/trees$", "/git/commits$", "#updateRefs", "/pulls$"])
def test_a_passing_server_error_is_ridden_out(hub: FakeGitHub, path: str) -> None:
    hub.fail("POST", path, 500, times=2)
    assert propose(hub, a_plan()).operation == "created"


@pytest.mark.parametrize("path", ["/git/blobs$", "/git/trees$", "/git/commits$", "#updateRefs"])
def test_a_server_that_stays_down_leaves_no_branch_and_is_named(hub: FakeGitHub, path: str) -> None:
    hub.fail("POST", path, 500, times=9)
    with pytest.raises(OproError, match="run `opro propose` again"):
        propose(hub, a_plan())
    assert (hub.tip(BRANCH), hub.pulls) == (None, [])


def test_a_failed_update_is_completed_by_the_next_run(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.fail("PATCH", "/pulls/", 500)
    plan = a_plan(OTHER_TEXT)
    with pytest.raises(OproError):
        propose(hub, plan)
    assert propose(hub, plan).operation == "updated"
    hub.requests.clear()
    assert propose(hub, plan).operation == "none"
    assert hub.writes == []


def test_a_persons_push_just_before_ours_is_not_pushed_over(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.before("POST", "/git/commits$", lambda: hub.push(BRANCH, {PROMPT: "by a person\n"}))
    proposal = propose(hub, a_plan(OTHER_TEXT))
    assert hub.objects.files(f"refs/heads/{BRANCH}")[PROMPT] == b"by a person\n"
    assert "commits that opro did not make" in proposal.reason


def test_a_branch_that_appears_just_before_ours_is_not_pushed_over(hub: FakeGitHub) -> None:
    hub.before("POST", "#updateRefs", lambda: hub.push(BRANCH, {"a.md": "theirs\n"}, onto="refs/heads/main"))
    proposal = propose(hub, a_plan())
    assert "a.md" in hub.objects.files(f"refs/heads/{BRANCH}")
    assert (proposal.operation, hub.pulls) == ("none", [])


def test_a_branch_that_never_rests_is_given_up_on(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    sequence = iter(f"Try {number}." for number in range(9))

    def another_run_writes() -> None:
        propose(hub, a_plan(next(sequence)))
        hub.before("POST", "/git/commits$", another_run_writes)

    hub.before("POST", "/git/commits$", another_run_writes)
    assert propose(hub, a_plan(OTHER_TEXT)).reason == f"Another run keeps writing to {BRANCH}: it was left to that run."


def test_a_push_at_the_very_moment_of_ours_is_not_pushed_over(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.before("POST", "#updateRefs", lambda: hub.push(BRANCH, {PROMPT: "by a person\n"}))
    proposal = propose(hub, a_plan(OTHER_TEXT))
    assert hub.objects.files(f"refs/heads/{BRANCH}")[PROMPT] == b"by a person\n"
    assert "commits that opro did not make" in proposal.reason


def test_a_server_that_cannot_compare_and_swap_is_asked_again_before_the_branch_moves(old_hub: FakeGitHub) -> None:
    assert propose(old_hub, a_plan()).operation == "created"
    assert propose(old_hub, a_plan(OTHER_TEXT)).operation == "updated"
    old_hub.before("POST", "/git/commits$", lambda: old_hub.push(BRANCH, {PROMPT: "by a person\n"}))
    propose(old_hub, a_plan("A third wording."))
    assert old_hub.objects.files(f"refs/heads/{BRANCH}")[PROMPT] == b"by a person\n"


@pytest.fixture
def old_hub(hub: FakeGitHub) -> FakeGitHub:
    """A server of a company that is too old for `updateRefs`."""
    hub.unknown_fields = {"updateRefs"}
    return hub


def test_two_runs_at_once_end_in_one_pull_request(hub: FakeGitHub) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda plan: propose(hub, plan), [a_plan(), a_plan(OTHER_TEXT)]))
    assert len(hub.open_pulls) == 1
    assert {proposal.number for proposal in done} <= {1, None}
    assert len(hub.objects.ahead(hub.tip("main") or "", hub.tip(BRANCH) or "")) == 1


@pytest.mark.parametrize(("method", "path"), [("POST", "#updateRefs"), ("PATCH", "/pulls/1$")])
def test_a_person_who_closes_it_meanwhile_has_closed_the_text_that_they_saw(
    hub: FakeGitHub, method: str, path: str
) -> None:
    propose(hub, a_plan())
    hub.before(method, path, lambda: hub.close(1))
    assert propose(hub, a_plan(OTHER_TEXT)).number == 2
    hub.close(2)
    assert "a person closed pull request #1 with this very text" in propose(hub, a_plan()).reason


def test_the_base_taking_the_text_meanwhile_ends_in_nothing_to_do(hub: FakeGitHub) -> None:
    def squashed() -> None:
        hub.objects.set_ref("refs/heads/main", hub.tip(BRANCH))

    hub.before("POST", "/pulls$", squashed)
    assert "main already has this text" in propose(hub, a_plan()).reason


def test_the_pull_request_is_never_closed_by_an_empty_branch(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    for step in ("One.", "Two.", "Three."):
        hub.push("main", {"README.md": step})
        propose(hub, a_plan(step))
        assert hub.pull(1)["state"] == "open"
    assert len([request for request in hub.writes if "graphql" in request.path]) == 4


def test_failing_labels_are_a_warning(hub: FakeGitHub) -> None:
    hub.fail("POST", "/issues/1/labels", 403, "Resource not accessible by integration")
    proposal = propose(hub, a_plan())
    assert proposal.operation == "created"
    assert proposal.warnings == ("the labels of pull request #1 could not be set: GitHub answered 403.",)


def test_a_pull_request_that_github_does_not_know_yet_is_asked_for_again(hub: FakeGitHub) -> None:
    message = "Could not resolve to a node with the global id of 'PR_1'"
    hub.fail("POST", "/requested_reviewers$", 422, message, times=2)
    settled = open_proposal(a_plan(), settings=replace(settings(hub), reviewers=("octocat",)))
    assert (settled.warnings, hub.pull(1)["reviewers"]) == ((), ["octocat"])


def test_one_that_stays_unknown_is_a_warning(hub: FakeGitHub) -> None:
    hub.fail("POST", "/requested_reviewers$", 422, "Could not resolve to a node", times=9)
    proposal = open_proposal(a_plan(), settings=replace(settings(hub), reviewers=("octocat",)))
    assert proposal.operation == "created"
    assert "the reviewers of pull request #1 could not be set" in proposal.warnings[0]


def test_a_label_that_may_not_be_made_beforehand_is_still_put_on(hub: FakeGitHub) -> None:
    hub.fail("POST", "/labels$", 403, "Resource not accessible by integration")
    proposal = propose(hub, a_plan())
    assert (proposal.warnings, hub.pull(1)["labels"]) == ((), ["opro"])


def test_where_there_are_no_drafts_an_unproven_proposal_is_still_titled_so(hub: FakeGitHub) -> None:
    errors = ("Draft pull requests are not supported in this repository.",)
    hub.fail("POST", "/pulls$", 422, "Validation Failed", errors=errors)
    hub.fail("POST", "#convertPullRequestToDraft", 403, "no")
    proposal = propose(hub, unproven(a_plan()))
    assert hub.pull(1)["title"].endswith("(unproven)")
    assert "draft state" in proposal.warnings[0]


def test_a_request_that_is_told_to_wait_waits_and_goes_on(hub: FakeGitHub) -> None:
    times: list[float] = []

    def note() -> None:
        times.append(time.monotonic())

    limit = "You have exceeded a secondary rate limit."
    hub.fail("POST", "/git/trees$", 403, limit, headers={"Retry-After": "1"}, effect=note)
    hub.before("POST", "/git/trees$", note)
    assert propose(hub, a_plan()).operation == "created"
    refused, answered = times
    assert answered - refused >= 1


@pytest.mark.parametrize(
    ("status", "message"),
    [(403, "You have exceeded a secondary rate limit."), (403, "API rate limit exceeded for octocat."), (429, "Slow")],
)
def test_a_limit_that_does_not_say_how_long_it_lasts_is_waited_for_too(
    hub: FakeGitHub, status: int, message: str
) -> None:
    hub.fail("GET", "/pulls$", status, message, times=2)
    hub.fail("POST", "#updateRefs", status, message, times=2)
    assert propose(hub, a_plan()).operation == "created"


def test_a_protected_branch_is_named_with_githubs_words(hub: FakeGitHub) -> None:
    hub.protected.add(f"refs/heads/{BRANCH}")
    with pytest.raises(UsageError, match=r"refuses the proposal .*Repository rule violations found.*rules of its"):
        propose(hub, a_plan())
    assert (hub.tip(BRANCH), hub.pulls) == (None, [])


@pytest.mark.parametrize(
    ("status", "message", "sentence"),
    [
        (401, "Bad credentials", "does not know the token in GITHUB_TOKEN"),
        (403, "Resource not accessible by integration", "needs `contents: write`"),
        (404, "Not Found", "shows this token no repository octo/prompts"),
        (422, "Repository rule violations found", "check the rules of its branches"),
    ],
)
def test_a_refusal_says_what_to_change(hub: FakeGitHub, status: int, message: str, sentence: str) -> None:
    hub.fail("POST", "/git/trees$", status, message)
    with pytest.raises(UsageError, match=sentence) as caught:
        propose(hub, a_plan())
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "gone.git") as gone:
        nowhere = settings(gone)
    with pytest.raises(OproError, match="GitHub could not be reached"):
        open_proposal(a_plan(), settings=nowhere)


def test_the_token_does_not_print(hub: FakeGitHub) -> None:
    assert "secret" not in repr(replace(settings(hub), base="main"))
