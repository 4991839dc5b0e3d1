"""The report of a check: the verdict first, then what broke and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
from builders import make_suite

from opro_action.gate.baseline import baseline_of
from opro_action.gate.check import SuiteCheck, overall
from opro_action.gate.fingerprint import fingerprint
from opro_action.gate.judge import judge
from opro_action.gate.matching import Matched, match_cases
from opro_action.gate.verdict import exit_code
from opro_action.models.usage import Usage
from opro_action.report.check import check_markdown, check_text
from opro_action.report.check_json import check_json
from opro_action.scoring.results import Answer, CaseResult, SuiteResult
from opro_action.suite.schemas import schema
from opro_action.suite.suite import Case, GateSpec, Suite

USAGE = Usage(calls=3, cached=1, retries=2, seconds=0.5).as_json()


def right(case: Case) -> Answer:
    return Answer(str(case.expected), 1.0, passed=True, explanation="as expected")


def wrong(case: Case) -> Answer:
    return Answer("\x1b[2J```\n::error::", 0.0, passed=False, explanation=f'expected "{case.expected}"')


def down(case: Case) -> Answer:
    return Answer("", None, passed=False, explanation="503 from the provider")


def checked(folder: Path, answer: Any, **keys: Any) -> SuiteCheck:
    """A check of 24 cases of which the baseline had all right."""
    cases = [{"id": f"c{i}", "input": f"t {i}", "expected": "a", **keys} for i in range(24)]
    suite = make_suite(folder, cases=cases)
    baseline = baseline_of(suite, results(suite, right), fingerprint(suite, suite.model))
    result = results(suite, answer)
    verdict = judge(result, suite.gate, match_cases(result, baseline))
    return SuiteCheck(suite, result, verdict, baseline, exit_code(verdict, suite.gate))


def results(suite: Suite, answer: Any) -> SuiteResult:
    return SuiteResult(tuple(CaseResult(case, (answer(case),)) for case in suite.cases))


def test_the_first_word_is_the_verdict_and_broken_cases_are_named_with_their_line(tmp_path: Path) -> None:
    text = check_text([checked(tmp_path, wrong)], USAGE)
    assert text.startswith("REGRESSED  evals/routing.yaml")
    assert '✗ c0 (evals/routing.yaml:5): expected "a"' in text
    assert "… and 14 more" in text


def test_the_text_cannot_steer_a_terminal(tmp_path: Path) -> None:
    text = check_text([checked(tmp_path, wrong)], USAGE)
    assert "\x1b" not in text
    assert "U+001B" in text


def test_the_report_of_a_failed_check_fits_one_screen(tmp_path: Path) -> None:
    assert len(check_text([checked(tmp_path, wrong)], USAGE).splitlines()) <= 24


def test_what_was_not_measured_says_so_first(tmp_path: Path) -> None:
    check = checked(tmp_path, down)
    assert check_text([check], USAGE).startswith("NOT MEASURED")
    assert check_markdown([check], USAGE).startswith("NOT MEASURED")


def test_markdown_holds_answers_in_a_fence_that_they_cannot_close(tmp_path: Path) -> None:
    markdown = check_markdown([checked(tmp_path, wrong)], USAGE)
    outside = markdown.split("````")[0::2]
    assert not any("::error::" in part for part in outside)


def test_json_validates_for_every_kind_of_result(tmp_path: Path) -> None:
    for answer in (right, wrong, down):
        jsonschema.validate(check_json([checked(tmp_path, answer)], USAGE), schema("result"))


def test_the_usage_line_says_calls_retries_cache_dollars_and_the_scorers_time(tmp_path: Path) -> None:
    text = check_text([checked(tmp_path, right)], {**USAGE, "cost_usd": None})
    assert text.endswith("3 calls, 2 retries, 1 from cache, cost unknown, 0.5 s, of it scorers 0.00 s\n")


def test_of_several_suites_the_worst_counts(tmp_path: Path) -> None:
    good, bad, unknown = (
        checked(tmp_path / name, answer) for name, answer in zip("gbu", (right, wrong, down), strict=True)
    )
    assert overall([good, good]) == ("unchanged", 0)
    assert overall([good, unknown]) == ("unmeasured", 3)
    assert overall([unknown, bad, good]) == ("regressed", 1)
    assert overall([good, replace(unknown, exit_code=4)]) == ("unmeasured", 4)


def test_without_a_baseline_and_under_the_floor_every_case_that_failed_is_named(tmp_path: Path) -> None:
    check = checked(tmp_path, wrong)
    for gate in (GateSpec(), GateSpec(min_score=0.9)):
        verdict = judge(check.result, gate, Matched(why_not="no baseline is recorded"))
        text = check_text([replace(check, verdict=verdict, baseline=None)], USAGE)
        assert '✗ c0 (evals/routing.yaml:5): expected "a"' in text
        assert "… and 14 more" in text
