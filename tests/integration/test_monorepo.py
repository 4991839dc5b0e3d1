"""Several folders with suites in one repository: without arguments those of the folder one stands in are checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import write, write_suite
from command_line import opro
from repositories import commit, repository


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repository(tmp_path)
    for folder in (tmp_path, tmp_path / "services/api"):
        write_suite(folder, model="echo", prompt="{{input}}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("here", "suite"),
    [
        (".", "evals/routing.yaml"),
        ("prompts", "evals/routing.yaml"),
        ("services", "evals/routing.yaml"),
        ("services/api", "services/api/evals/routing.yaml"),
        ("services/api/evals", "services/api/evals/routing.yaml"),
    ],
)
def test_the_nearest_suites_are_checked_and_named_from_the_root(
    repo: Path, here: str, suite: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo / here)

    _, out, _ = opro(capsys, "check", "--format=json")

    assert [found["suite"] for found in json.loads(out)["suites"]] == [suite]


def test_yaml_of_somebody_else_is_passed_over_unless_it_is_named(
    repo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo)
    other = write(repo / "evals/registry/match.yaml", "test-match:\n  id: test-match.s1\n")

    _, out, _ = opro(capsys, "check", "--format=json")
    code, _, err = opro(capsys, "check", other)

    assert [found["suite"] for found in json.loads(out)["suites"]] == ["evals/routing.yaml"]
    assert code == 2
    assert "`test-match` is an unknown key" in err


def test_only_a_suite_that_was_lost_in_the_same_folder_is_missed(
    repo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = repo / "services/api"
    write_suite(api, name="other", model="echo", prompt="{{input}}\n")
    commit(repo)
    for folder in (repo, api):
        (folder / "evals/routing.yaml").unlink()
        write(folder / "prompts/routing.md", "Say {{input}}\n")
    monkeypatch.chdir(api)

    code, _, err = opro(capsys, "check", "--changed")

    assert code == 0
    assert "services/api/prompts/routing.md is checked by no suite any more" in err
    assert err.count("is checked by no suite any more") == 1
