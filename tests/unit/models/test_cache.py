"""The cache: what is the same question, what is kept, what happens to damaged files and to many processes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opro_action.models.cache import Cache, cache_key
from opro_action.models.model import Completion, Message, Request

REQUEST = Request("openai/m", (Message("system", "Route."), Message("user", "hi")), {"temperature": 0, "max_tokens": 8})
ANSWER = Completion("bug", prompt_tokens=7, completion_tokens=1, cost_usd=0.01, finish_reason="length", latency_s=0.5)

WRITER = """
import sys
from pathlib import Path
from opro_action.models.cache import Cache
from opro_action.models.model import Completion
cache = Cache(Path(sys.argv[1]), warn=lambda text: sys.exit(text))
for number in range(int(sys.argv[3])):
    cache.put(f"{sys.argv[2]}-{number}", Completion(f"answer {number} of {sys.argv[2]} " + "x" * 500))
    if number == 0:
        print("begun", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".opro" / "cache.sqlite"


def no_warning(text: str) -> None:
    pytest.fail(text)


def test_an_answer_comes_back_marked_and_free_of_cost(path: Path) -> None:
    cache = Cache(path, warn=no_warning)
    cache.put("k", ANSWER)
    assert cache.get("k") == replace(ANSWER, cached=True, cost_usd=0.0)
    cache.close()


def test_another_process_finds_it(path: Path) -> None:
    first = Cache(path, warn=no_warning)
    first.put("k", ANSWER)
    first.close()
    second = Cache(path, warn=no_warning)
    assert second.get("k") is not None
    assert second.get("other") is None
    second.close()


@pytest.mark.parametrize(
    "change",
    [
        {"model": "openai/n"},
        {"messages": (Message("user", "Route."), Message("user", "hi"))},
        {"params": {"temperature": 1, "max_tokens": 8}},
        {"params": {"temperature": 0, "max_tokens": 8, "api_base": "http://127.0.0.1:1/v1"}},
        {"repeat": 1},
        {"response_format": {"type": "json_object"}},
    ],
)
def test_whatever_may_change_the_answer_is_another_question(change: dict[str, Any]) -> None:
    assert cache_key(replace(REQUEST, **change)) != cache_key(REQUEST)


def test_the_order_of_parameters_is_not_another_question() -> None:
    assert cache_key(replace(REQUEST, params={"max_tokens": 8, "temperature": 0})) == cache_key(REQUEST)


def test_another_key_is_not_another_question() -> None:
    assert cache_key(replace(REQUEST, params={**REQUEST.params, "api_key": "sk-1"})) == cache_key(REQUEST)


def test_a_server_that_the_environment_names_is_part_of_the_question() -> None:
    one, other = ({"OPENAI_BASE_URL": url} for url in ("http://one.example/v1", "http://other.example/v1"))
    assert len({cache_key(REQUEST), cache_key(REQUEST, one), cache_key(REQUEST, other)}) == 3


def test_without_such_a_server_a_cache_of_an_earlier_version_stays_good() -> None:
    known = "ff4de9b416b134651aeab6734a8142926ffed2ad3d8d7d44202d594355f4bc5e"
    assert cache_key(REQUEST) == cache_key(REQUEST, {}) == known


def test_a_file_that_is_no_cache_is_set_aside_and_rebuilt(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"garbage " * 1000)
    said: list[str] = []
    cache = Cache(path, warn=said.append)
    cache.put("k", ANSWER)
    assert cache.get("k") is not None
    cache.close()
    assert path.with_name("cache.sqlite.damaged-1").read_bytes().startswith(b"garbage")
    assert len(said) == 1
    assert "set aside as cache.sqlite.damaged-1" in said[0]


def test_damage_found_while_running_is_set_aside_too(path: Path) -> None:
    cache = Cache(path, warn=no_warning)
    for number in range(500):
        cache.put(f"{number:05}", Completion("x" * 200))
    cache.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    said: list[str] = []
    damaged = Cache(path, warn=said.append)
    for number in range(500):
        damaged.get(f"{number:05}")
    damaged.put("k", ANSWER)
    assert damaged.get("k") is not None
    damaged.close()
    assert len(said) == 1


def test_a_second_damaged_file_does_not_replace_the_first(path: Path) -> None:
    path.parent.mkdir()
    for number in (1, 2):
        path.write_bytes(b"garbage " * 1000)
        cache = Cache(path, warn=lambda text: None)
        cache.put("k", ANSWER)
        cache.close()
        assert path.with_name(f"cache.sqlite.damaged-{number}").exists()


def test_a_place_that_cannot_be_written_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said: list[str] = []
    cache = Cache(tmp_path / "file" / "cache.sqlite", warn=said.append)
    cache.put("k", ANSWER)
    assert cache.get("k") is None
    cache.close()
    assert len(said) == 1
    assert "goes on without it" in said[0]


def test_a_row_that_cannot_be_read_is_a_miss(path: Path) -> None:
    cache = Cache(path, warn=no_warning)
    cache.put("k", ANSWER)
    cache.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE answers SET value = '[1, 2'")
    db.commit()
    db.close()
    again = Cache(path, warn=no_warning)
    assert again.get("k") is None
    again.close()


def test_many_processes_write_one_file(path: Path) -> None:
    writers = [start_writer(path, name=str(number), answers=300) for number in range(6)]
    for writer in writers:
        wait_for_first_answer(writer)
    assert [writer.wait(60) for writer in writers] == [0] * 6
    cache = Cache(path, warn=no_warning)
    assert all(cache.get(f"{name}-{number}") for name in range(6) for number in range(300))
    cache.close()


def test_a_writer_killed_in_the_middle_leaves_a_whole_cache(path: Path) -> None:
    writer = start_writer(path, name="w", answers=10**9)
    wait_for_first_answer(writer)
    writer.kill()
    writer.wait(10)
    cache = Cache(path, warn=no_warning)
    assert cache.get("w-0") is not None
    cache.put("k", ANSWER)
    cache.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_processes_that_begin_a_file_at_the_same_moment_all_have_it(path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        for number in range(20):
            fresh = path.with_name(f"{number}.sqlite")
            assert pool.map(begin, [fresh] * 4, chunksize=1) == [[], [], [], []]


def begin(path: Path) -> list[str]:
    """What is said against a cache that is begun and written to."""
    said: list[str] = []
    cache = Cache(path, warn=said.append)
    cache.put(str(os.getpid()), ANSWER)
    cache.close()
    return said


def test_five_hundred_warm_answers_take_less_than_a_second(path: Path) -> None:
    cache = Cache(path, warn=no_warning)
    for number in range(500):
        cache.put(str(number), ANSWER)
    began = time.perf_counter()
    for number in range(500):
        assert cache.get(str(number)) is not None
    took = time.perf_counter() - began
    cache.close()
    assert took < 1  # 0.03 on a busy core


def start_writer(path: Path, *, name: str, answers: int) -> subprocess.Popen[str]:
    """A process that writes so many answers."""
    command = [sys.executable, "-c", WRITER, str(path), name, str(answers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for_first_answer(writer: subprocess.Popen[str]) -> None:
    assert writer.stdout is not None
    assert writer.stdout.readline() == "begun\n"
    writer.stdout.close()
