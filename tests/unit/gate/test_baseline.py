import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.gate.gate_builders import baseline, case, result, scored, suite

from opro_action.errors import FileError, NotMeasured
from opro_action.gate.baseline import as_text, baseline_of, read_baseline, why_not_comparable, write_baseline
from opro_action.gate.fingerprint import fingerprint
from opro_action.scoring.results import SuiteResult
from opro_action.suite.suite import ModelSpec

ACCEPTED = result({"b": 1.0, "a": 1 / 3, "c": 0.0})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evals" / "demo.baseline.json"


def rewritten(path: Path, **changes: Any) -> None:
    write_baseline(path, baseline(ACCEPTED))
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_written_is_read_back(path: Path) -> None:
    written = baseline(ACCEPTED, "Say »yes«.\nNothing else.")
    write_baseline(path, written)

    assert read_baseline(path) == written


def test_the_prompts_text_is_kept_so_that_a_search_can_bring_it_back(path: Path) -> None:
    write_baseline(path, baseline(ACCEPTED, "The old\nwording."))
    found = read_baseline(path)

    assert found is not None
    assert found.text == "The old\nwording."
    assert found.prompt_digest == suite("The old\nwording.").prompt.digest


def test_recording_the_same_result_again_in_another_order_changes_no_byte(path: Path) -> None:
    write_baseline(path, baseline(ACCEPTED))
    first = path.read_bytes()
    write_baseline(path, baseline(SuiteResult(ACCEPTED.cases[::-1])))

    assert path.read_bytes() == first


def test_each_case_has_a_line_of_its_own_sorted_and_rounded() -> None:
    lines = [line for line in as_text(baseline(ACCEPTED)).splitlines() if '"passed"' in line]

    assert [json.loads(line.rstrip(","))["id"] for line in lines] == ["a", "b", "c"]
    assert json.loads(lines[0].rstrip(","))["score"] == 0.333333
    assert as_text(baseline(ACCEPTED)).endswith("}\n")


def test_cases_that_could_not_be_scored_are_left_out() -> None:
    accepted = result([1.0] * 39 + [None])

    assert baseline(accepted).n == 39


def test_an_unmeasured_result_cannot_become_the_baseline() -> None:
    demo, partly = suite(), SuiteResult((scored(case("a"), 1.0), scored(case("b"), None)))

    with pytest.raises(NotMeasured, match="1 of 2 cases could not be scored"):
        baseline_of(demo, partly, fingerprint(demo, demo.model))


def test_no_file_is_no_baseline(path: Path) -> None:
    assert read_baseline(path) is None


def test_merge_marks_are_reported_with_their_line_and_the_remedy(path: Path) -> None:
    write_baseline(path, baseline(ACCEPTED))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], "<<<<<<< HEAD", *lines[3:]]))

    with pytest.raises(
        FileError, match=r"demo\.baseline\.json:4: the baseline cannot be used .*--update-baseline"
    ) as error:
        read_baseline(path)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "opro.baseline/2"}, "`schema` has to be the text `opro.baseline/1`"),
        ({"score": 1.5}, "`score` has to be at most 1"),
        ({"cases": []}, "`cases` is empty"),
        ({"extra": 1}, "`extra` is an unknown key"),
        ({"text": "Something else."}, "not the one that its scores were got with"),
        ({"score": float("nan")}, "NaN is not a number in JSON"),
        ({"text": "half of \ud83d\ude00: \ud83d"}, "surrogates not allowed"),
    ],
)
def test_a_baseline_that_was_edited_by_hand_is_refused(path: Path, change: dict[str, Any], words: str) -> None:
    rewritten(path, **change)

    with pytest.raises(FileError, match=words):
        read_baseline(path)


def test_a_case_named_twice_is_refused(path: Path) -> None:
    write_baseline(path, baseline(ACCEPTED))
    cases = json.loads(path.read_text())["cases"]
    rewritten(path, cases=[*cases, cases[0]])

    with pytest.raises(FileError, match="names a case twice"):
        read_baseline(path)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"[" * 100_000, b"[]", b"null"])
def test_bytes_that_are_no_baseline_are_one_sentence_and_no_traceback(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(FileError, match="the baseline cannot be used"):
        read_baseline(path)


def test_a_folder_in_its_place_is_one_sentence(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(FileError, match="cannot be read"):
        read_baseline(path)


def test_why_it_is_not_comparable_names_every_reason() -> None:
    demo = replace(suite(model=ModelSpec("openai/b", {"temperature": 0})), repeats=3)

    why = why_not_comparable(baseline(ACCEPTED), fingerprint(demo, demo.model))

    assert why == "the model was openai/a, is openai/b; the answers per case were 1, are 3"


def test_it_is_comparable_with_another_prompt_of_the_same_suite() -> None:
    demo = suite("Another prompt.")

    assert why_not_comparable(baseline(ACCEPTED), fingerprint(demo, demo.model)) is None
    assert why_not_comparable(None, fingerprint(demo, demo.model)) == "no baseline is recorded"
