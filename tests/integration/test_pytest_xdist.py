"""The plugin with several workers of pytest-xdist: one budget, one gate, one call for each question."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from plugin_world import BAD, OTHER, case, echo_suite, outcomes, recorded, section, set_prompt, spent
from servers import ModelServer

MANY = [case(f"c{i}", f"bug {i}") for i in range(24)]


def run(pytester: pytest.Pytester, *arguments: str | Path) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-n", "2", "-W", "error", *arguments)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    return ModelServer(lambda asked: "bug", latency=0.05)


def served(pytester: pytest.Pytester, server: ModelServer) -> None:
    cases = [{"id": f"c{i}", "input": f"ticket {i}", "expected": "bug"} for i in range(24)]
    echo_suite(
        pytester.path,
        prompt="Name the team.\n",
        model="openai/test",
        params={"temperature": 0, "api_base": server.url},
        cases=cases,
    )


def test_as_many_calls_go_out_as_there_are_uncached_cases(pytester: pytest.Pytester, server: ModelServer) -> None:
    with server:
        served(pytester, server)
        first = run(pytester, "evals")
        assert (server.count, spent(first)) == (24, (24, 0))
        assert server.most_at_once > 2

        second = run(pytester, "evals", "--dist=each", "-p", "no:cacheprovider")
        assert (server.count, spent(second)) == (24, (0, 24))
    assert outcomes(first)["passed"] == 25


def test_without_prefetch_workers_share_cache_budget_and_questions(
    pytester: pytest.Pytester, server: ModelServer
) -> None:
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.parametrize("n", range(4))
        def test_again(opro, n):
            assert opro.check("evals/routing.yaml").score == 1
        """
    )
    with server:
        served(pytester, server)
        result = run(pytester, "--opro-no-prefetch", "--opro-max-calls=24")
        assert server.count == 24
    assert outcomes(result)["passed"] == 29
    assert spent(result)[0] == 24


@pytest.mark.parametrize("prefetch", [[], ["--opro-no-prefetch"]])
def test_the_budget_is_one(pytester: pytest.Pytester, prefetch: list[str]) -> None:
    echo_suite(pytester.path, cases=MANY)

    result = run(pytester, "--opro-max-calls=10", *prefetch)

    assert result.ret == 1
    assert outcomes(result) == {"passed": 10, "errors": 15}
    assert spent(result) == (10, 0)


def test_the_gate_is_decided_once_and_recorded_by_the_controller(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=MANY)

    result = run(pytester, "--opro-update-baseline", "--opro-report=result.json", "--junitxml=junit.xml")

    assert outcomes(result) == {"passed": 25}
    assert section(result).count("evals/routing.baseline.json: recorded, score 1.00 over 24 cases.") == 1
    assert len(json.loads((pytester.path / "result.json").read_text())["suites"]) == 1
    verdicts = [
        found
        for found in ElementTree.parse(pytester.path / "junit.xml").iter("property")
        if found.get("name") == "opro_verdict"
    ]
    assert len(verdicts) == 1


def test_a_regression_fails_with_the_same_words(pytester: pytest.Pytester) -> None:
    recorded(pytester, cases=[case(f"c{i}", "bug", "feature", must_pass=i == 0) for i in range(20)])
    set_prompt(pytester.path, OTHER)

    result = run(pytester)

    assert result.ret == 1
    assert outcomes(result) == {"failed": 2, "flipped": 19}
    result.stdout.fnmatch_lines(["*must_pass case `c0` does not pass any more: score 0.00, was 1.00"])
    result.stdout.fnmatch_lines(["opro: evals/routing.yaml (echo); *"])
    assert section(result)[0].startswith("REGRESSED  evals/routing.yaml")
    assert sum("flipped" in line for line in section(result)) == 11

    set_prompt(pytester.path, BAD)
    again = run(pytester, "--lf")
    assert outcomes(again) == {"failed": 1}


def test_an_unreadable_suite_is_told_once(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, scorers="exactly")

    result = run(pytester)

    assert outcomes(result) == {"errors": 1}
    result.stdout.fnmatch_lines(["*did you mean `exact`?*"])


def test_a_worker_that_dies_takes_no_verdict_with_it(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=MANY)
    pytester.makepyfile("import os\ndef test_dies(): os._exit(1)")

    result = run(pytester)

    assert outcomes(result)["passed"] == 25
    assert outcomes(result)["failed"] == 1
    assert spent(result) == (24, 0)


def test_the_fixture_alone_reaches_the_controller(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=MANY)
    pytester.makepyfile(
        """
        def test_score(opro):
            result = opro.check("evals/routing.yaml")
            assert (result.verdict, result.score, result.cases["c3"].answer) == ("no_baseline", 1, "bug 3")
        """
    )
    result = run(pytester, "-k", "test_score")
    assert outcomes(result) == {"passed": 1}
    assert spent(result) == (24, 0)


def test_errors_of_the_controller_reach_the_worker_with_class_and_message(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=MANY)
    echo_suite(pytester.path, name="keyless", model="openai/nobody", params={"api_key_env": "NO_SUCH_KEY"})
    file = pytester.makepyfile(
        """
        import os
        import pytest
        from opro_action import BudgetSpent, NotMeasured, UsageError

        def error_of(opro, suite):
            with pytest.raises(Exception) as caught:
                opro.check(f"evals/{suite}.yaml")
            return type(caught.value), str(caught.value)

        def test_errors(opro):
            assert "PYTEST_XDIST_WORKER" in os.environ
            found = [error_of(opro, suite) for suite in ("nowhere", "keyless", "routing")]
            assert [error for error, _ in found] == [UsageError, NotMeasured, BudgetSpent]
            for (_, words), expected in zip(found, ("nowhere.yaml", "NO_SUCH_KEY is not set", "raise max_calls")):
                assert expected in words
        """
    )

    result = run(pytester, "--opro-max-calls=10", file)

    assert outcomes(result) == {"passed": 1}


def test_a_long_path_of_temporary_files_is_no_obstacle(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo_suite(pytester.path)
    monkeypatch.setenv("TMPDIR", str(pytester.mkdir("x" * 120)))

    assert outcomes(run(pytester, "evals")) == {"passed": 4}
