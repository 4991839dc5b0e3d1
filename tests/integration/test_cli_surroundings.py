"""The command line and its surroundings: places that cannot be written, terminals, closed pipes, empty variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import write, write_suite
from command_line import opro
from servers import ModelServer

CASES = [{"id": f"c\u03b1se-{i}", "input": f"w\u03b1rd {i}", "expected": f"w\u03b1rd {i}"} for i in range(20)]


@pytest.fixture(autouse=True)
def _in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def echoing(folder: Path) -> Path:
    return write_suite(folder, model="echo", prompt="{{input}}\n", cases=CASES, description="\u03b1")


def run(*arguments: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE, **env: str) -> tuple[int, bytes]:
    """The exit code of `opro` in a process of its own, and what went to stdout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LC_", "LANG"))}
    command = [sys.executable, "-m", "opro_action", *arguments]
    done = subprocess.run(command, env={**kept, **env}, stdout=stdout, stderr=stderr, check=False)
    return done.returncode, done.stdout or b""


def test_a_check_goes_on_without_a_cache_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / ".opro", "a file in the way of our folder")

    code, out, err = opro(capsys, "check", echoing(tmp_path))

    assert (code, "20 calls, 0 from cache" in out) == (0, True)
    assert "cache.sqlite: the cache cannot be used" in err


def test_a_search_that_could_keep_no_journal_is_not_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / ".opro", "a file in the way of our folder")

    code, _, err = opro(capsys, "optimize", echoing(tmp_path))

    assert (code, err.splitlines()[-1].startswith("error: ")) == (2, True)
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["check", "optimize", "doctor"])
@pytest.mark.parametrize(("option", "place"), [("--output", "evals"), ("--summary", "prompts/routing.md/x.md")])
def test_a_place_that_cannot_be_written_is_named_before_a_call_is_paid_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, option: str, place: str
) -> None:
    with ModelServer(lambda asked: "billing") as server:
        suite = write_suite(tmp_path, model="openai/test", params={"api_base": server.url}, cases=CASES)
        code, _, err = opro(capsys, command, suite, option, place)
        assert server.count == 0

    assert code == 2
    assert err.startswith(f"error: {place}: cannot be written (")


def test_a_baseline_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = echoing(tmp_path)
    (tmp_path / "evals/routing.baseline.json").symlink_to(tmp_path.parent / "elsewhere.json")

    code, _, err = opro(capsys, "check", suite, "--update-baseline")

    assert code == 2
    assert "error: evals/routing.baseline.json: cannot be written (a link to " in err


def test_a_name_that_no_file_can_have_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = opro(capsys, "check", "x" * 5000)

    assert (code, "file name too long" in err, "Traceback" in err) == (2, True, False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_stdout_is_no_bug(tmp_path: Path) -> None:
    echoing(tmp_path)
    with Path("/dev/full").open("wb") as full:
        assert run("check", stdout=full.fileno())[0] == 2


def test_text_replaces_what_the_terminal_cannot_show(tmp_path: Path) -> None:
    suite = echoing(tmp_path)
    renamed = suite.rename(suite.with_name("r\u03b1uting.yaml"))

    code, out = run("check", str(renamed), PYTHONIOENCODING="ascii")

    assert (code, b"evals/r?uting.yaml" in out) == (0, True)


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_what_programs_read_is_utf_8_whatever_the_terminal_is(tmp_path: Path, form: str) -> None:
    suite = echoing(tmp_path)
    renamed = suite.rename(suite.with_name("r\u03b1uting.yaml"))

    code, out = run("check", str(renamed), f"--format={form}", PYTHONIOENCODING="ascii")

    assert (code, "r\u03b1uting" in out.decode("utf-8")) == (0, True)


@pytest.fixture
def unread() -> Iterator[int]:
    """The end of a pipe that nobody reads from."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_a_result_that_nobody_reads_keeps_its_exit_code(tmp_path: Path, unread: int, form: str) -> None:
    echoing(tmp_path)
    assert run("check", f"--format={form}", stdout=unread, stderr=unread)[0] == 0

    write_suite(tmp_path, model="echo", prompt="no\n", cases=CASES, gate={"min_score": 0.5})
    assert run("check", f"--format={form}", stdout=unread, stderr=unread)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], 141), (["--version"], 141), (["schema", "suite"], 0), (["nonsense"], 2), (["check", "none.yaml"], 2)],
)
def test_a_closed_pipe_is_no_regression(unread: int, arguments: list[str], code: int) -> None:
    assert run(*arguments, stdout=unread, stderr=unread)[0] == code


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--changed", "--base", ""),
        ("check", "--model="),
        ("check", "--tag", " "),
        ("check", "-k", ""),
        ("check", "--output", ""),
        ("check", ""),
        ("optimize", "evals/routing.yaml", "--optimizer-model="),
        ("optimize", "evals/routing.yaml", "--resume="),
        ("propose", "plan.json", "--repo="),
        ("propose", "plan.json", "--base="),
        ("propose", "plan.json", "--label="),
        ("history", "evals/routing.yaml", "--decline="),
        ("history", "evals/routing.yaml", "--diff", "a", ""),
    ],
)
def test_an_empty_value_does_not_stand_for_the_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    echoing(tmp_path)

    code, _, err = opro(capsys, *arguments)

    assert (code, "it is empty; give a value, or leave it out." in err) == (2, True)
