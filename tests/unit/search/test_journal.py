"""The journal: what a crash leaves can be read, and nothing that was paid for is paid again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from opro_action.errors import CallFailed, FileError, UsageError
from opro_action.models.model import Completion, Message, Request
from opro_action.models.scripted import ScriptedModel
from opro_action.search.journal import SCHEMA, Journal, Journaled, Meter, Past, check_same_search, read_journal


def begun(path: Path, past: Past | None = None) -> Journal:
    journal = Journal(path, past or Past(), meter=lambda: Meter(1.5))
    journal.note("header", schema=SCHEMA, seed=0)
    return journal


def ask(text: str, repeat: int = 0) -> Request:
    return Request("scripted/m", (Message("user", text),), {"temperature": 1.0}, repeat)


def answer(journal: Journal, model: ScriptedModel, *requests: Request) -> list[Completion]:
    async def all_of_them() -> list[Completion]:
        wrapped = Journaled(model, "task", journal)
        return [await wrapped.complete(request) for request in requests]

    return asyncio.run(all_of_them())


def test_a_finished_call_is_answered_from_the_journal_of_the_earlier_part(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    first = answer(journal, ScriptedModel(["yes", "no"]), ask("a"), ask("a", repeat=1))
    journal.close()
    past = read_journal(path)
    again = ScriptedModel(["new"])
    resumed = begun(path, past)
    assert [c.text for c in answer(resumed, again, ask("a"), ask("a", 1), ask("b"))] == ["yes", "no", "new"]
    resumed.close()
    assert [request.messages[0].content for request in again.requests] == ["b"]
    assert [c.text for c in first] == ["yes", "no"]
    assert len(read_journal(path).calls) == 3


def test_a_line_that_a_crash_tore_off_is_passed_over_and_cut_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    answer(journal, ScriptedModel(["yes"]), ask("a"))
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
    answer(journal, ScriptedModel(answers), ask("a"), ask("b"))
    journal.close()
    assert [(role, call.text) for role, call in read_journal(path).paid] == [("task", "a")]


def test_a_paid_call_that_was_asked_once_more_from_the_cache_stays_paid(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    answers = [Completion("a", cost_usd=0.5), Completion("a", cost_usd=0.0, cached=True)]
    answer(journal, ScriptedModel(answers), ask("a"), ask("a"))
    journal.close()
    assert [call.cost_usd for _, call in read_journal(path).paid] == [0.5]


def test_what_was_spent_is_what_the_meter_said_last_also_on_calls_that_failed(tmp_path: Path) -> None:
    path, used = tmp_path / "journal.jsonl", [Meter(1, 1, 0.5), Meter(2, 4, 0.75)]
    journal = Journal(path, Past(), meter=lambda: used.pop(0))
    journal.note("header", schema=SCHEMA)
    with pytest.raises(CallFailed):
        answer(journal, ScriptedModel([CallFailed("overloaded")]), ask("a"))
    journal.close()
    assert read_journal(path).meter == Meter(2, 4, 0.75)


def test_a_call_that_failed_and_was_answered_later_does_both_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    with pytest.raises(CallFailed):
        answer(journal, ScriptedModel([CallFailed("overloaded")]), ask("a"))
    journal.asked += 1
    answer(journal, ScriptedModel(["yes"]), ask("a"))
    journal.close()
    resumed = begun(path, read_journal(path))
    with pytest.raises(CallFailed, match="overloaded"):
        answer(resumed, ScriptedModel([]), ask("a"))
    assert [one.text for one in answer(resumed, ScriptedModel([]), ask("a"))] == ["yes"]
    resumed.close()


def test_no_call_of_a_run_that_has_ended_is_asked_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    with pytest.raises(CallFailed):
        answer(journal, ScriptedModel([CallFailed("overloaded")]), ask("a"))
    journal.note("end", evidence="promising")
    journal.close()
    resumed = begun(path, read_journal(path))
    with pytest.raises(CallFailed, match="overloaded"):
        answer(resumed, ScriptedModel(["yes"]), ask("a"))
    resumed.close()


def test_another_search_cannot_take_over_a_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this changed after it began: seed, model"):
        check_same_search({"seed": 1, "suite": "s", "model": "m"}, {"seed": 0, "suite": "s"})


def test_an_answer_may_hold_any_line_separator(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    answer(journal, ScriptedModel(["one\u2028two\u0085three"]), ask("a"))
    journal.close()
    assert [call.text for call in read_journal(path).calls.values()] == ["one\u2028two\u0085three"]


def test_in_an_older_journal_a_call_fails_again_that_failed_before_the_last_step_was_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    for number, text in enumerate("ab", 1):
        with pytest.raises(CallFailed, match="overloaded"):
            answer(journal, ScriptedModel([CallFailed("overloaded")]), ask(text))
        if text == "a":
            journal.note("step", step=number, replies=8, candidates=8)
    journal.close()
    past, again = read_journal(path), ScriptedModel(["yes"])
    resumed = begun(path, past)
    with pytest.raises(CallFailed, match="overloaded"):
        answer(resumed, again, ask("a"))
    assert [one.text for one in answer(resumed, again, ask("b"))] == ["yes"]
    resumed.close()


def fail(journal: Journal, *texts: str) -> None:
    for text in texts:
        with pytest.raises(CallFailed, match="overloaded"):
            answer(journal, ScriptedModel([CallFailed("overloaded")]), ask(text))


def test_a_call_fails_again_once_a_later_question_was_answered_and_is_asked_anew_before(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    fail(journal, "a")
    answer(journal, ScriptedModel(["yes"]), ask("b"))
    assert read_journal(path).failures == {}
    journal.asked += 1
    journal.note("step", step=2, candidates=8)
    fail(journal, "c")
    assert read_journal(path).failures == {}
    answer(journal, ScriptedModel(["yes"]), ask("d"))
    journal.close()
    assert list(read_journal(path).failures.values()) == [["overloaded"]]


def test_what_a_resumed_run_asked_anew_does_not_fail_again_and_what_failed_then_does(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    fail(journal, "a", "b")
    journal.close()
    resumed = begun(path, read_journal(path))
    resumed.write("resumed")
    answer(resumed, ScriptedModel(["yes"]), ask("a"))
    fail(resumed, "b")
    resumed.asked += 1
    answer(resumed, ScriptedModel(["yes"]), ask("c"))
    resumed.close()

    again, model = begun(path, read_journal(path)), ScriptedModel(["now"])
    assert [one.text for one in answer(again, model, ask("a"))] == ["yes"]
    with pytest.raises(CallFailed, match="overloaded"):
        answer(again, model, ask("b"))
    again.close()
    assert model.requests == []


def test_every_failure_before_the_holdout_was_looked_at_counts_as_built_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = begun(path)
    fail(journal, "a")
    journal.note("decision", digest="d", bounds={"steps": 3})
    fail(journal, "b")
    journal.close()
    past = read_journal(path)
    assert list(past.failures.values()) == [["overloaded"]]
    assert past.decision is not None
    assert past.decision["bounds"] == {"steps": 3}
