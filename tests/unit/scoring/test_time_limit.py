"""Time limits hold in threads too, where no alarm rings: there a helper process grades, and is ended."""

from __future__ import annotations

import os
import signal
import time
from asyncio import CancelledError
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from builders import graded, make_case, write

from opro_action.scoring.helper import Helper
from opro_action.scoring.limit import limited
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers import python
from opro_action.scoring.scorers.json_schema import json_schema
from opro_action.scoring.scorers.regex import regex
from opro_action.scoring.tools import Tools
from opro_action.suite.scorer_specs import python_options
from opro_action.suite.suite import ScorerSpec

T = TypeVar("T")
SLOW = "(a+)+b"


def in_a_thread(job: Callable[[], T]) -> T:
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(job).result(timeout=60)


def test_a_slow_pattern_is_given_up_in_a_thread_and_the_next_one_is_searched() -> None:
    def search() -> list[Grade]:
        return [regex(None, answer, {"pattern": SLOW}) for answer in ("a" * 40, "aab", "aac")]

    slow, found, missing = in_a_thread(search)

    assert slow == Grade(None, f'the pattern "{SLOW}" took over 1 s: write it without nested repeats')
    assert (found.score, missing.score) == (1.0, 0.0)


def test_a_slow_pattern_of_a_schema_is_given_up_in_a_thread() -> None:
    def check() -> list[Grade]:
        return [json_schema(None, f'"{text}"', {"schema": {"pattern": f"^{SLOW}$"}}) for text in ("a" * 40, "aab", "c")]

    slow, fits, differs = in_a_thread(check)

    assert slow == Grade(None, "the schema took over 1 s: write its patterns without nested repeats")
    assert (fits.score, differs.score) == (1.0, 0.0)


def test_a_function_that_does_not_end_is_given_up_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "SECONDS", 0.0)
    monkeypatch.setattr("opro_action.scoring.helper._MORE", 0.5)
    code = "import time\ndef grade(answer, case):\n    print(answer)\n    time.sleep(1000 if answer == 'slow' else 0)\n"
    path = write(tmp_path / "evals/score.py", f"{code}    return case.expected == answer\n")
    spec = ScorerSpec("python", python_options(path, "grade", tmp_path))

    def grade(answer: str) -> Grade:
        return graded(spec, make_case(expected="quick"), answer, Tools(root=tmp_path))

    slow, quick = in_a_thread(lambda: (grade("slow"), grade("quick")))

    assert slow.score is None
    assert "or waited in vain" in slow.explanation
    assert quick == Grade(1.0, "evals/score.py:grade returned True")


def test_a_function_that_ends_its_process_leaves_the_answer_unscored(tmp_path: Path) -> None:
    path = write(tmp_path / "evals/score.py", "import os\ndef grade(answer, case):\n    os._exit(0)\n")
    spec = ScorerSpec("python", python_options(path, "grade", tmp_path))

    found = in_a_thread(lambda: graded(spec, make_case(), "billing", Tools(root=tmp_path)))

    assert found == Grade(None, "evals/score.py:grade ended the process that it ran in")


def test_many_searches_take_one_process_which_ends_with_its_thread() -> None:
    first, second = in_a_thread(lambda: (limited(5, os.getpid), limited(5, os.getpid)))

    assert first == second != os.getpid()
    deadline = time.monotonic() + 10
    while _is_there(first) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_there(first)


def test_a_pattern_without_groups_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere")

    assert in_a_thread(lambda: regex(None, "team: billing", {"pattern": r"^\w+: +billing$"})).score == 1.0


def test_a_helper_that_was_ended_from_outside_is_replaced() -> None:
    def search() -> float | None:
        os.kill(limited(5, os.getpid), signal.SIGINT)  # as Ctrl-C does it
        time.sleep(0.2)
        return regex(None, "aab", {"pattern": SLOW}).score

    assert in_a_thread(search) == 1.0


def test_on_ctrl_c_nothing_more_is_graded(tmp_path: Path) -> None:
    code = "import os, signal\ndef grade(answer, case):\n    os.kill(os.getpid(), signal.SIGINT)\n"
    path = write(tmp_path / "evals/score.py", code)
    spec = ScorerSpec("python", python_options(path, "grade", tmp_path))

    def grade() -> None:
        with pytest.raises(CancelledError):
            graded(spec, make_case(), "billing", Tools(root=tmp_path))
        with pytest.raises(CancelledError):
            regex(None, "aab", {"pattern": SLOW})

    in_a_thread(grade)


def test_a_bug_in_the_helper_is_shown_where_it_was_asked() -> None:
    helper = Helper()

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        helper.call(5, divmod, (1, 0))
    assert helper.call(5, divmod, (7, 2)) == (3, 1)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
