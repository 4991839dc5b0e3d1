"""The journal: what a crash leaves can be read, and nothing that was paid for is paid again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from opro_action.errors import CallFailed, FileError, UsageError
from opro_action.models.model import Completion, Message, Request
from opro_action.models.scripted import ScriptedModel
from opro_action.search.journal import SCHEMA, Journal, Journaled, Past, check_same_search, read_journal


def begun(path: Path, past: Past | None = None) -> Journal:
    journal = Journal(path, past or Past(), clock=lambda: 1.5)
    journal.note("header", schema=SCHEMA, seed=0)
    return journal


def ask(text: str, repeat: int = 0) -> Request:
    return Request("scripted/m", (Message("user", text),), {"temperature": 1.0}, repeat)


def answer(journal: Journal, past: Past, model: ScriptedModel, *requests: Request) -> list[Completion]:
    async def all_of_them() -> list[Completion]:
        wrapped = Journaled(model, "task", journal, past)
        return [await wrapped.complete(request) for request in requests]

    return asyncio.run(all_of_them())


def test_a_finished_call_is_answered_from_the_journal_of_the_earlier_part(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    first = answer(journal, Past(), ScriptedModel(["yes", "no"]), ask("a"), ask("a", repeat=1))
    journal.close()
    past = read_journal(path)
    again = ScriptedModel(["new"])
    resumed = begun(path, past)
    assert [c.text for c in answer(resumed, past, again, ask("a"), ask("a", 1), ask("b"))] == ["yes", "no", "new"]
    resumed.close()
    assert [request.messages[0].content for request in again.requests] == ["b"]
    assert [c.text for c in first] == ["yes", "no"]
    assert len(read_journal(path).calls) == 3


def test_a_line_that_a_crash_tore_off_is_passed_over_and_cut_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    answer(journal, Past(), ScriptedModel(["yes"]), ask("a"))
    journal.close()
    with path.open("ab") as file:
        file.write('{"kind":"call","text":"ü'.encode()[:-1])
    past = read_journal(path)
    assert len(past.calls) == 1
    begun(path, past).close()
    assert path.read_bytes().endswith(b"}\n")
    assert len(read_journal(path).calls) == 1


def test_a_damaged_line_before_the_last_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    begun(path).close()
    path.write_text(path.read_text() + "garbage\n" + path.read_text())
    with pytest.raises(FileError, match=r"journal\.jsonl:2: the journal is damaged here"):
        read_journal(path)


@pytest.mark.parametrize("content", ["", "[]\n", '{"kind": "call"}\n', '{"kind": "header", "schema": "other/1"}\n'])
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(content)
    with pytest.raises(FileError, match="start again without --resume"):
        read_journal(path)


def test_a_decision_that_was_noted_is_not_noted_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    journal.note("step", step=1, replies=8)
    journal.close()
    resumed = begun(path, read_journal(path))
    resumed.note("step", step=1, replies=8)
    resumed.note("step", step=2, replies=8)
    resumed.close()
    assert len(path.read_text().splitlines()) == 3
    assert set(read_journal(path).steps) == {1, 2}


def test_only_calls_that_went_out_count_as_paid(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    answers = [Completion("a", cost_usd=0.5), Completion("b", cost_usd=0.5, cached=True)]
    answer(journal, Past(), ScriptedModel(answers), ask("a"), ask("b"))
    journal.close()
    assert [(role, call.text) for role, call in read_journal(path).paid] == [("task", "a")]


def test_another_search_cannot_take_over_a_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this changed after it began: seed, model"):
        check_same_search({"seed": 1, "suite": "s", "model": "m"}, {"seed": 0, "suite": "s"})


def test_an_answer_may_hold_any_line_separator(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    answer(journal, Past(), ScriptedModel(["one\u2028two\u0085three"]), ask("a"))
    journal.close()
    assert [call.text for call in read_journal(path).calls.values()] == ["one\u2028two\u0085three"]


def test_a_call_that_failed_before_the_last_step_fails_again_and_a_later_one_is_asked_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    for number, text in enumerate("ab", 1):
        with pytest.raises(CallFailed, match="overloaded"):
            answer(journal, Past(), ScriptedModel([CallFailed("overloaded")]), ask(text))
        if text == "a":
            journal.note("step", step=number, replies=8, candidates=8)
    journal.close()
    past, again = read_journal(path), ScriptedModel(["yes"])
    resumed = begun(path, past)
    with pytest.raises(CallFailed, match="overloaded"):
        answer(resumed, past, again, ask("a"))
    assert [one.text for one in answer(resumed, past, again, ask("b"))] == ["yes"]
    resumed.close()
