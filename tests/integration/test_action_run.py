"""The step that asks models, in a real repository: which suites it takes for which event, and what it leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from action_world import OURS, comment_payload, inputs_env, pull_payload, run_env
from builders import write, write_suite
from repositories import commit, git, repository

from opro_action.action.__main__ import main
from opro_action.action.results import Ended, read_results

CASES = [{"id": f"c{number}", "input": f"say {number}", "expected": f"say {number}"} for number in range(24)]


class World:
    """A repository with the suites `one` and `two`, whose model repeats what is said, and a pull request on `one`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.repo = folder, repository(folder / "repo")
        for name in ("one", "two"):
            write_suite(self.repo, name=name, model="echo", scorers="contains", cases=CASES, prompt="{{input}}\n")
        self.base = commit(self.repo)
        write(self.repo / "prompts/one.md", "Please: {{input}}\n")
        self.head = commit(self.repo)

    def run(self, name: str, payload: Mapping[str, Any] | None = None, **changes: str) -> int:
        event = write(self.folder / "event.json", json.dumps(payload or {}))
        for file in ("outputs", "summary"):
            (self.folder / file).unlink(missing_ok=True)
        where = {"GITHUB_OUTPUT": str(self.folder / "outputs"), "GITHUB_STEP_SUMMARY": str(self.folder / "summary")}
        env = run_env(name, GITHUB_EVENT_PATH=str(event), RUNNER_TEMP=str(self.folder), PATH="/usr/bin:/bin", **where)
        return main(["run"], env | {"GITHUB_SHA": self.head} | inputs_env(**{"mode": "auto", **changes}))

    def pull_request(self, *, base: str = "", **changes: Any) -> dict[str, Any]:
        return pull_payload(base={"ref": "main", "sha": base or self.base}, **changes)

    def merged(self) -> dict[str, Any]:
        """Check out GitHub's merge of the pull request into a main that went on: the payload names the old one."""
        head, code = self.head, yaml.safe_load((self.repo / "evals/two.yaml").read_text())
        git(self.repo, "checkout", "--quiet", self.base)
        write(self.repo / "evals/two.yaml", yaml.safe_dump({**code, "params": {"api_base": "http://127.0.0.1:9/v1"}}))
        commit(self.repo)
        git(self.repo, "merge", "--quiet", "--no-ff", "--no-edit", head)
        self.head = git(self.repo, "rev-parse", "HEAD")
        git(self.repo, "branch", "merge")
        return self.pull_request(head={"ref": "edit", "sha": head, "repo": {"full_name": OURS}})

    @property
    def outputs(self) -> dict[str, str]:
        return dict(re.findall(r"^([\w-]+)<<.*\n(.*)$", (self.folder / "outputs").read_text(), re.MULTILINE))

    @property
    def ended(self) -> Ended:
        return read_results(Path(self.outputs["results"])).ended

    @property
    def checked(self) -> list[str]:
        found = read_results(Path(self.outputs["results"])).check
        return [suite["suite"] for suite in found["suites"]] if found else []


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path)
    monkeypatch.chdir(world.repo)
    return world


def test_a_pull_request_has_only_the_suites_checked_that_it_touches(world: World) -> None:
    assert world.run("pull_request", world.pull_request()) == 0
    assert world.checked == ["evals/one.yaml"]
    assert world.outputs["score"] == "1"
    assert json.loads(Path(world.outputs["result-json"]).read_text())["schema"] == "opro.check/1"
    assert (world.folder / "summary").read_text().startswith("| suite | verdict | score |")


def test_without_the_base_commit_all_suites_are_checked_and_the_log_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("pull_request", world.pull_request(base="f" * 40)) == 0
    assert world.checked == ["evals/one.yaml", "evals/two.yaml"]
    assert "::notice::The commit ffffffffffff that this is compared with is not here" in capsys.readouterr().out


def test_what_changed_on_the_base_meanwhile_is_not_the_pull_requests(world: World) -> None:
    git(world.repo, "checkout", "--quiet", "-b", "main-now", world.base)
    write(world.repo / "prompts/two.md", "Now: {{input}}\n")
    newer = commit(world.repo)
    git(world.repo, "checkout", "--quiet", "main")
    assert world.run("pull_request", world.pull_request(base=newer)) == 0
    assert world.checked == ["evals/one.yaml"]


