"""The colour of the step, its outputs and its summary, from what the commands left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from action_world import inputs_env

from opro_action.action.conclude import Conclusion, conclude, why
from opro_action.action.inputs import read_inputs
from opro_action.action.job import Job
from opro_action.action.outputs import outputs_of
from opro_action.action.process import Done
from opro_action.action.summary import job_summary


def suite_result(**changes: Any) -> dict[str, Any]:
    suite = {"suite": "evals/a.yaml", "verdict": "unchanged", "reason": "same", "score": 0.5, "delta": None}
    return {**suite, "baseline": None, **changes}


def check(*suites: Mapping[str, Any], exit_code: int = 0, verdict: str = "unchanged", words: str = "") -> Done:
    return Done("check", exit_code, words, {"verdict": verdict, "suites": suites} if suites else {})


def search(exit_code: int = 0, **changes: Any) -> Done:
    best = {"text": "new", "holdout_score": 0.8}
    result = {"accepted": True, "best": best, "seed_holdout_score": 0.25, "delta": 0.55, **changes}
    return Done("optimize", exit_code, "words", {} if exit_code else result)


def concluded(check: Done | None, *searches: Done, job: Job | None = None, **inputs: str) -> Conclusion:
    return conclude(read_inputs(inputs_env(mode="auto", **inputs)), job or Job(), check, searches)


REGRESSED = check(suite_result(verdict="regressed", reason="3 cases broke"), exit_code=1, verdict="regressed")
UNKNOWN = check(suite_result(verdict="inconclusive", reason="a small drop"), verdict="inconclusive")
NO_KEY = check(exit_code=3, words="No key for openai/m")


@pytest.mark.parametrize(
    ("done", "inputs", "code", "why"),
    [
        (check(suite_result()), {}, 0, ""),
        (REGRESSED, {}, 1, "evals/a.yaml: regressed, 3 cases broke"),
        (REGRESSED, {"fail_on": "never"}, 0, "evals/a.yaml: regressed, 3 cases broke"),
        (UNKNOWN, {}, 0, ""),
        (UNKNOWN, {"fail_on": "inconclusive"}, 1, "evals/a.yaml: inconclusive, a small drop"),
        (NO_KEY, {}, 3, "No key for openai/m"),
        (NO_KEY, {"fail_on": "never"}, 3, "No key for openai/m"),
        (NO_KEY, {"on_unmeasured": "warn"}, 0, "NOT MEASURED: No key for openai/m"),
        (check(exit_code=2, words="a.yaml:3: no such key"), {"fail_on": "never"}, 2, "a.yaml:3: no such key"),
        (check(exit_code=70), {}, 70, "opro check ended with exit code 70"),
    ],
)
def test_a_check_decides_the_colour_of_its_step(done: Done, inputs: dict[str, str], code: int, why: str) -> None:
    assert concluded(done, job=None, **inputs) == Conclusion(code, why)


def test_without_a_key_the_pull_request_of_a_fork_is_not_red_unless_that_is_wanted() -> None:
    job = Job(cannot_write=True)
    assert concluded(NO_KEY, job=job).exit_code == 0
    assert concluded(NO_KEY, job=job, on_unmeasured="fail").exit_code == 3


def test_a_search_that_fails_does_not_hide_the_verdict_of_the_check() -> None:
    assert concluded(REGRESSED, search(4)).why == "evals/a.yaml: regressed, 3 cases broke"
    assert concluded(check(suite_result()), search(), search(4)) == Conclusion(4, "words")
    assert concluded(None, search(2)) == Conclusion(2, "words")
    assert concluded(None, search(3), on_unmeasured="warn") == Conclusion(0, "NOT MEASURED: words")


def test_a_red_step_names_the_suites_that_made_it_red() -> None:
    done = check(suite_result(verdict="regressed", reason="r"), suite_result(suite="b"))
    assert why(done) == "evals/a.yaml: regressed, r"


def test_the_outputs_of_a_check_of_one_suite_hold_its_numbers() -> None:
    suite = suite_result(verdict="regressed", score=0.25, delta=-0.5, baseline={"score": 0.75})
    assert outputs_of(check(suite, verdict="regressed"), []) == {
        "verdict": "regressed",
        "score": "0.25",
        "baseline-score": "0.75",
        "delta": "-0.5",
        "regressed": "true",
    }


def test_the_outputs_of_a_check_of_two_suites_hold_no_single_score() -> None:
    outputs = outputs_of(check(suite_result(), suite_result(verdict="improved")), [])
    assert (outputs["score"], outputs["delta"], outputs["regressed"]) == ("", "", "false")


def test_a_suite_that_was_not_measured_has_no_score_rather_than_zero() -> None:
    assert outputs_of(check(suite_result(score=None)), [])["score"] == ""
    assert outputs_of(check(suite_result(score=0.0)), [])["score"] == "0"
    assert outputs_of(NO_KEY, []) == {"verdict": "unmeasured"}


def test_the_outputs_of_a_search_are_those_of_the_holdout() -> None:
    assert outputs_of(None, [search()]) == {
        "score": "0.8",
        "baseline-score": "0.25",
        "delta": "0.55",
        "accepted": "true",
    }
    assert outputs_of(None, [search(accepted=False, best=None)])["score"] == ""
    assert outputs_of(None, [search(), search(accepted=False)])["score"] == ""
    assert outputs_of(None, [search(3)]) == {
        "score": "", "baseline-score": "", "delta": "", "accepted": "false", "verdict": "unmeasured",
    }  # fmt: skip


def test_after_a_check_and_a_search_the_scores_are_those_of_the_check() -> None:
    outputs = outputs_of(check(suite_result(score=0.3), verdict="regressed"), [search()])
    assert (outputs["score"], outputs["accepted"], outputs["verdict"]) == ("0.3", "true", "regressed")


def test_the_first_words_of_a_summary_without_a_measurement_are_not_measured() -> None:
    assert job_summary([NO_KEY]) == "NOT MEASURED by `opro check`\n\n```text\nNo key for openai/m\n```\n"
    reported = Done("check", 0, summary="# Report\n")
    assert job_summary([reported, Done("optimize", 3, "no key")]).startswith("NOT MEASURED\n\n# Report\n")
    assert job_summary([Done("check", 3, summary="NOT MEASURED\n\n| a |\n")]) == "NOT MEASURED\n\n| a |\n"


def test_a_run_that_ended_without_a_report_leaves_its_last_words_in_a_fence_that_they_cannot_close() -> None:
    summary = job_summary([Done("check", 2, "a.yaml:3: ``` is not a key")])
    assert summary == "`opro check` ended with exit code 2.\n\n````text\na.yaml:3: ``` is not a key\n````\n"


def test_a_check_that_had_nothing_to_check_says_so() -> None:
    assert job_summary([Done("check", 0, "No suite differs from HEAD.")]) == "No suite differs from HEAD.\n"
