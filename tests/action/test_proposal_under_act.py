"""The main job, end to end: this project's own workflow searches with a real model and opens a pull request."""

from pathlib import Path

import pytest
from act_runner import MODEL_LIBRARIES, Process, Runner, apart, checkout_of, copy_project, port_of
from action_repository import opened
from fake_github import FakeGitHub
from repositories import git

pytestmark = pytest.mark.xdist_group("act")

KEYS = {"OPENAI_API_KEY": "key-of-the-model", "SOME_OTHER_SECRET": "key-of-another"}


def push_project(hub: FakeGitHub, folder: Path) -> Path:
    """This project as the fake GitHub's repository, and a checkout of it."""
    copy_project(folder / "project")
    files = {
        path.relative_to(folder / "project").as_posix(): path.read_bytes() for path in files_in(folder / "project")
    }
    hub.push("main", files)
    return checkout_of(hub, folder / "checkout")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def refs(hub: FakeGitHub) -> str:
    return git(hub.objects.path, "for-each-ref")


@pytest.mark.slow_model
def test_a_search_ends_in_one_pull_request_and_a_second_run_changes_nothing(
    runner: Runner, hub: FakeGitHub, tmp_path: Path
) -> None:
    checkout = push_project(hub, tmp_path)
    main = hub.objects.ref("refs/heads/main")

    first = runner.run("workflow_dispatch", checkout, hub, env=KEYS)
    assert first.succeeded, first.log
    assert first.outputs["accepted"] == "true"
    assert [pull["base"] for pull in hub.open_pulls] == ["main"]
    assert first.outputs["pull-request-number"] == str(hub.open_pulls[0]["number"])
    assert hub.objects.ref("refs/heads/main") == main

    changed = git(hub.objects.path, "diff", "--name-only", "main", hub.open_pulls[0]["head"]).splitlines()
    assert set(changed) <= {
        "prompts/language-identification.md",
        "evals/language-identification.history.jsonl",
        "evals/language-identification.baseline.json",
    }
    assert changed[-1] == "prompts/language-identification.md"
    assert "evals/language-identification.history.jsonl" in changed
    assert_apart(first.processes, port_of(hub))

    before = refs(hub), hub.pulls[0]["title"], hub.pulls[0]["body"], len(hub.pulls)
    second = runner.run("workflow_dispatch", checkout, hub, env=KEYS)
    assert second.succeeded, second.log
    assert not any(process.modules & MODEL_LIBRARIES for process in second.processes), "each answer is in the cache"
    assert (refs(hub), hub.pulls[0]["title"], hub.pulls[0]["body"], len(hub.pulls)) == before

    git(hub.objects.path, "fsck", "--strict")


@pytest.mark.slow_model
def test_a_pull_request_has_its_prompts_checked_and_gets_a_comment(
    runner: Runner, hub: FakeGitHub, tmp_path: Path
) -> None:
    push_project(hub, tmp_path)
    checkout, payload = opened(hub, tmp_path, {"README.md": "edited\n"})
    ran = runner.run("pull_request", checkout, hub, payload=payload)
    assert ran.succeeded, ran.log
    assert ran.outputs["verdict"] in {"unchanged", "improved", "no_baseline"}
    assert 0 <= float(ran.outputs["score"]) <= 1
    assert ran.outputs["regressed"] == "false"
    assert "Summary - | suite | verdict | score |" in ran.log
    assert len(hub.comments[7]) == 1
    (with_token,) = [process for process in ran.processes if port_of(hub) in process.ports]
    assert not with_token.modules & MODEL_LIBRARIES


def assert_apart(processes: tuple[Process, ...], github: int) -> None:
    """Who talked to GitHub had no model library and no key; who had a model had no token, and no network."""
    with_token, with_model = apart(processes, github, KEYS)
    assert len(with_token) == 2, "one that reads what people closed, and one that proposes"
    assert not any(process.ports for process in with_model), "the local model needs no network"
