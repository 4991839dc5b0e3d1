"""`opro check --changed` in real repositories: subfolders, branches, hooks and clones, without a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from builders import write, write_suite
from repositories import commit, git, repository

from opro_action.cli import main

CASE = '{"id": "%s", "input": "It crashes", "expected": "bug"}\n'


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, of the suites `one` and `two`; the current folder."""
    folder = repository(tmp_path / "repo")
    for name in ("one", "two"):
        for case in "ab":
            write(folder / "evals" / name / f"{case}.jsonl", CASE % case)
        write_suite(folder, name=name, model="openai/test", cases=f"{name}/*.jsonl")
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def checked(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """The suites that `opro check --changed` would measure."""
    with pytest.raises(SystemExit) as end:
        main(["check", "--changed", "--offline", "--format=json", *options])
    found = [suite["suite"] for suite in json.loads(capsys.readouterr().out or '{"suites": []}')["suites"]]
    assert end.value.code == (3 if found else 0)
    return found


def test_a_branch_is_compared_with_its_base_from_any_folder(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo / "evals" / "two")
    assert checked(capsys, "--base=main") == []

    git(repo, "switch", "--quiet", "--create", "topic")
    git(repo, "rm", "--quiet", "evals/one/b.jsonl")
    commit(repo)
    assert checked(capsys, "--base=main") == ["evals/one.yaml"]

    git(repo, "mv", "evals/two.yaml", "evals/renamed.yaml")
    assert checked(capsys) == ["evals/renamed.yaml"]
    assert checked(capsys, "--base=main") == ["evals/one.yaml", "evals/renamed.yaml"]


@pytest.mark.parametrize("option", ["--changed", "--staged"])
def test_a_prompt_whose_suite_was_removed_is_a_warning_and_no_failure(
    repo: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    git(repo, "rm", "--quiet", "evals/one.yaml")
    write(repo / "prompts" / "one.md", "Broken.\n")
    git(repo, "add", "--all")

    with pytest.raises(SystemExit) as end:
        main(["check", "--changed", "--offline", option])

    assert end.value.code == 0
    said = capsys.readouterr().err
    assert "warning: prompts/one.md is checked by no suite any more (evals/one.yaml is gone).\nNo suite differs" in said


@pytest.mark.parametrize("arguments", [["--all"], ["--", "prompts/two.md"]])
def test_a_commit_hook_checks_what_is_committed(repo: Path, tmp_path: Path, arguments: list[str]) -> None:
    """In a linked work tree, where git sets GIT_DIR and GIT_INDEX_FILE for its hooks."""
    linked, said = tmp_path / "linked", tmp_path / "said"
    git(repo, "worktree", "add", "--quiet", "-b", "topic", str(linked))
    check = f'"{sys.executable}" -m opro_action check --changed --offline > "{said}" 2>&1'
    hook = f'#!/bin/sh\nenv | grep ^GIT_ > "{said}.env"\n{check}\nexit 0\n'
    write(repo / ".git" / "hooks" / "pre-commit", hook).chmod(0o755)
    write(linked / "prompts" / "two.md", "Name the team, please.\n")

    git(linked, "commit", "--quiet", "-m", "change", *arguments)

    assert "GIT_INDEX_FILE=" in Path(f"{said}.env").read_text()
    assert "evals/two.yaml" in said.read_text()
    assert "evals/one.yaml" not in said.read_text()


def test_a_clone_without_the_base_says_how_to_get_it(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = git(repo, "rev-parse", "HEAD")
    write(repo / "prompts" / "two.md", "Name the team, please.\n")
    commit(repo)
    git(repo.parent, "clone", "--quiet", "--depth=1", f"file://{repo}", "clone")
    monkeypatch.chdir(repo.parent / "clone")

    with pytest.raises(SystemExit) as end:
        main(["check", "--changed", f"--base={base}"])

    assert end.value.code == 2
    assert "there is no such commit here; fetch it (`git fetch`, or `fetch-depth: 0`" in capsys.readouterr().err
