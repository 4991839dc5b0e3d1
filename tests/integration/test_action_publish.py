"""The step that writes to GitHub: from the folder that a run left to a proposal and a comment, on the fake GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from action_world import HEAD, OURS, comment_payload, inputs_env, pull_payload, run_env
from fake_github import FakeGitHub
from plans import BASE_FILES, PROMPT, a_plan, unproven

from opro_action.action.publish import publish
from opro_action.action.results import Ended, read_results, write_ended
from opro_action.errors import UsageError
from opro_action.report import markdown
from opro_action.search.plan import Plan, write_plan

CASE = {
    "id": "refund", "score": 0.0, "passed": False, "baseline_score": 1.0, "answer": "bug", "answers": ["bug"],
    "explanation": "expected 'billing'", "cached": False, "latency_s": 0.1, "path": "evals/a.yaml", "line": 9,
}  # fmt: skip


def a_check(verdict: str = "regressed", **changes: Any) -> dict[str, Any]:
    """The result of a check of one suite with one case that broke."""
    suite = {
        "suite": "evals/a.yaml", "prompt": "prompts/a.md", "prompt_digest": "a" * 64, "model": "openai/m",
        "verdict": verdict, "reason": "1 case broke", "score": 0.5, "n": 20, "unscored": 0, "ci95": [0.3, 0.7],
        "baseline": {"score": 0.9, "prompt_digest": "b" * 64, "comparable": True, "why_not": None, "ref": None,
                     "recorded": None, "commit": None, "fingerprint": "c" * 64},
        "delta": -0.4, "delta_ci95": [-0.6, -0.2], "p_value": 0.01, "p_level": 0.05, "p_suites": 1,
        "min_detectable_drop": 0.2, "cases_to_settle": None, "same_prompt": False, "regressed_cases": ["refund"],
        "improved_cases": [], "broken_must_pass": [], "confirmation": None, "added_cases": [], "removed_cases": [],
        "changed_cases": [], "scoring_s": 0.0, "cases": [CASE], **changes,
    }  # fmt: skip
    usage = {"calls": 20, "cached": 0, "retries": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": None}
    return {
        "schema": "opro.check/1",
        "verdict": verdict,
        "exit_code": 1,
        "suites": [suite],
        "usage": {**usage, "seconds": 1.0},
    }


class World:
    """A pull request from `edit` to `main` on the fake GitHub, and the folder that a run left."""

    def __init__(self, hub: FakeGitHub, folder: Path) -> None:
        self.hub, self.folder, self.results = hub, folder, folder / "results"
        self.results.mkdir()
        hub.push("main", BASE_FILES)
        hub.push("edit", {"README.md": "edited\n"}, onto="refs/heads/main")
        self.leave()

    def leave(self, *plans: Plan, check: Mapping[str, Any] | None = None, ended: Ended = Ended()) -> None:  # noqa: B008
        for old in self.results.iterdir():
            old.unlink()
        write_ended(self.results, ended)
        if check:
            (self.results / "check.json").write_text(json.dumps(check))
        for number, plan in enumerate(plans, 1):
            write_plan(plan, self.results / f"plan-{number}.json")

    def publish(self, name: str = "pull_request", payload: Mapping[str, Any] | None = None, **inputs: str) -> int:
        event = self.folder / "event.json"
        event.write_text(json.dumps(self.payload() if payload is None else payload))
        env = run_env(name, GITHUB_EVENT_PATH=str(event), GITHUB_TOKEN="secret", GITHUB_REPOSITORY="octo/prompts")
        env |= {"GITHUB_API_URL": self.hub.api_url, "GITHUB_SERVER_URL": self.hub.url, "GITHUB_RUN_ID": "99"}
        env |= {"GITHUB_OUTPUT": str(self.folder / "outputs"), "GITHUB_STEP_SUMMARY": str(self.folder / "summary")}
        env |= {"GITHUB_WORKFLOW": "prompts", "GITHUB_JOB": "check"}
        return publish(env | inputs_env(**{"mode": "publish", "results": str(self.results), **inputs}), pause=0)

    def payload(self, *, sha: str | None = "", repo: str = OURS) -> dict[str, Any]:
        """The payload of an event about the pull request; `sha` is its last commit at that time, if not today's."""
        return pull_payload(head={"ref": "edit", "sha": sha or self.hub.tip("edit"), "repo": {"full_name": repo}})

    @property
    def outputs(self) -> dict[str, str]:
        written = (self.folder / "outputs").read_text()
        return dict(re.findall(r"^([\w-]+)<<.*\n(.*)$", written, re.MULTILINE))

    def comments(self, number: int = 7) -> list[str]:
        return [comment["body"] for comment in self.hub.comments.get(number, [])]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with FakeGitHub(tmp_path / "repo.git") as hub:
        world = World(hub, tmp_path)
        hub.pulls.append({
            "number": 7, "state": "open", "title": "Edit", "body": "", "draft": False, "head": "edit",
            "head_sha": hub.tip("edit"), "base": "main", "labels": [], "reviewers": [], "merged_at": None,
            "closed_at": None,
        })  # fmt: skip
        yield world
        assert hub.objects.fsck() == ""


