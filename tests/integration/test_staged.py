"""`opro check --staged`, alone, in a git hook and in a real run of pre-commit: what is staged counts, nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import write
from plugin_world import BAD, GOOD, case, echo_suite, set_prompt
from repositories import WHO, commit, git, repository

from opro_action.cli import main

HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
CASES = [case(f"c{i}", f"bug {i}") for i in range(20)]
SHOUTED = "{{good}}\n\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a suite, its baseline and one commit; the current folder."""
    folder = repository(tmp_path / "repo")
    suite = echo_suite(folder, cases=CASES)
    write(folder / ".gitignore", ".opro/\n")
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        main(["check", str(suite), "--update-baseline"])
    commit(folder)
    return folder


def checked(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["check", *options])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def verdicts(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, str]:
    _, out, _ = checked(capsys, "--changed", "--staged", "--format=json", *options)
    return {suite["suite"]: suite["verdict"] for suite in json.loads(out or '{"suites": []}')["suites"]}


def test_what_is_staged_is_checked_and_not_the_work_tree(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_prompt(repo, BAD)
    assert verdicts(capsys) == {}

    git(repo, "add", "prompts")
    set_prompt(repo, GOOD)
    assert verdicts(capsys) == {"evals/routing.yaml": "regressed"}

    set_prompt(repo, SHOUTED)
    git(repo, "add", "prompts")
    set_prompt(repo, BAD)
    assert verdicts(capsys) == {"evals/routing.yaml": "unchanged"}


def test_a_staged_baseline_is_the_one_compared_with(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_prompt(repo, BAD)
    checked(capsys, "--update-baseline")
    git(repo, "add", "--all")
    (repo / "evals" / "routing.baseline.json").unlink()

    assert verdicts(capsys) == {"evals/routing.yaml": "unchanged"}


def test_the_report_is_as_without_it(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, staged = checked(capsys), checked(capsys, "--staged")

    assert staged[0] == plain[0] == 0
    assert _without_spent(staged[1]) == _without_spent(plain[1])
    assert f"recorded {git(repo, 'log', '-1', '--format=%cs (%h)')}" in staged[1]


def _without_spent(text: str) -> list[str]:
    return text.splitlines()[:-1]


def test_suites_may_be_named_and_have_to_be_staged(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    echo_suite(repo, name="fresh")
    monkeypatch.chdir(repo / "evals")

    assert checked(capsys, "--staged", "routing.yaml")[0] == 0
    code, _, err = checked(capsys, "--staged", "fresh.yaml")
    assert code == 2
    assert "evals/fresh.yaml cannot be read as it is at the index" in err
    assert checked(capsys, "--staged", "routing.yaml#part")[0] == 2
    assert "lies outside the repository" in checked(capsys, "--staged", "routing.yaml", "../../other.yaml")[2]


def test_without_a_baseline_the_staged_prompt_is_compared_with_heads(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repo, "rm", "--quiet", "evals/routing.baseline.json")
    set_prompt(repo, BAD)
    git(repo, "add", "prompts")
    set_prompt(repo, GOOD)

    code, out, _ = checked(capsys, "--staged")

    assert code == 1
    assert "the prompt at HEAD scored just now" in out


def test_in_a_repository_without_suites_there_is_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository(tmp_path / "empty"))

    assert checked(capsys, "--changed", "--staged")[0] == 0
    code, _, err = checked(capsys, "--staged")
    assert (code, "no suite is staged; `git add` one, or leave out --staged." in err) == (2, True)


def test_what_goes_with_the_work_tree_is_refused(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = checked(capsys, "--staged", "--update-baseline")
    assert (code, "leave out --update-baseline and --prompt" in err) == (2, True)


def test_what_could_not_be_measured_may_pass_with_a_warning(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--model=openai/nobody", "--offline")
    assert checked(capsys, *options)[0] == 3

    code, out, err = checked(capsys, *options, "--on-unmeasured=warn")
    assert code == 0
    assert out.startswith("NOT MEASURED")
    assert "warning: NOT MEASURED, which --on-unmeasured=warn lets pass" in err

    set_prompt(repo, BAD)
    assert checked(capsys, "--on-unmeasured=warn")[0] == 1


def hook() -> dict[str, Any]:
    (found,) = yaml.safe_load(HOOKS.read_text())
    return dict(found)


def test_a_plain_git_hook_sees_what_is_staged(repo: Path) -> None:
    words = hook()["entry"].split()
    assert words[0] == "opro-check"
    command = f'exec "{sys.executable}" -m opro_action check {" ".join(words[1:])}'
    write(repo / ".git" / "hooks" / "pre-commit", f"#!/bin/sh\n{command}\n").chmod(0o755)
    set_prompt(repo, BAD)
    git(repo, "add", "prompts")
    set_prompt(repo, GOOD)
    with pytest.raises(subprocess.CalledProcessError) as end:
        git(repo, "commit", "--quiet", "-m", "worse")
    assert "REGRESSED  evals/routing.yaml" in str(end.value.stderr) + str(end.value.stdout)

    set_prompt(repo, BAD)
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, "commit", "--quiet", "--all", "-m", "worse, with -a")

    set_prompt(repo, SHOUTED)
    git(repo, "commit", "--quiet", "--all", "-m", "better")


def test_pre_commit_blocks_a_regression_and_lets_a_good_prompt_pass(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    # As it stands in .pre-commit-hooks.yaml, but with this environment instead of one that pre-commit would build.
    local = {"repo": "local", "hooks": [{**hook(), "language": "system"}]}
    write(repo / ".pre-commit-config.yaml", yaml.safe_dump({"repos": [local]}))
    commit(repo)
    pre_commit = shutil.which("pre-commit")
    assert pre_commit
    subprocess.run([pre_commit, "install"], cwd=repo, check=True, capture_output=True)

    set_prompt(repo, BAD)
    git(repo, "add", "prompts")
    set_prompt(repo, GOOD)
    with pytest.raises(subprocess.CalledProcessError) as end:
        git(repo, "commit", "-m", "worse")
    assert "REGRESSED  evals/routing.yaml" in str(end.value.stderr) + str(end.value.stdout)
    assert (repo / "prompts" / "routing.md").read_text() == GOOD

    set_prompt(repo, SHOUTED)
    git(repo, "add", "prompts")
    set_prompt(repo, BAD)
    assert "UNCHANGED  evals/routing.yaml" in _said(repo, "commit", "-m", "as good")
    assert git(repo, "log", "-1", "--format=%s") == "as good"

    write(repo / "README.md", "nothing of ours\n")
    git(repo, "add", "README.md")
    assert "No suite differs from HEAD" in _said(repo, "commit", "-m", "something else")

    git(repo, "rm", "--quiet", "--force", "prompts/routing.md")
    with pytest.raises(subprocess.CalledProcessError) as end:
        git(repo, "commit", "-m", "nothing but a file less")
    assert "prompts/routing.md" in str(end.value.stderr) + str(end.value.stdout)


def test_without_a_key_the_hook_warns_where_that_was_asked_for(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPRO_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    echo_suite(repo, cases=CASES, model="openai/gpt-4.1-mini")
    git(repo, "add", "--all")
    words = hook()["entry"].replace("opro-check", "check").split()
    command = [sys.executable, "-m", "opro_action", *words, "--on-unmeasured=warn"]

    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert done.stdout.startswith("NOT MEASURED  evals/routing.yaml")
    assert "OPENAI_API_KEY" in done.stdout
    assert "lets pass" in done.stderr


def _said(repo: Path, *arguments: str) -> str:
    """What git and its hooks print, to either stream."""
    done = subprocess.run(["git", *WHO, *arguments], cwd=repo, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr
