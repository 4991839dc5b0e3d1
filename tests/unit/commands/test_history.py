"""`opro history` on a history file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from builders import write, write_suite
from command_line import opro

from opro_action.commands.history import HistoryOptions, history
from opro_action.commands.output import Output
from opro_action.errors import FileError, UsageError
from opro_action.search.history import Version, declined, extended, past_winners, read_history, to_lines

OLD = Version("a" * 64, "Old words.\n", 0.25, 20, "holdout", "2026-01-01T00:00:00Z", "c" * 40, "", "file", "f")
NEW = replace(OLD, digest="b" * 64, text="New words.\n", score=0.75, at="2026-01-02T00:00:00Z", evidence="proven")


def suite_with(folder: Path, *versions: Version) -> Path:
    write(folder / "evals" / "routing.history.jsonl", to_lines(versions))
    return write_suite(folder)


def test_versions_are_listed_newest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert history(HistoryOptions(suite_with(tmp_path, OLD, NEW))) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "bbbbbbbbbbbb  0.75 over 20 holdout cases  proven" in first
    assert "aaaaaaaaaaaa" in second


def test_json_has_every_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history(HistoryOptions(suite_with(tmp_path, OLD, NEW), output=Output(format="json")))
    assert json.loads(capsys.readouterr().out)[1]["commit"] == "c" * 40


def test_the_difference_of_two_versions_is_a_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history(HistoryOptions(suite_with(tmp_path, OLD, NEW), diff=("aaa", "bbb")))
    assert capsys.readouterr().out.splitlines()[-2:] == ["-Old words.", "+New words."]


def test_a_version_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no version has a digest that begins with 'ccc'"):
        history(HistoryOptions(suite_with(tmp_path, OLD), diff=("aaa", "ccc")))


def test_the_chart_has_a_point_per_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history(HistoryOptions(suite_with(tmp_path, OLD, NEW), chart=True))
    assert "line [0.2500, 0.7500]" in capsys.readouterr().out


def test_without_a_file_there_is_no_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert history(HistoryOptions(write_suite(tmp_path))) == 0
    assert capsys.readouterr().out == "no version is recorded yet\n"


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    suite = suite_with(tmp_path, OLD)
    write(tmp_path / "evals" / "routing.history.jsonl", to_lines([OLD]) + "<<<<<<< HEAD\n")
    with pytest.raises(FileError, match=r"routing\.history\.jsonl:2: this line is no prompt version"):
        history(HistoryOptions(suite))


@pytest.mark.parametrize(
    "change",
    [
        {"score": None},
        {"score": 7},
        {"score": float("nan")},
        {"n": "20"},
        {"text": " \n"},
        {"text": ["a"]},
        {"commit": 1},
    ],
)
def test_a_line_with_a_field_of_another_kind_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    suite = suite_with(tmp_path)
    lines = to_lines([OLD]) + json.dumps({**asdict(OLD), **change}) + "\n"
    write(tmp_path / "evals" / "routing.history.jsonl", lines)
    with pytest.raises(FileError, match=r"routing\.history\.jsonl:2: this line is no prompt version"):
        history(HistoryOptions(suite))


def test_a_file_in_another_encoding_is_named_with_the_line(tmp_path: Path) -> None:
    suite = suite_with(tmp_path)
    lines = to_lines([OLD, replace(OLD, text="Grüße.")]).encode("latin-1")
    write(tmp_path / "evals" / "routing.history.jsonl", lines)
    with pytest.raises(FileError, match=r"routing\.history\.jsonl:2: is not UTF-8 \(byte 0xfc\); save it as UTF-8"):
        history(HistoryOptions(suite))


def test_a_folder_is_no_history(tmp_path: Path) -> None:
    (tmp_path / "evals" / "routing.history.jsonl").mkdir(parents=True)
    with pytest.raises(FileError, match=r"routing\.history\.jsonl: is not a file"):
        history(HistoryOptions(write_suite(tmp_path)))


def test_a_history_outside_of_the_repository_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    suite = write_suite(tmp_path / "repo")
    link = tmp_path / "repo" / "evals" / "routing.history.jsonl"
    link.symlink_to(write(tmp_path / "outside.jsonl", to_lines([OLD])))
    with pytest.raises(FileError, match=r"routing\.history\.jsonl: leads out of the repository"):
        history(HistoryOptions(suite))


def test_the_chart_as_markdown_stands_above_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--chart", "--format=markdown", "--summary", tmp_path / "summary.md")
    _, out, _ = opro(capsys, "history", suite_with(tmp_path, OLD, NEW), *options)
    assert out.startswith("```mermaid\nxychart-beta\n")
    assert "\n```\n\n| when | version |" in out
    assert (tmp_path / "summary.md").read_text() == out


def test_the_difference_as_markdown_is_a_fence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = suite_with(tmp_path, OLD, replace(NEW, text="```\nNew words.\n```\n"))
    _, out, _ = opro(capsys, "history", suite, "--diff", "aaa", "bbb", "--format=markdown")
    assert out.startswith("````diff\n--- aaaaaaaaaaaa\n")
    assert out.endswith("+New words.\n+```\n````\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--chart", "--format=json"], "JSON lists the versions, so leave out --format json"),
        (["--diff", "a", "b", "--format=json"], "JSON lists the versions, so leave out --format json"),
        (["--diff", "a", "b", "--chart"], "--diff and --chart: name one of them"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    code, out, err = opro(capsys, "history", suite_with(tmp_path, OLD, NEW), *options)
    assert (code, out, said in err) == (2, "", True)


def test_a_chart_without_versions_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert opro(capsys, "history", write_suite(tmp_path), "--chart")[1] == "no version is recorded yet\n"


def test_what_was_measured_the_same_way_before_is_not_added_again() -> None:
    again, elsewhere = replace(OLD, at="2027-01-01T00:00:00Z"), replace(OLD, fingerprint="g")
    assert extended([OLD], [again, elsewhere]) == (OLD, elsewhere)


def test_past_winners_are_what_searches_found_best_first() -> None:
    better = replace(NEW, text="Best words.\n", score=0.9, evidence="promising")
    lost = replace(NEW, text="Lost words.\n", score=0.95, evidence="not_shown")
    assert past_winners([OLD, NEW, better, lost]) == ("Best words.\n", "New words.\n")


def test_a_version_can_be_turned_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = suite_with(tmp_path, OLD, NEW)
    assert opro(capsys, "history", suite, "--decline", "bbb")[0] == 0
    versions = read_history(tmp_path / "evals" / "routing.history.jsonl")
    assert versions[:2] == (OLD, NEW)
    assert versions[2] == replace(NEW, evidence="declined", at=versions[2].at)
    assert (declined(versions), past_winners(versions)) == (("New words.\n",), ())


def test_turning_it_down_twice_adds_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = suite_with(tmp_path, OLD, NEW)
    opro(capsys, "history", suite, "--decline", "bbb")
    _, out, err = opro(capsys, "history", suite, "--decline", "bbb")
    assert (out.count("declined"), err) == (1, "")


def test_it_says_that_the_file_has_to_be_committed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = opro(capsys, "history", suite_with(tmp_path, NEW), "--decline", "bbb")
    assert "bbbbbbbbbbbb is turned down: commit this file" in err


def test_a_version_that_is_not_there_cannot_be_turned_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = opro(capsys, "history", suite_with(tmp_path, NEW), "--decline", "ccc")
    assert (code, "no version has a digest that begins with 'ccc'" in err) == (2, True)


def test_the_chart_has_no_second_point_for_a_version_that_was_turned_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history(HistoryOptions(suite_with(tmp_path, OLD, NEW, replace(NEW, evidence="declined")), chart=True))
    assert "line [0.2500, 0.7500]" in capsys.readouterr().out