def test_a_regression_gets_a_proposal_for_the_pull_requests_own_branch_and_a_comment(world: World) -> None:
    world.leave(a_plan(), check=a_check(), ended=Ended(1, "evals/a.yaml: regressed"))
    assert world.publish() == 0
    assert [(pull["base"], pull["head"]) for pull in world.hub.open_pulls[1:]] == [("edit", "opro/languages")]
    assert world.outputs == {"pull-request-number": "2", "pull-request-url": f"{world.hub.url}/octo/prompts/pull/2"}
    assert "Opened pull request \\#\u20602" in (world.folder / "summary").read_text()
    (comment,) = world.comments()
    assert comment.startswith("**Regressed**\n\n[Opened pull request")
    assert (
        "| `evals/a.yaml` | Regressed | 0.50 (0.30 to 0.70) | 0.90 | -0.40 (-0.60 to -0.20) | 20 | 1 case broke |"
        in comment
    )
    assert "refund: expected 'billing'" in comment
    assert f"{world.hub.url}/octo/prompts/actions/runs/99" in comment


def test_a_second_run_rewrites_the_comment_and_a_third_one_leaves_it(world: World) -> None:
    world.leave(check=a_check())
    world.publish()
    world.leave(check=a_check("unchanged", regressed_cases=[]))
    world.publish()
    assert [comment.splitlines()[0] for comment in world.comments()] == ["**Unchanged**"]
    world.hub.requests.clear()
    world.publish()
    assert world.hub.writes == []


def test_the_comment_is_found_behind_many_others_and_never_mistaken_for_a_copy(world: World) -> None:
    world.leave(check=a_check())
    world.publish()
    ours = world.comments()[0]
    world.hub.comments[7].clear()
    for number in range(120):
        world.hub.comment(7, ours if number % 3 == 0 else "words", "a-person" if number % 2 else "other[bot]")
    world.publish()
    world.publish(model="")
    assert len(world.comments()) == 121
    world.leave(check=a_check("improved", regressed_cases=[]))
    world.publish()
    assert world.comments()[-1].startswith("**Improved**")
    assert world.comments()[:-1].count(ours) == 40


def test_workflows_suites_and_models_have_a_comment_each(world: World) -> None:
    world.leave(check=a_check())
    usual = {"mode": "check", "suites": "evals/a.yaml", "model": "openai/m"}
    others = [{"GITHUB_WORKFLOW": "nightly"}, {"suites": "evals/b.yaml"}, {"model": "openai/other"}]
    runs = [usual, *({**usual, **other} for other in others)]
    for number, run in enumerate(runs, 1):
        world.publish("pull_request", world.payload(), **run)
        assert len(world.comments()) == number, run
    for run in runs:
        world.publish("pull_request", world.payload(), **run)
    assert len(world.comments()) == len(runs)


def test_jobs_and_folders_have_a_comment_each(world: World) -> None:
    world.leave(check=a_check())
    world.publish(working_directory="services/api")
    world.publish(working_directory="services/web")
    world.publish(working_directory="./services/web/", GITHUB_JOB="other")
    assert len(world.comments()) == 3
    world.publish(working_directory="./services/api/")
    assert len(world.comments()) == 3


def test_the_comment_names_the_commit_that_was_measured(world: World) -> None:
    world.leave(check=a_check())
    world.publish()
    assert f"Commit `{(world.hub.tip('edit') or '')[:7]}`" in world.comments()[0]


