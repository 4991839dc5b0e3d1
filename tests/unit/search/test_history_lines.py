"""What a history gains, and that its lines can hold any text."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from builders import write

from opro_action.errors import FileError
from opro_action.search.history import Version, extended, read_history, to_lines

ONE = Version("a" * 64, "Some words.", 0.5, 20, "holdout", "2026-01-01T00:00:00Z", None, "not_shown", "optimizer", "f")


def test_a_version_gains_the_evidence_that_a_later_search_has_for_it() -> None:
    proven = replace(ONE, score=0.9, evidence="proven")
    assert extended([ONE], [proven]) == (ONE, proven)
    assert extended([ONE, proven], [proven, replace(ONE, at="2027-01-01T00:00:00Z")]) == (ONE, proven)


def test_the_files_own_prompt_is_not_added_beside_what_a_search_found() -> None:
    assert extended([ONE], [replace(ONE, evidence="", origin="file")]) == (ONE,)


def test_a_text_may_hold_any_line_separator(tmp_path: Path) -> None:
    one = replace(ONE, text="first\u2028second\u0085third")
    assert read_history(write(tmp_path / "h.jsonl", to_lines([one, ONE]))) == (one, ONE)


@pytest.mark.parametrize("field", ["text", "origin", "commit"])
def test_half_of_a_surrogate_pair_which_no_file_can_hold_is_refused_at_its_line(tmp_path: Path, field: str) -> None:
    broken = json.dumps({**asdict(ONE), field: "\ud800 words"})
    path = write(tmp_path / "h.jsonl", to_lines([ONE]) + broken)
    with pytest.raises(FileError, match=r"h\.jsonl:2: this line is no prompt version; delete it or restore it"):
        read_history(path)


def test_a_whole_surrogate_pair_is_one_character(tmp_path: Path) -> None:
    one = replace(ONE, text="\U0001f600")
    assert read_history(write(tmp_path / "h.jsonl", json.dumps(asdict(one)))) == (one,)
