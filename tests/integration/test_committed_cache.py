"""A cache that came with a commit answers for no model: whoever may change the repository could have written it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import write, write_suite
from command_line import opro
from plugin_world import echo_suite, section, spent
from repositories import commit, git, repository

CASES = [{"id": f"c{i}", "input": f"word {i}", "expected": f"word {i}"} for i in range(3)]


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A suite all of whose answers are in the cache."""
    repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    suite = write_suite(tmp_path, model="echo", prompt="{{input}}\n", cases=CASES)
    assert "3 calls, 0 from cache" in opro(capsys, "check", suite)[1]
    return suite


def added(folder: Path) -> None:
    git(folder, "add", "--force", ".opro/cache.sqlite")


def spelled_otherwise(folder: Path) -> None:
    git(folder, "add", "--force", ".opro/cache.sqlite")
    git(folder, "mv", "--force", ".opro/cache.sqlite", ".opro/Cache.SQLite")
    shutil.copyfile(folder / ".opro/Cache.SQLite", folder / ".opro/cache.sqlite")


def log_alone(folder: Path) -> None:
    write(folder / ".opro/cache.sqlite-wal", b"")
    git(folder, "add", "--force", ".opro/cache.sqlite-wal")


def folder_is_a_link(folder: Path) -> None:
    shutil.move(folder / ".opro", folder / "data")
    (folder / ".opro").symlink_to("data")
    git(folder, "add", "--force", ".opro")


@pytest.mark.parametrize("come", [added, spelled_otherwise, log_alone, folder_is_a_link])
def test_a_cache_that_git_tracks_is_not_used(
    suite: Path, come: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    come(suite.parent.parent)
    commit(suite.parent.parent)

    code, out, err = opro(capsys, "check", suite)

    assert (code, "3 calls, 0 from cache" in out) == (0, True)
    assert ".opro/cache.sqlite: not used, for git tracks it" in err
    assert "git rm --cached" in err


def test_a_cache_elsewhere_in_the_repository_is_looked_at_too(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPRO_CACHE_DIR", "answers")
    opro(capsys, "check", suite)
    assert "0 calls, 3 from cache" in opro(capsys, "check", suite)[1]
    commit(suite.parent.parent)

    assert "3 calls, 0 from cache" in opro(capsys, "check", suite)[1]


@pytest.mark.parametrize("path", ["", None])
def test_a_cache_that_git_does_not_track_is_used_with_git_and_without(
    suite: Path, path: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(suite.parent.parent)
    if path is not None:
        monkeypatch.setenv("PATH", path)

    code, out, err = opro(capsys, "check", suite)

    assert (code, "0 calls, 3 from cache" in out) == (0, True)
    assert "not used" not in err


def test_pytest_does_not_use_it_either(pytester: pytest.Pytester) -> None:
    repository(pytester.path)
    echo_suite(pytester.path)
    pytester.runpytest()
    added(pytester.path)

    result = pytester.runpytest()

    assert spent(result) == (3, 0)
    assert any("not used, for git tracks it" in line for line in section(result))
