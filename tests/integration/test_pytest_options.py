"""The plugin's options and settings: baselines, reports, caps, JUnit, and a run without any suite."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import jsonschema
import pytest
from plugin_world import (
    BAD,
    CASES,
    GOOD,
    OTHER,
    asked_so_far,
    case,
    echo_suite,
    outcomes,
    recorded,
    section,
    set_prompt,
    spent,
)

from opro_action.suite.schemas import schema


def test_the_update_records_a_baseline_and_leaves_the_path_behind_it_alone(pytester: pytest.Pytester) -> None:
    suite = echo_suite(pytester.path)

    result = pytester.runpytest("--opro-update-baseline", "evals", "-W", "error")

    assert outcomes(result) == {"passed": 4}
    assert "evals/routing.baseline.json: recorded, score 1.00 over 3 cases." in section(result)
    assert json.loads(suite.with_name("routing.baseline.json").read_text())["n"] == 3
    assert any(line.startswith("UNCHANGED") for line in section(pytester.runpytest()))


def test_an_update_accepts_what_broke(pytester: pytest.Pytester) -> None:
    suite = recorded(pytester)
    set_prompt(pytester.path, OTHER)

    assert pytester.runpytest("--opro-update-baseline").ret == 0
    assert json.loads(suite.with_name("routing.baseline.json").read_text())["score"] == pytest.approx(1 / 3, abs=1e-6)


def test_an_update_asks_nothing_twice_where_answers_vary(pytester: pytest.Pytester) -> None:
    recorded(pytester, params={"temperature": 1})
    set_prompt(pytester.path, BAD)

    assert spent(pytester.runpytest("--opro-update-baseline")) == (3, 0)


def test_an_update_of_what_is_new_keeps_what_is_there(pytester: pytest.Pytester) -> None:
    recorded(pytester, cases=CASES[:2])
    echo_suite(pytester.path, cases=CASES)
    echo_suite(pytester.path, name="other", prompt=BAD)

    result = pytester.runpytest("--opro-update-baseline=new")

    baseline = json.loads((pytester.path / "evals" / "routing.baseline.json").read_text())
    assert [found["id"] for found in baseline["cases"]] == ["crash", "refund", "wish"]
    assert "evals/other.baseline.json: recorded, score 0.00 over 3 cases." in section(result)


def test_nothing_is_recorded_on_ci_unless_forced(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    suite = echo_suite(pytester.path)

    result = pytester.runpytest("--opro-update-baseline")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--opro-update-baseline: *this is CI*add --opro-force.*"])
    assert asked_so_far(pytester.path) == 0

    assert pytester.runpytest("--opro-update-baseline", "--opro-force").ret == 0
    assert suite.with_name("routing.baseline.json").exists()


def test_a_part_of_a_suite_is_not_recorded(pytester: pytest.Pytester) -> None:
    suite = echo_suite(pytester.path)

    pytester.runpytest("--opro-update-baseline", "-k", "refund")

    assert not suite.with_name("routing.baseline.json").exists()


def test_the_report_is_the_object_of_opro_check(pytester: pytest.Pytester) -> None:
    recorded(pytester)
    set_prompt(pytester.path, OTHER)

    result = pytester.runpytest("--opro-report=result.json", "-p", "no:cacheprovider")

    assert section(result)[-1] == f"report: {pytester.path / 'result.json'}"
    report = json.loads((pytester.path / "result.json").read_text())
    jsonschema.validate(report, schema("result"))
    assert (report["verdict"], report["exit_code"]) == ("regressed", 1)
    assert report["suites"][0]["cases"][0]["answer"] == "bug"


def test_the_report_as_markdown(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)

    pytester.runpytest("--opro-report=result.md")

    assert "| `routing` | no_baseline |" in (pytester.path / "result.md").read_text()


def test_a_report_that_cannot_be_written_is_refused_before_a_call_is_paid_for(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)

    result = pytester.runpytest("--opro-report=prompts/routing.md/result.md")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --opro-report *routing.md/result.md: cannot be written (*"])
    assert asked_so_far(pytester.path) == 0


def test_a_report_whose_place_is_taken_meanwhile_ends_the_run_with_a_sentence(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)
    pytester.makepyfile("from pathlib import Path\ndef test_taking(): Path('result.md').mkdir()")

    result = pytester.runpytest("--opro-report=result.md")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert section(result)[-1].startswith("error: result.md: cannot be written (")


def test_of_a_part_of_a_suite_there_is_no_report(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)

    result = pytester.runpytest("--opro-report=result.md", "-k", "refund")

    assert section(result)[-1].endswith("result.md: not written, since no suite was scored as a whole")
    assert not (pytester.path / "result.md").exists()


def test_junit_carries_scores_and_verdicts(pytester: pytest.Pytester) -> None:
    recorded(pytester)
    set_prompt(pytester.path, OTHER)

    pytester.runpytest("--junitxml=junit.xml", "-W", "error")

    cases = {found.get("name"): found for found in ElementTree.parse(pytester.path / "junit.xml").iter("testcase")}
    assert _properties(cases["refund"])["opro_score"] == "0.0"
    assert _properties(cases["refund"])["opro_baseline_score"] == "1.0"
    assert _properties(cases["crash"])["opro_flipped"] == "True"
    assert {"opro_latency_s", "opro_cost_usd", "opro_cached"} <= _properties(cases["crash"]).keys()
    assert _properties(cases["gate"])["opro_verdict"] == "regressed"
    assert cases["refund"].find("failure") is not None
    assert cases["crash"].find("failure") is None


def _properties(found: ElementTree.Element) -> dict[str | None, str | None]:
    return {one.get("name"): one.get("value") for one in found.iter("property")}


def test_model_and_repeats_stand_for_those_of_the_suite(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, model="openai/nobody")

    result = pytester.runpytest("--opro-model=echo", "--opro-repeats=2")

    assert spent(result) == (6, 0)
    result.stdout.fnmatch_lines(["opro: evals/routing.yaml (echo); *"])


def test_the_head_says_what_may_be_spent(pytester: pytest.Pytester) -> None:
    for name in "abcd":
        echo_suite(pytester.path, name=name)

    result = pytester.runpytest("--opro-max-calls=50", "--opro-max-cost=0.5", "--co")

    suites = "evals/a.yaml (echo), evals/b.yaml (echo), evals/c.yaml (echo), and 1 more"
    result.stdout.fnmatch_lines([f"opro: {suites}; at most 50 calls, at most $0.5"])
    assert "opro:" not in pytester.runpytest("-q", "--co").stdout.str()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--opro-repeats=0"], "--opro-repeats 0: has to be more than 0."),
        (["--opro-max-calls=-1"], "--opro-max-calls -1: has to be more than 0."),
        (["--opro-max-cost=0"], "--opro-max-cost 0.0: has to be more than 0."),
        (["--opro-report=result.xml"], "--opro-report result.xml: name a .json or a .md file."),
        (["-o", "opro_case_fail=red"], "opro_case_fail = red: write `gate` or `score`."),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_usage_error(
    pytester: pytest.Pytester, arguments: list[str], message: str
) -> None:
    result = pytester.runpytest(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


@pytest.mark.parametrize("setting", ["opro_suites = checks/*.yaml", "opro_suites = checks/*.yaml other/**/*.yml"])
def test_the_suites_are_where_the_setting_says(pytester: pytest.Pytester, setting: str) -> None:
    suite = echo_suite(pytester.path)
    pytester.makeini(f"[pytest]\n{setting}\n")

    none = pytester.runpytest()
    assert none.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    none.stdout.fnmatch_lines([f"opro_suites: no suite matches {setting.partition(' = ')[2]} in *"])

    (pytester.path / "checks").mkdir()
    suite.rename(pytester.path / "checks" / "routing.yaml")
    assert outcomes(pytester.runpytest()) == {"passed": 4}


def test_the_plugin_can_be_switched_off(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)

    result = pytester.runpytest("-p", "no:opro")

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "opro:" not in result.stdout.str()


@pytest.mark.parametrize(
    ("test", "workers"),
    [
        ("def test_one(): pass", []),
        ("def test_one(): assert False", []),
        ("x = 1", []),
        ("def test_one(): assert False", ["-n", "1"]),
    ],
)
def test_without_suites_nothing_is_said_and_nothing_changes(
    pytester: pytest.Pytester, test: str, workers: list[str]
) -> None:
    pytester.makepyfile(test)

    arguments = ["-p", "no:cacheprovider", "-W", "error", *workers]
    run = pytester.runpytest_subprocess if workers else pytester.runpytest
    ours, theirs = run(*arguments), run(*arguments, "-p", "no:opro")

    assert ours.ret == theirs.ret
    assert _steady(ours) == _steady(theirs)


def _steady(result: pytest.RunResult) -> list[str]:
    """What was printed without the times, and without pytest's own list of plugins."""
    lines = [re.sub(r"[\d.]+s\b", "", line).strip("= ") for line in (*result.outlines, *result.errlines)]
    return [line for line in lines if not line.startswith("plugins: ")]


def test_a_run_without_suites_loads_nothing_of_ours_but_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys
        def test_modules():
            ours = {name for name in sys.modules if name.startswith("opro_action")}
            assert ours == {"opro_action", *("opro_action.pytest_plugin" + end for end in ("", ".hooks", ".settings"))}
            assert not {"yaml", "litellm", "asyncio", "sqlite3"} & set(sys.modules)
        """
    )
    # Without the plugins of others, of which anyio's imports asyncio.
    result = pytester.runpytest_subprocess("--disable-plugin-autoload", "-p", "opro")
    assert outcomes(result) == {"passed": 1}


def test_the_marker_is_registered_and_selects(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=[case("one", "bug")], prompt=GOOD)
    pytester.makepyfile("def test_other(): pass")

    assert outcomes(pytester.runpytest("-m", "not opro", "--strict-markers")) == {"passed": 1, "deselected": 2}
    assert asked_so_far(pytester.path) == 0
    pytester.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.opro(suite=..., prompt=...)*"])
