"""What is paid for and what is not: prefetch, selections, broken collections, interrupts and budgets."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest
from builders import write
from plugin_world import (
    BAD,
    CASES,
    OTHER,
    asked_so_far,
    case,
    echo_suite,
    outcomes,
    recorded,
    section,
    set_prompt,
    spent,
)  # fmt: skip
from servers import ModelServer


def test_errors_in_the_collection_end_the_run_before_anything_is_paid(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)
    pytester.makepyfile(test_broken="import nowhere_to_be_found")

    assert pytester.runpytest().ret == pytest.ExitCode.INTERRUPTED
    assert asked_so_far(pytester.path) == 0

    result = pytester.runpytest("--continue-on-collection-errors")
    assert outcomes(result) == {"passed": 4, "errors": 1}
    assert asked_so_far(pytester.path) == 3


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--setup-only"])
def test_looking_costs_nothing(pytester: pytest.Pytester, option: str) -> None:
    echo_suite(pytester.path)

    result = pytester.runpytest(option, "-v", "-W", "error")

    result.stdout.fnmatch_lines(["*refund*"])
    assert result.ret == 0
    assert asked_so_far(pytester.path) == 0


@pytest.mark.parametrize(
    ("selection", "cases"),
    [
        (["-k", "refund or wish"], 2),
        (["-k", "money"], 1),
        (["-k", "routing and not crash"], 2),
        (["evals/routing.yaml::wish"], 1),
        (["-m", "opro", "-k", "not gate"], 3),
        (["-m", "not opro"], 0),
    ],
)
def test_a_selection_pays_for_its_cases_and_decides_no_gate(
    pytester: pytest.Pytester, selection: list[str], cases: int
) -> None:
    recorded(pytester)
    set_prompt(pytester.path, BAD)
    pytester.makepyfile(test_other="def test_other(): pass")
    paid = asked_so_far(pytester.path)

    result = pytester.runpytest(*selection, "-v")

    assert asked_so_far(pytester.path) - paid == cases
    assert "gate PASSED" not in result.stdout.str()
    assert "gate FAILED" not in result.stdout.str()
    verdicts = [line for line in section(result) if "VERDICT" in line or "REGRESSED" in line]
    assert verdicts == ([f"NO VERDICT  evals/routing.yaml: {cases} of 3 cases, without the gate"] if cases else [])


def test_a_broken_must_pass_case_is_red_in_a_selection_too(pytester: pytest.Pytester) -> None:
    recorded(pytester)
    set_prompt(pytester.path, OTHER)

    assert outcomes(pytester.runpytest("-k", "refund"))["failed"] == 1


def test_a_gate_that_failed_last_brings_its_cases_with_it(pytester: pytest.Pytester) -> None:
    recorded(pytester, cases=[case(f"c{i}", "bug") for i in range(20)])
    set_prompt(pytester.path, BAD)
    assert outcomes(pytester.runpytest())["failed"] == 1

    again = pytester.runpytest("--lf")
    assert outcomes(again) == {"failed": 1}
    assert spent(again) == (0, 20)

    set_prompt(pytester.path, "{{good}}\n")
    assert outcomes(pytester.runpytest("--lf")) == {"passed": 1}


def test_after_a_broken_case_is_mended_the_gate_is_still_among_the_last_failed(pytester: pytest.Pytester) -> None:
    recorded(pytester)
    set_prompt(pytester.path, OTHER)
    assert outcomes(pytester.runpytest())["failed"] == 2

    first = pytester.runpytest("--lf", "-v")
    assert outcomes(first) == {"failed": 1, "deselected": 1}

    set_prompt(pytester.path, "{{good}}\n")
    assert outcomes(pytester.runpytest("--lf")) == {"passed": 1, "deselected": 1}
    assert outcomes(pytester.runpytest("--lf", "-v")) == {"passed": 1}


def test_failed_cases_first(pytester: pytest.Pytester) -> None:
    cases = [case("a", "bug"), case("b", "bug", "feature", must_pass=True)]
    recorded(pytester, cases=cases)
    set_prompt(pytester.path, OTHER)
    pytester.runpytest()

    result = pytester.runpytest("--ff", "-v")
    result.stdout.fnmatch_lines(["*::b FAILED*", "*::gate FAILED*", "*::a PASSED*"])


def test_without_prefetch_stopping_at_the_first_failure_saves_calls(pytester: pytest.Pytester) -> None:
    recorded(pytester)
    set_prompt(pytester.path, BAD)
    paid = asked_so_far(pytester.path)

    result = pytester.runpytest("-x", "--opro-no-prefetch", "-W", "error")
    assert outcomes(result) == {"failed": 1}
    assert asked_so_far(pytester.path) - paid == 1

    assert outcomes(pytester.runpytest("-x", "-W", "error")) == {"failed": 1}
    assert asked_so_far(pytester.path) - paid == 3


def test_without_prefetch_the_gates_come_last_and_ask_for_nothing_again(pytester: pytest.Pytester) -> None:
    for name in ("one", "two"):
        echo_suite(pytester.path, name=name, cases=CASES if name == "one" else [case("only", "praise")])

    result = pytester.runpytest("--opro-no-prefetch", "-v", "-W", "error")

    result.stdout.fnmatch_lines(["*one.yaml::wish *", "*two.yaml::only *", "*one.yaml::gate *", "*two.yaml::gate *"])
    assert spent(result) == (4, 0)


def test_without_prefetch_a_spent_budget_leaves_what_was_measured(pytester: pytest.Pytester) -> None:
    recorded(pytester)
    set_prompt(pytester.path, BAD)

    result = pytester.runpytest("--opro-no-prefetch", "--opro-max-calls=2")

    assert outcomes(result) == {"failed": 1, "flipped": 1, "errors": 2}
    assert [line.split("`")[1] for line in section(result) if "flipped" in line] == ["crash"]


def test_the_selection_of_another_plugin_counts_too(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)
    pytester.makeconftest(
        """
        import pytest
        @pytest.hookimpl(wrapper=True)
        def pytest_collection_modifyitems(items):
            yield
            del items[0]
        """
    )
    assert outcomes(pytester.runpytest("-W", "error")) == {"passed": 2, "deselected": 1}


def test_a_gate_without_its_cases_by_another_plugin_says_so(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)
    pytester.makeconftest("def pytest_collection_finish(session): del session.items[0]")

    result = pytester.runpytest("-W", "error")

    assert outcomes(result) == {"passed": 2, "errors": 1}
    result.stdout.fnmatch_lines(["*::gate: only a part of the suite is selected; select all of it, or its gate alone."])


def test_the_same_question_is_paid_once(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=[case(f"c{i}", "bug") for i in range(8)])

    assert spent(pytester.runpytest()) == (1, 7)


def test_a_spent_budget_is_an_error_of_the_cases_that_were_not_asked(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=[case(f"c{i}", f"bug {i}") for i in range(6)])

    result = pytester.runpytest("--opro-max-calls=4", "-W", "error")

    assert result.ret == 1
    assert outcomes(result) == {"passed": 4, "errors": 3}
    assert spent(result) == (4, 0)
    result.stdout.fnmatch_lines(["*case `c4` was not measured: The budget is spent: 4 of 4 calls went out*"])
    assert any(line.startswith("NOT MEASURED  evals/routing.yaml") for line in section(result))


def test_a_cap_in_dollars_that_cannot_be_kept_is_refused_before_anything_is_spent(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, model="openai/nobody-knows")

    result = pytester.runpytest("--opro-max-cost=1")

    assert outcomes(result) == {"errors": 4}
    result.stdout.fnmatch_lines(["*The price of openai/nobody-knows is not known, so max_cost cannot be kept*"])


def test_a_run_within_an_event_loop(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)

    async def notebook() -> pytest.RunResult:
        return pytester.runpytest_inprocess("-W", "error")

    assert outcomes(asyncio.run(notebook())) == {"passed": 4}


def test_warnings_of_what_answers_and_grades_are_no_errors_of_the_tests(pytester: pytest.Pytester) -> None:
    scorer = "import warnings\ndef score(case, answer):\n    warnings.warn('old', stacklevel=1)\n    return 1.0\n"
    write(pytester.path / "evals" / "score.py", scorer)
    echo_suite(pytester.path, scorers={"python": "score.py:score"}, cases=CASES[:1])
    pytester.makepyfile("def test_one(opro): assert opro.check('evals/routing.yaml').score == 1")

    for prefetch in ([], ["--opro-no-prefetch"]):
        assert outcomes(pytester.runpytest("-W", "error", *prefetch)) == {"passed": 3}


def test_after_the_prefetch_no_thread_is_left_for_tests_that_fork(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)
    test = "import threading\ndef test_one(): assert 'opro' not in [thread.name for thread in threading.enumerate()]"
    pytester.makepyfile(test_threads=test)

    assert outcomes(pytester.runpytest("evals", "test_threads.py")) == {"passed": 5}


@pytest.mark.parametrize("selection", [[], ["-n", "2"]])
def test_an_interrupt_ends_calls_and_says_what_was_paid(pytester: pytest.Pytester, selection: list[str]) -> None:
    with ModelServer(lambda asked: "bug", latency=600) as server:
        params = {"temperature": 0, "api_base": server.url}
        echo_suite(pytester.path, model="openai/test", params=params)
        command = [sys.executable, "-m", "pytest", "evals", *selection]
        env = {**os.environ, "OPENAI_API_KEY": "sk-none"}
        inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have switched it off
        run = subprocess.Popen(command, cwd=pytester.path, env=env, stdout=subprocess.PIPE, text=True)
        signal.signal(signal.SIGINT, inherited)
        _wait_for(lambda: server.count == 3)
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=300)  # which would not be enough if it waited for the calls under way

    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "NO VERDICT  evals/routing.yaml: the run ended before it" in out
    assert "3 calls, 0 from cache" in out


def _wait_for(condition: object, seconds: float = 120) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_progress_is_told_while_a_model_is_asked_and_not_for_cached_answers(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=[case(f"c{i}", f"bug {i}") for i in range(8)])

    lines = [line for line in pytester.runpytest().outlines if line.endswith("answers")]
    assert lines == [f"opro: evals/routing.yaml: {n} of 8 answers" for n in (2, 4, 6, 8)]
    assert not [line for line in pytester.runpytest().outlines if line.endswith("answers")]


def test_a_pattern_that_would_take_hours_leaves_its_case_unmeasured(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, scorers=[{"regex": {"pattern": "(a+)+b"}}], cases=[case("slow", "a" * 40)])

    result = pytester.runpytest_subprocess("-W", "error", timeout=60)

    assert outcomes(result) == {"errors": 2}
    result.stdout.fnmatch_lines(['*the pattern "(a+)+b" took over 1 s: write it without nested repeats'])
