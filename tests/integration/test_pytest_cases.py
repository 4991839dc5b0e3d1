"""What pytest shows of a suite: items, failures, flipped cases, verdicts and errors."""

from __future__ import annotations

import re

import pytest
from builders import write
from plugin_world import (
    BAD,
    GOOD,
    OTHER,
    case,
    echo_suite,
    line_of,
    outcomes,
    recorded,
    section,
    set_prompt,
    spent,
)
from repositories import commit, repository

STRICT = ("-W", "error", "--strict-markers", "--strict-config")


def test_each_case_is_an_item_and_so_is_the_gate(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)

    result = pytester.runpytest("-v", *STRICT)

    result.stdout.fnmatch_lines(
        [
            "opro: evals/routing.yaml (echo); no cap on calls or dollars",
            "evals/routing.yaml::refund PASSED*",
            "evals/routing.yaml::crash PASSED*",
            "evals/routing.yaml::wish PASSED*",
            "evals/routing.yaml::gate PASSED*",
            "NO BASELINE  evals/routing.yaml  (echo): *",
        ]
    )
    assert outcomes(result) == {"passed": 4}
    assert spent(result) == (3, 0)


def test_a_broken_must_pass_case_is_red_at_its_line_with_all_that_a_reader_needs(pytester: pytest.Pytester) -> None:
    suite = recorded(pytester)
    line = line_of(suite, "refund")
    set_prompt(pytester.path, OTHER)

    result = pytester.runpytest(*STRICT)

    result.stdout.fnmatch_lines(
        [
            f"evals/routing.yaml:{line}: must_pass case `refund` does not pass any more: score 0.00, was 1.00",
            "  input       good: billing",
            "              other: bug",
            "  answer      bug",
            "  expected    billing",
            '  explanation expected "billing", got "bug"',
            "  baseline    billing",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            f"FAILED evals/routing.yaml::refund - *evals/routing.yaml:{line}: must_pass*",
            "FAILED evals/routing.yaml::gate - *REGRESSED  evals/routing.yaml*",
        ]
    )
    assert outcomes(result) == {"failed": 2, "flipped": 1, "passed": 1}


def test_a_flipped_case_is_told_and_the_verdict_is_the_gates(pytester: pytest.Pytester) -> None:
    cases = [case(f"c{i}", "bug", "feature" if i == 3 else "") for i in range(30)]
    suite = recorded(pytester, cases=cases)
    set_prompt(pytester.path, OTHER)

    result = pytester.runpytest("-v", *STRICT)

    assert result.ret == 0
    assert outcomes(result) == {"passed": 30, "flipped": 1}
    result.stdout.fnmatch_lines(["evals/routing.yaml::c3 FLIPPED*"])
    assert any(line.startswith("INCONCLUSIVE  evals/routing.yaml") for line in section(result))
    assert [line for line in section(result) if "flipped" in line] == [
        f'  flipped: evals/routing.yaml:{line_of(suite, "c3")}: `c3` 0.00, was 1.00: expected "bug", got "feature"'
    ]


def test_a_proven_drop_fails_the_gate_alone(pytester: pytest.Pytester) -> None:
    recorded(pytester, cases=[case(f"c{i}", "bug", "feature" if i < 8 else "") for i in range(20)])
    set_prompt(pytester.path, OTHER)

    result = pytester.runpytest(*STRICT)

    assert result.ret == 1
    assert outcomes(result) == {"failed": 1, "flipped": 8, "passed": 12}
    result.stdout.fnmatch_lines(["REGRESSED  evals/routing.yaml  (echo): *", "  how sure  *about once in * checks"])


def test_with_case_fail_score_every_case_that_has_not_passed_is_red(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, prompt=OTHER)
    pytester.makeini("[pytest]\nopro_case_fail = score\n")

    result = pytester.runpytest(*STRICT)

    assert outcomes(result) == {"failed": 2, "passed": 2}
    result.stdout.fnmatch_lines(["*case `crash` has not passed: score 0.00", "  answer      feature"])


def test_a_baseline_answer_that_the_cache_does_not_hold_is_said_to_be_missing(pytester: pytest.Pytester) -> None:
    recorded(pytester)
    (pytester.path / ".opro" / "cache.sqlite").unlink()
    set_prompt(pytester.path, OTHER)

    pytester.runpytest().stdout.fnmatch_lines(["  baseline    score 1.00, its answer is not in the cache"])


def test_a_case_that_was_not_measured_is_an_error_and_no_low_score(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, model="openai/nobody")

    result = pytester.runpytest("--opro-offline", *STRICT)

    assert outcomes(result) == {"errors": 4}
    result.stdout.fnmatch_lines(
        ["*case `refund` was not measured: An answer of openai/nobody is not in the cache, and --offline allows no*"]
    )
    assert any(line.startswith("NOT MEASURED  evals/routing.yaml") for line in section(result))


def test_an_unreadable_suite_is_a_short_error_with_its_line(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, scorers="exactly")

    result = pytester.runpytest(*STRICT)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*evals/routing.yaml:*exactly*did you mean `exact`?*"])
    assert "Traceback" not in result.stdout.str()
    assert section(result) == []


def test_a_case_may_be_called_gate(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, cases=[case("gate", "bug"), case("the gate", "billing")])

    result = pytester.runpytest("-v")

    names = re.findall(r"::(.+) PASSED", result.stdout.str())
    assert names == ["gate", "the gate", "the the gate"]


