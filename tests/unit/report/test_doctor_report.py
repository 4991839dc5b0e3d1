"""The report of an examination: findings first to last, with their places, and the numbers behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
from builders import make_suite

from opro_action.doctor.examine import Examination, Facts
from opro_action.doctor.finding import Finding
from opro_action.doctor.noise import Noise
from opro_action.models.usage import Usage
from opro_action.report.doctor import doctor_json, doctor_markdown, doctor_text, overall
from opro_action.scoring.constants import Constant
from opro_action.scoring.selfcheck import Earned
from opro_action.suite.schemas import schema

USAGE = Usage(calls=3, cached=1, seconds=0.5).as_json()
NOISE = Noise(20, 3, 2, 0.1, 0.3)
BARE = Facts(60, 3, True, 1 / 3, 5 / 60, 250, 24, 5 / 24, 9, Earned(Constant("one label", "bug"), 1 / 3, 1 / 3, 60))
FULL = replace(BARE, sampled=20, score=0.45, model_noise=NOISE, judge_noise=NOISE)
EMPTY = Facts(3, 0, False, None, None, None, 0, None, 0, None)


def examination(folder: Path, *findings: Finding, facts: Facts = FULL) -> Examination:
    return Examination(make_suite(folder), findings, facts)


def finding(folder: Path, severity: str = "error", what: str = "It is so.") -> Finding:
    return Finding(severity, "scorer-beaten", what, "Change it.", folder / "evals" / "routing.yaml", 3)  # type: ignore[arg-type]


def test_a_finding_names_severity_place_what_and_what_to_do(tmp_path: Path) -> None:
    text = doctor_text([examination(tmp_path, finding(tmp_path), finding(tmp_path, "note"))], USAGE)
    assert text.startswith("1 ERROR, 1 NOTE  evals/routing.yaml  (scripted/test)\n")
    assert "  error  evals/routing.yaml:3: It is so. [scorer-beaten]\n      → Change it.\n" in text


def test_the_numbers_are_said_whether_anything_was_found_or_not(tmp_path: Path) -> None:
    text = doctor_text([examination(tmp_path)], USAGE)
    assert text.startswith("OK  evals/routing.yaml")
    assert "60 cases, 3 expected answers, chance 0.33" in text
    assert "a drop of 8.3 points (250 cases could show max_drop); the holdout of 24 can prove a gain of 20.8" in text
    assert "of 9 constant answers the best, 'bug', scores 0.33" in text
    assert "sample of 20 cases: score 0.45" in text
    assert "asked twice: 18 of 20 scores agree, on average they differ by 10.0 points" in text
    assert "judged twice: 18 of 20" in text


def test_what_is_not_known_is_not_a_number(tmp_path: Path) -> None:
    text = doctor_text([examination(tmp_path, facts=EMPTY)], USAGE)
    assert "3 cases, none says what answer it expects" in text
    assert "the gate can show no drop; the holdout of 0 can prove no gain" in text
    assert "every scorer asks a model" in text
    assert "noise and headroom: not measured" in text


def test_json_validates_in_all_forms(tmp_path: Path) -> None:
    found = [
        examination(tmp_path, finding(tmp_path), Finding("note", "x", "y", "z")),
        examination(tmp_path, facts=EMPTY),
        examination(tmp_path, facts=BARE),
    ]
    value = doctor_json(found, USAGE)
    jsonschema.validate(value, schema("doctor"))
    assert value["exit_code"] == overall(found) == 1
    assert value["suites"][0]["findings"][0]["path"] == "evals/routing.yaml"
    assert value["suites"][0]["facts"]["best_constant"] == {"answer": "bug", "kind": "one label", "score": 0.333333}


def test_text_from_files_cannot_steer_a_terminal_or_a_page(tmp_path: Path) -> None:
    evil = finding(tmp_path, what="\x1b[2J | <img> @team\n::error::")
    text = doctor_text([examination(tmp_path, evil)], USAGE)
    markdown = doctor_markdown([examination(tmp_path, evil)], USAGE)
    assert "\x1b" not in text
    assert "\n::error::" not in text
    assert "<img>" not in markdown
    assert "\n::error::" not in markdown


def test_markdown_has_a_table_of_findings_only_where_there_are_some(tmp_path: Path) -> None:
    markdown = doctor_markdown([examination(tmp_path, finding(tmp_path)), examination(tmp_path)], USAGE)
    assert markdown.count("| severity | where | what | what to do |") == 1
    assert "| error | `evals/routing.yaml:3` | It is so. | Change it. |" in markdown
    assert "**OK** `evals/routing.yaml`" in markdown
