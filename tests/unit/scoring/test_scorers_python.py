"""`python`: functions in the repository as scorers, and what becomes of functions that fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builders import graded, make_case, write

from opro_action.scoring.results import Grade
from opro_action.scoring.tools import Tools
from opro_action.suite.scorer_specs import python_options
from opro_action.suite.suite import ScorerSpec

CASE = make_case(expected="billing", tags=("money",))


def scored(folder: Path, code: str, answer: str = "billing", *, name: str = "grade", negated: bool = False) -> Grade:
    path = write(folder / "evals" / "score.py", code)
    spec = ScorerSpec("python", python_options(path, name, folder), negated=negated)
    return graded(spec, CASE, answer, Tools(root=folder))


def returning(value: str) -> str:
    return f"def grade(answer, case):\n    return {value}\n"


@pytest.mark.parametrize(
    ("value", "grade"),
    [
        ("0.25", Grade(0.25, "evals/score.py:grade returned 0.25")),
        ("1", Grade(1.0, "evals/score.py:grade returned 1")),
        ("True", Grade(1.0, "evals/score.py:grade returned True")),
        ("answer == 'bug'", Grade(0.0, "evals/score.py:grade returned False")),
        ("{'score': 0.5, 'reason': 'half of it'}", Grade(0.5, "half of it")),
        ("{'score': True}", Grade(1.0, "evals/score.py:grade returned True")),
        ("{'score': 1, 'reason': f'{case.id} {answer} {case.tags[0]}'}", Grade(1.0, "refund billing money")),
    ],
)
def test_what_the_function_returns_is_the_grade(tmp_path: Path, value: str, grade: Grade) -> None:
    assert scored(tmp_path, returning(value)) == grade


@pytest.mark.parametrize(
    "value",
    [
        "None",
        "'good'",
        "1.5",
        "-0.1",
        "float('nan')",
        "[]",
        "{}",
        "{'score': '1'}",
        "object()",
    ],
)
def test_what_is_no_score_is_unscored(tmp_path: Path, value: str) -> None:
    found = scored(tmp_path, returning(value))

    assert found.score is None
    assert "which is no score from 0 to 1" in found.explanation


FUNCTION = "def grade(answer, case):\n    "


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (FUNCTION + "x = 0\n    return 1 / x\n", ":3: ZeroDivisionError: division by zero"),
        (FUNCTION + "import json\n    json.loads(answer)\n", ":3: json.decoder.JSONDecodeError: Expecting value"),
        (FUNCTION + "raise SystemExit(0)\n", ":2: SystemExit: 0"),
        (FUNCTION + "raise ValueError('x\\n' * 5000)\n", ":2: ValueError: x x x"),
        ("def grade(answer, case)\n    return 1\n", ":1: SyntaxError: expected ':'"),
        ("import no_such_module\n", ":1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\n", ": LookupError: there is no function grade"),
        ("grade = 5\n", ": LookupError: there is no function grade"),
        ("def grade(answer):\n    return 1\n", ": TypeError: grade() takes 1 positional argument"),
    ],
)
def test_an_exception_is_unscored_with_the_last_line_of_its_traceback(tmp_path: Path, code: str, line: str) -> None:
    found = scored(tmp_path, code)

    assert found.score is None
    assert found.explanation.startswith(f"evals/score.py{line}")
    assert "\n" not in found.explanation
    assert len(found.explanation) < 300


@pytest.mark.parametrize("value", ["10 ** 400", "10 ** 5000"])
def test_a_number_beyond_all_scores_is_unscored(tmp_path: Path, value: str) -> None:
    assert scored(tmp_path, returning(value)).score is None


def test_a_file_may_define_dataclasses(tmp_path: Path) -> None:
    code = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass G:\n    s: float\ndef grade(answer, case):\n    return G(0.5).s\n"
    )
    assert scored(tmp_path, code).score == 0.5


def test_a_file_is_run_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = [*sys.path]
    code = "calls = []\ndef grade(answer, case):\n    calls.append(1)\n    return 1 / len(calls)\n"

    assert [scored(tmp_path, code).score for _ in range(3)] == [1, 1 / 2, 1 / 3]
    assert sys.path == before
    assert [path.name for path in (tmp_path / "evals").iterdir()] == ["score.py"]


def test_what_it_prints_does_not_mix_with_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored(tmp_path, "print('loading')\ndef grade(answer, case):\n    print('grading')\n    return 1\n")
    out, err = capsys.readouterr()

    assert out == ""
    assert err == "loading\ngrading\n"


def test_code_that_changed_since_the_suite_was_read_is_not_run(tmp_path: Path) -> None:
    path = write(tmp_path / "evals" / "score.py", returning("1"))
    spec = ScorerSpec("python", python_options(path, "grade", tmp_path))
    write(path, returning("0"))

    found = graded(spec, CASE, "billing", Tools(root=tmp_path))
    assert (found.score, found.explanation) == (None, "evals/score.py has changed since the suite was read; run again")

    path.unlink()
    assert graded(spec, CASE, "billing", Tools(root=tmp_path)).score is None


@pytest.mark.parametrize("negated", [False, True])
def test_an_empty_answer_is_0_and_not_shown_to_the_function(tmp_path: Path, negated: bool) -> None:
    assert scored(tmp_path, returning("1 / 0"), " ", negated=negated) == Grade(0.0, "the answer is empty")


def test_a_negated_function_that_fails_stays_unscored(tmp_path: Path) -> None:
    assert scored(tmp_path, returning("0.25"), negated=True).score == 0.75
    assert scored(tmp_path, returning("1 / 0"), negated=True).score is None


@pytest.mark.parametrize("what", ["BaseException('x')", "SystemExit(3)", "__import__('asyncio').CancelledError()"])
def test_whatever_a_function_raises_leaves_the_answer_unscored(tmp_path: Path, what: str) -> None:
    found = scored(tmp_path, f"def grade(answer, case):\n    raise {what}\n")
    assert found.score is None
    assert found.explanation.startswith("evals/score.py:2: ")


def test_what_a_function_does_to_a_case_does_not_reach_the_next(tmp_path: Path) -> None:
    scored(tmp_path, "def grade(answer, case):\n    case.vars['input'] = 'changed'\n    return 1\n")
    assert CASE.vars["input"] == "I was charged twice"