def test_files_of_cases_hidden_files_and_other_yaml_are_left_alone(pytester: pytest.Pytester) -> None:
    cases = write(pytester.path / "evals" / "routing.cases.yaml", "- {id: one, input: bug, expected: bug}\n")
    echo_suite(pytester.path, cases=[cases.name], prompt="{{input}}\n")
    write(pytester.path / "evals" / ".draft.yaml", "nothing: here\n")
    write(pytester.path / "config.yaml", "nothing: here\n")
    write(pytester.path / "tests" / "data" / "evals" / "other.yaml", "nothing: here\n")

    result = pytester.runpytest("-v")

    assert outcomes(result) == {"passed": 2}
    result.stdout.fnmatch_lines(["evals/routing.yaml::one PASSED*"])


def test_of_several_suites_in_a_file_each_is_a_node(pytester: pytest.Pytester) -> None:
    text = """
prompts: ["first {{x}}", "second {{x}}"]
providers: [echo]
tests:
  - vars: {x: one}
    assert: [{type: icontains, value: first}]
"""
    write(pytester.path / "promptfooconfig.yaml", text)
    pytester.makeini("[pytest]\nopro_suites = promptfooconfig.yaml\n")

    result = pytester.runpytest("-v", "-o", "opro_case_fail=score")

    assert outcomes(result) == {"passed": 3, "failed": 1}
    parts = set(re.findall(r"promptfooconfig.yaml::(.+?)::gate PASSED", result.stdout.str()))
    assert len(parts) == 2


def test_a_worse_prompt_than_heads_is_regressed_without_a_recorded_baseline(pytester: pytest.Pytester) -> None:
    repository(pytester.path)
    echo_suite(pytester.path, prompt=GOOD, cases=[case(f"c{i}", "bug") for i in range(20)])
    commit(pytester.path)
    set_prompt(pytester.path, BAD)

    result = pytester.runpytest()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*the prompt at HEAD scored just now*"])


def test_two_suites_are_judged_together(pytester: pytest.Pytester) -> None:
    """Five of five flips, all for the worse, have a p of 1/32: under 0.05, and not under a half of it."""
    cases = [case(f"c{i}", "bug", "feature" if i < 5 else "") for i in range(24)]
    for name in ("one", "two"):
        echo_suite(pytester.path, name=name, cases=cases)
    pytester.runpytest("--opro-update-baseline")
    for name in ("one", "two"):
        set_prompt(pytester.path, OTHER, name=name)

    together, alone = pytester.runpytest(), pytester.runpytest("evals/one.yaml")

    verdicts = [line.split("  ")[:2] for line in section(together) if line.startswith("INCONCLUSIVE")]
    assert verdicts == [["INCONCLUSIVE", "evals/one.yaml"], ["INCONCLUSIVE", "evals/two.yaml"]]
    assert str(together.stdout).count("p = 0.031, compared with 0.025 for 2 suites") == 2
    assert together.ret == 0
    assert section(alone)[0].startswith("REGRESSED  evals/one.yaml")
    assert alone.ret == 1


@pytest.mark.parametrize("arguments", [["--rootdir=.."], []])
def test_from_within_the_folder_of_the_suites(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    repository(pytester.path)
    echo_suite(pytester.path)
    monkeypatch.chdir(pytester.path / "evals")

    result = pytester.runpytest("-v", *STRICT, *arguments)

    assert outcomes(result) == {"passed": 4}
    result.stdout.fnmatch_lines(["*routing.yaml::refund PASSED*"])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
@pytest.mark.parametrize("arguments", [["-c", "config/pytest.ini", "evals"], ["--rootdir=tests", "evals/routing.yaml"]])
def test_a_rootdir_beside_the_suites(pytester: pytest.Pytester, arguments: list[str], workers: list[str]) -> None:
    repository(pytester.path)
    echo_suite(pytester.path)
    write(pytester.path / "config/pytest.ini", "[pytest]\n")
    write(pytester.path / "tests/test_other.py", "")

    result = pytester.runpytest_subprocess(*STRICT, *arguments, *workers)

    assert outcomes(result) == {"passed": 4}
    assert section(result)[0].startswith("NO BASELINE  evals/routing.yaml")


def test_two_files_with_the_same_node_ids_are_told_apart_by_nobody(pytester: pytest.Pytester) -> None:
    repository(pytester.path)
    suites = [echo_suite(pytester.path, name=name) for name in ("one", "two")]
    pytester.mkdir("tests")

    result = pytester.runpytest("--rootdir=tests", *suites)

    assert outcomes(result) == {"errors": 1}
    result.stdout.fnmatch_lines(
        ["*two.yaml: pytest gives its cases the node ids of *one.yaml; name a --rootdir above*"]
    )


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_yaml_of_somebody_else_is_passed_over(pytester: pytest.Pytester, workers: list[str]) -> None:
    write(pytester.path / "evals/registry/match.yaml", "test-match:\n  id: test-match.s1\n  metrics: [accuracy]\n")
    pytester.makepyfile(test_other="def test_other(): pass")

    result = pytester.runpytest_subprocess(*STRICT, *workers)

    assert outcomes(result) == {"passed": 1}
    result.stdout.no_fnmatch_line("*opro[: ]*")


@pytest.mark.parametrize("arguments", [["evals/routing.yaml"], ["-o", "opro_suites=evals/*.yaml"]])
def test_yaml_that_is_named_has_to_be_a_suite(pytester: pytest.Pytester, arguments: list[str]) -> None:
    write(pytester.path / "evals/routing.yaml", "promt: x\n")

    result = pytester.runpytest(*arguments)

    assert outcomes(result) == {"errors": 1}
    result.stdout.fnmatch_lines(["*`promt` is an unknown key*"])
