"""Writing files: links, devices, and what is said where the system refuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import write

from opro_action.errors import FileError
from opro_action.suite.files import check_writable, state_folder, write_atomically


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/shared").mkdir()
    return tmp_path / "repo"


def test_a_link_stays_one_and_the_file_behind_it_is_written(repo: Path) -> None:
    write(repo / "shared/a.md", "old")
    (repo / "a.md").symlink_to("shared/a.md")

    write_atomically(repo / "a.md", "new")

    assert (repo / "a.md").is_symlink()
    assert (repo / "shared/a.md").read_text() == "new"


def test_the_file_behind_a_link_is_made_where_it_is_missing(repo: Path) -> None:
    (repo / "a.md").symlink_to("shared/a.md")

    write_atomically(repo / "a.md", "new")

    assert (repo / "shared/a.md").read_text() == "new"


def write_new(path: Path) -> None:
    write_atomically(path, "new")


@pytest.mark.parametrize("act", [write_new, check_writable])
def test_a_link_out_of_the_repository_is_not_followed(repo: Path, act: Callable[[Path], None]) -> None:
    outside = write(repo.parent / "outside", "kept")
    (repo / "a.md").symlink_to(outside)

    with pytest.raises(FileError, match=r"a\.md: cannot be written \(a link to .*outside, outside .*repo\); name"):
        act(repo / "a.md")

    assert outside.read_text() == "kept"
    assert (repo / "a.md").is_symlink()


def test_a_pipe_is_written_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    check_writable(pipe)
    write_atomically(pipe, "new")

    assert pipe.is_fifo()
    assert os.read(reading, 10) == b"new"
    os.close(reading)


def folder(root: Path) -> Path:
    (root / "shared/kept").mkdir()
    return root / "shared"


def below_a_file(root: Path) -> Path:
    return write(root / "shared/a.md", "old") / "deep/x.md"


def with_a_long_name(root: Path) -> Path:
    return root / "shared" / ("x" * 300)


@pytest.mark.parametrize("place", [folder, below_a_file, with_a_long_name])
def test_what_the_system_refuses_is_said_in_a_sentence_and_leaves_nothing(
    repo: Path, place: Callable[[Path], Path]
) -> None:
    path = place(repo)
    before = sorted(repo.rglob("*"))

    for act in (check_writable, write_new):
        with pytest.raises(FileError, match=r": cannot be written \(.+\); check the path and its permissions$"):
            act(path)

    assert sorted(repo.rglob("*")) == before


def test_looking_whether_a_place_can_be_written_leaves_nothing(repo: Path) -> None:
    check_writable(repo / "new/deep/x.md")
    check_writable(repo / "x.md")

    assert sorted(path.name for path in repo.iterdir()) == [".git", "shared"]


def test_the_state_folder_is_named_where_it_cannot_be_made(repo: Path) -> None:
    write(repo / ".opro", "a file")

    assert state_folder(repo) == repo / ".opro"