def test_what_github_merged_the_pull_request_into_is_its_base_in_a_shallow_checkout_too(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = world.merged()
    assert world.run("pull_request", payload) == 0
    assert world.checked == ["evals/one.yaml"]

    git(world.folder, "clone", "--quiet", "--depth=2", "--branch=merge", f"file://{world.repo}", "shallow")
    monkeypatch.chdir(world.folder / "shallow")
    assert world.run("pull_request", payload) == 0
    assert world.checked == ["evals/one.yaml"]
    assert "is not here" not in capsys.readouterr().out


def test_what_main_got_meanwhile_is_vouched_for_beside_keys(world: World) -> None:
    payload = world.merged()
    assert world.run("pull_request", payload, MY_API_KEY="a-key-of-mine") == 0
    assert world.checked == ["evals/one.yaml"]


def test_a_change_that_touches_no_suite_is_green_and_says_so(world: World) -> None:
    write(world.repo / "README.md", "hello\n")
    commit(world.repo)
    assert world.run("pull_request", world.pull_request(base=world.head)) == 0
    assert (world.outputs["results"] != "", world.checked) == (True, [])
    assert "No suite differs" in read_results(Path(world.outputs["results"])).ended.words
    assert "nothing to check" in (world.folder / "summary").read_text()


def test_a_push_has_all_suites_checked(world: World) -> None:
    assert world.run("push") == 0
    assert world.checked == ["evals/one.yaml", "evals/two.yaml"]
    assert (world.outputs["score"], world.outputs["verdict"]) == ("", "no_baseline")


def test_a_dispatch_searches_the_suites_that_are_named(world: World) -> None:
    assert world.run("workflow_dispatch", suites="evals/one.yaml", steps="1", max_calls="200") == 0
    assert world.outputs["accepted"] == "false"
    (plan,) = read_results(Path(world.outputs["results"])).plans
    assert (plan.prompt, plan.propose) == ("prompts/one.md", "none")
    assert world.outputs["plan"].endswith("plan-1.json")


def test_several_searches_share_the_caps_of_the_step(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run("workflow_dispatch", steps="1", max_calls="1000") == 0
    first, second = re.findall(r"::group::opro optimize --max-calls=(\d+)", capsys.readouterr().out)
    assert int(second) < int(first) == 1000
    assert [plan.prompt for plan in read_results(Path(world.outputs["results"])).plans] == [
        "prompts/one.md",
        "prompts/two.md",
    ]


def test_a_label_searches_what_the_pull_request_touches(world: World) -> None:
    labelled = world.pull_request(action="labeled", label="opro")
    assert world.run("pull_request", labelled, steps="1") == 0
    assert world.checked == ["evals/one.yaml"]
    assert [plan.prompt for plan in read_results(Path(world.outputs["results"])).plans] == ["prompts/one.md"]


def test_a_label_searches_nothing_where_the_named_suites_are_untouched(world: World) -> None:
    labelled = world.pull_request(action="labeled", label="opro")
    assert world.run("pull_request", labelled, suites="evals/two.yaml", max_calls="100", steps="1") == 0
    assert (world.checked, world.outputs["plan"]) == ([], "")


def test_a_suite_that_is_removed_with_its_prompt_edited_is_a_warning(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (world.repo / "evals/one.yaml").unlink()
    commit(world.repo)
    assert world.run("pull_request", world.pull_request()) == 0
    words = "prompts/one.md is checked by no suite any more (evals/one.yaml is gone)"
    assert world.ended.warnings == (words,)
    assert f"::warning::{words}" in capsys.readouterr().out
    assert world.run("pull_request", world.pull_request(), suites="evals/two.yaml") == 0
    assert not world.ended.warnings


def test_a_repository_below_a_folder_is_worked_on_from_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.repo / "evals")
    assert world.run("workflow_dispatch", suites="one.yaml", steps="1") == 0
    assert [plan.suite for plan in read_results(Path(world.outputs["results"])).plans] == ["evals/one.yaml"]


def test_where_nothing_is_to_be_done_nothing_is_left(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run("pull_request", world.pull_request(action="closed")) == 0
    assert world.run("issue_comment", comment_payload("hello")) == 0
    assert not (world.folder / "outputs").exists()
    assert "::notice::Nothing to do: the comment does not start with /opro." in capsys.readouterr().out


def test_a_strangers_commit_is_refused_where_secrets_are(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    git(world.repo, "checkout", "--quiet", world.base)
    assert world.run("workflow_run", {"workflow_run": {"head_sha": world.base}}) == 2
    assert "::error::nothing was done: a workflow on `workflow_run` has secrets" in capsys.readouterr().out
    assert world.ended.exit_code == 2
    assert "has secrets" in world.ended.words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fail_on": "always"}, "input `fail-on` is 'always'"),
        ({"fail_on": "a-key-of-mine", "MY_API_KEY": "a-key-of-mine"}, "input `fail-on` is '[redacted]'"),
        ({"suites": "evals/none.yaml", "mode": "optimize"}, "evals/none.yaml"),
    ],
)
def test_a_run_that_is_not_begun_leaves_why_for_the_comment(world: World, changes: dict[str, str], words: str) -> None:
    assert world.run("pull_request", world.pull_request(), **changes) == 2
    assert world.ended.exit_code == 2
    assert words in world.ended.words
    assert world.ended.commit == world.head


def test_a_search_whose_proposal_could_go_nowhere_is_not_begun(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run("push", mode="optimize", GITHUB_REF_TYPE="tag") == 2
    assert "in input `base`, or set `propose: none`" in capsys.readouterr().out
    assert world.run("push", mode="optimize", GITHUB_REF_TYPE="tag", propose="none", steps="1") == 0


def test_keys_are_masked_before_anything_is_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.run("push", MY_API_KEY="a-key-of-mine")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "::add-mask::a-key-of-mine"


def test_the_publishing_mode_runs_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run("push", mode="publish", results="somewhere") == 2
    assert "asks no model" in capsys.readouterr().out


def test_a_step_that_there_is_not_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"], {}) == 2
    assert main([], {}) == 2
    assert "has no step 'fly'" in capsys.readouterr().out
