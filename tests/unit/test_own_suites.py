"""The project's own suites: the example a newcomer opens first, and what the search is measured on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from opro_action.doctor.duplicates import duplicate_findings
from opro_action.doctor.examine import examine
from opro_action.doctor.strictness import expected_answer_findings
from opro_action.scoring.expected import kinds, labels
from opro_action.suite.discovery import find_suites
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Suite

ROOT = Path(__file__).parents[2]
OWN = {path.stem: path for path in find_suites(ROOT)}


@pytest.fixture(params=OWN)
def suite(request: pytest.FixtureRequest) -> Suite:
    return read_suite(OWN[request.param], root=ROOT)


def with_sealed_cases(suite: Suite, folder: Path) -> Suite:
    """The suite as it would be with the sealed cases in place of its own."""
    fields = yaml.safe_load(suite.path.read_text(encoding="utf-8"))
    sealed = yaml.safe_load((ROOT / "benchmarks" / "sealed" / suite.path.name).read_text(encoding="utf-8"))
    (folder / "prompt.md").write_text(suite.prompt.text, encoding="utf-8")
    path = folder / suite.path.name
    path.write_text(yaml.safe_dump({**fields, "prompt": "prompt.md", "cases": sealed}), encoding="utf-8")
    return read_suite(path, root=folder)


def test_there_are_four_with_labels_json_and_numbers() -> None:
    assert {read_suite(path, root=ROOT).scorers[0].name for path in OWN.values()} == {"choice", "json_equal", "number"}
    assert len(OWN) == 4


def test_each_has_enough_cases_for_a_search_and_a_decision(suite: Suite) -> None:
    assert len(suite.cases) >= 60


def test_the_doctor_misses_nothing_but_a_key(suite: Suite) -> None:
    examined = asyncio.run(examine(suite, None, holdout=suite.cases[:24]))
    assert {finding.code for finding in examined.findings} <= {"model-unavailable"}


def test_sealed_cases_are_of_the_same_kind_and_none_stands_in_the_suite(suite: Suite, tmp_path: Path) -> None:
    sealed = with_sealed_cases(suite, tmp_path)
    assert len(sealed.cases) == 40
    assert labels(sealed) == labels(suite)
    if labels(suite):
        assert set(kinds(sealed.cases)) == set(kinds(suite.cases))
    assert asyncio.run(expected_answer_findings(sealed)) == []
    assert duplicate_findings([*suite.cases, *sealed.cases]) == []