def test_an_old_run_that_is_repeated_leaves_the_verdict_of_newer_commits(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.leave(check=a_check())
    world.publish()
    world.leave(check=a_check("improved", regressed_cases=[]))
    assert world.publish(payload=world.payload(sha=HEAD)) == 0
    assert [comment.splitlines()[0] for comment in world.comments()] == ["**Regressed**"]
    assert "::notice::No comment: pull request 7 has other commits" in capsys.readouterr().out


def test_where_github_does_not_tell_the_last_commit_the_comment_is_written(world: World) -> None:
    world.hub.fail("GET", "/pulls/7$", 403, "Resource not accessible by integration")
    world.leave(check=a_check())
    world.publish()
    assert len(world.comments()) == 1


def test_a_run_that_was_refused_takes_the_place_of_an_older_verdict(world: World) -> None:
    world.leave(check=a_check())
    world.publish(mode="check")
    world.leave(ended=Ended(2, "input `max-calls` has no meaning"))
    assert world.publish(mode="check", steps="3") == 0, "the step before has said what is wrong with the inputs"
    (comment,) = world.comments()
    assert comment.startswith("**Not finished**")
    assert "input `max-calls` has no meaning" in comment


def test_wrong_inputs_open_no_proposal(world: World) -> None:
    world.leave(a_plan(), ended=Ended(2, "input `fail-on` is 'always'"))
    assert world.publish(mode="auto", fail_on="always") == 0
    assert len(world.hub.open_pulls) == 1
    with pytest.raises(UsageError, match="fail-on"):
        world.publish(fail_on="always")


def test_a_prompt_that_lost_its_suite_is_told_of_where_nothing_was_checked(world: World) -> None:
    words = "prompts/a.md is checked by no suite any more (evals/a.yaml is gone)"
    world.leave(ended=Ended(0, "No suite differs from abc: nothing to check.", warnings=[words]))
    world.publish()
    assert world.comments()[0].startswith(f"**No prompt to check**\n\nWarning: {markdown.plain(words)}\n")


def test_without_a_measurement_the_comment_begins_with_that(world: World) -> None:
    world.leave(ended=Ended(3, "No key for openai/m: ``` @team"))
    assert world.publish() == 0
    (comment,) = world.comments()
    assert comment.startswith("NOT MEASURED")
    assert "````text\nNo key for openai/m: ``` @team\n````" in comment


def test_a_change_without_prompts_gets_no_comment_but_corrects_an_old_one(world: World) -> None:
    world.leave(ended=Ended(0, "No suite differs from abc: nothing to check."))
    world.publish()
    assert world.comments() == []
    world.leave(check=a_check())
    world.publish()
    world.leave(ended=Ended(0, "No suite differs from abc: nothing to check."))
    world.publish()
    assert [comment.splitlines()[0] for comment in world.comments()] == ["**No prompt to check**"]


@pytest.mark.parametrize("status", [403, 404, 422, 500, 0])
def test_a_comment_that_cannot_be_written_changes_no_exit_code(
    world: World, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    world.hub.fail("POST", "/comments$", status, "Resource not accessible by integration", times=9)
    world.leave(check=a_check())
    assert world.publish() == 0
    assert "::warning::The comment could not be written" in capsys.readouterr().out


def test_on_a_fork_no_comment_is_expected(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.hub.fail("POST", "/comments$", 403, "Resource not accessible by integration")
    world.leave(ended=Ended(3, "no key"))
    assert world.publish(payload=world.payload(repo="stranger/prompts")) == 0
    assert "::notice::No comment: the token of this run cannot write" in capsys.readouterr().out


def test_without_a_token_the_comment_is_left_out(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.leave(check=a_check())
    assert world.publish(GITHUB_TOKEN="") == 0
    assert "GITHUB_TOKEN is not set" in capsys.readouterr().out


def test_comments_can_be_switched_off(world: World) -> None:
    world.leave(check=a_check())
    assert world.publish(comment="false") == 0
    assert world.hub.requests == []


def test_two_prompts_have_a_proposal_each_and_one_that_does_not_fit_stops_no_other(world: World) -> None:
    world.hub.push("edit", {"prompts/other.md": "Old.\n"})
    other = a_plan("New.", "Old.")
    other = replace(other, prompt="prompts/other.md", name="other", suite="evals/other.yaml")
    other = replace(other, files=(replace(other.files[0], path="prompts/other.md"),))
    stale = replace(a_plan("New.", "What it was."), files=(replace(a_plan("New.", "What it was.").files[0]),))
    world.leave(stale, other)
    assert world.publish() == 2
    assert [pull["head"] for pull in world.hub.open_pulls[1:]] == ["opro/other"]
    assert "could not be proposed" in world.comments()[0]
    world.leave(a_plan(), other)
    assert world.publish() == 0
    assert [pull["head"] for pull in world.hub.open_pulls[1:]] == ["opro/other", "opro/languages"]


def test_two_suites_of_one_prompt_have_one_proposal_and_a_second_run_changes_nothing(world: World) -> None:
    better, other = a_plan("For the one suite."), unproven(a_plan("For the other suite."))
    world.leave(replace(other, suite="evals/other.yaml"), better)
    for _ in range(3):  # the second one tells of the proposal that was opened before
        world.hub.requests.clear()
        assert world.publish() == 0
        assert world.hub.objects.files("refs/heads/opro/languages")[PROMPT] == b"For the one suite.\n"
    assert world.hub.writes == []
    assert len(world.hub.open_pulls) == 2
    assert "what the search with `evals/other.yaml` found is not proposed" in (world.folder / "summary").read_text()


def test_a_search_that_showed_nothing_is_told_and_proposes_nothing(world: World) -> None:
    world.leave(replace(a_plan(), propose="none"), check=a_check())
    assert world.publish() == 0
    assert len(world.hub.open_pulls) == 1
    assert "`prompts/languages.md`: no better wording was shown" in world.comments()[0]


def test_a_winner_is_only_told_of_when_no_proposal_is_wanted(world: World) -> None:
    world.leave(a_plan(), check=a_check())
    assert world.publish(propose="none") == 0
    assert len(world.hub.open_pulls) == 1
    assert "no proposal was wanted" in world.comments()[0]


def test_a_command_in_a_comment_is_answered_there_and_proposes_for_the_default_branch(world: World) -> None:
    world.leave(a_plan())
    assert world.publish("issue_comment", comment_payload()) == 0
    assert world.hub.open_pulls[-1]["base"] == "main"
    assert len(world.comments()) == 1


def test_a_run_that_follows_another_one_comments_on_the_pull_request_with_that_commit(world: World) -> None:
    run = {
        "head_sha": world.hub.pull(7)["head_sha"],
        "head_branch": "edit",
        "head_repository": {"owner": {"login": "octo"}},
    }
    payload = {"workflow_run": run, "repository": {"default_branch": "main"}}
    world.leave(check=a_check())
    assert world.publish("workflow_run", payload) == 0
    assert len(world.comments()) == 1
    run["head_sha"] = HEAD
    assert world.publish("workflow_run", payload) == 0
    assert len(world.comments()) == 1


def test_a_check_of_the_default_branch_is_no_verdict_on_the_pull_request_of_the_run_before(world: World) -> None:
    head = world.hub.pull(7)["head_sha"]
    run = {"head_sha": head, "head_branch": "edit", "head_repository": {"owner": {"login": "octo"}}}
    payload = {"workflow_run": run, "repository": {"default_branch": "main"}}
    world.leave(check=a_check(), ended=Ended(commit=world.hub.tip("main") or ""))
    assert world.publish("workflow_run", payload, mode="check") == 0
    assert world.comments() == []
    world.leave(check=a_check(), ended=Ended(commit=head))
    assert world.publish("workflow_run", payload, mode="check") == 0
    assert len(world.comments()) == 1


def test_a_push_has_no_pull_request_to_comment_on(world: World) -> None:
    world.leave(check=a_check())
    assert world.publish("push", {}) == 0
    assert world.hub.requests == []


FORGED: dict[str, Any] = {
    "check.json": {"verdict": "improved", "suites": []},
    "plan-1.json": {"schema": "opro.plan/1", "files": [{"path": ".github/workflows/x.yml"}]},
    "job.json": {"words": "no exit code"},
}
ODD = {"exit_code": 0, "words": 1, "commit": None, "warnings": {"a": "b"}}


@pytest.mark.parametrize("name", FORGED)
def test_a_folder_that_no_run_left_is_refused_before_anything_is_asked(world: World, name: str) -> None:
    (world.results / name).write_text(json.dumps(FORGED[name]))
    with pytest.raises(UsageError, match=name):
        world.publish()
    assert world.hub.requests == []


def test_what_is_odd_in_how_a_run_ended_is_left_out(world: World) -> None:
    (world.results / "job.json").write_text(json.dumps(ODD))
    assert read_results(world.results).ended.warnings == ()
    assert world.publish() == 0


def test_a_link_in_the_folder_is_not_followed(world: World) -> None:
    (world.results / "check.json").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="is a link"):
        world.publish()


def test_a_strangers_words_in_a_result_are_only_words(world: World) -> None:
    nasty = "@team Fixes #1 <!-- x --> [a](http://b) | ``` ::error::\u202e"
    case = {**CASE, "explanation": nasty, "id": nasty}
    world.leave(check=a_check(suite=nasty, reason=nasty, regressed_cases=[nasty], cases=[case]))
    world.publish()
    world.publish()
    (comment,) = world.comments()
    outside = re.sub(r"(`+)[^`](?:.|\n)*?[^`]\1(?!`)", "", comment)
    assert not re.search(r"@\w|#\d|<!-- x|\]\(http://b|\u202e", outside)
