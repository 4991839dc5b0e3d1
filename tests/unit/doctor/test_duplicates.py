"""Cases that say the same, and cases that contradict each other."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_case, make_suite
from promptfoo.configs import HEAD, suite_of

from opro_action.doctor.duplicates import duplicate_findings, near_duplicates, same_inputs
from opro_action.suite.suite import Case, ScorerSpec

LONG = "My invoice of March shows the wrong address although I changed it in the settings last week, please correct it"


def ids(groups: list[tuple[Case, ...]]) -> list[list[str]]:
    return [[case.id for case in group] for group in groups]


def test_the_same_input_with_different_expected_answers_is_an_error_that_names_both_places() -> None:
    cases = [
        make_case("a", "Where is my invoice?", "billing", path=Path("cases.yaml"), line=3),
        make_case("b", "Where is my invoice? ", "bug", path=Path("cases.yaml"), line=9),
        make_case("c", "Something else", "bug"),
    ]
    [finding] = duplicate_findings(cases)
    assert (finding.severity, finding.code, finding.line) == ("error", "contradiction", 9)
    assert '`a` (cases.yaml:3) expects "billing" and `b` (cases.yaml:9) expects "bug"' in finding.what


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (make_case("a", expected="billing"), make_case("b", expected=" Billing")),
        (make_case("a", expected="billing"), make_case("b", expected=None)),
        (make_case("a", "ON", "upper"), make_case("b", "on", "lower")),
        (make_case("a", expected="x"), make_case("b", expected="y", scorers=(ScorerSpec("not_contains"),))),
        (make_case("a", expected="x", answer="x y"), make_case("b", expected="y", answer="y")),
    ],
)
def test_what_is_asked_or_graded_otherwise_is_no_contradiction(first: Case, second: Case) -> None:
    assert [found for found in duplicate_findings([first, second]) if found.severity == "error"] == []


@pytest.mark.parametrize("expected", ["assert: [{type: equals, value: '{{expected}}'}]", "vars: {more: m}"])
def test_tests_of_promptfoo_that_ask_the_same_are_held_against_each_other(tmp_path: Path, expected: str) -> None:
    tests = [
        f"{{vars: {{output: {q}, expected: {team}}}, assert: [{{type: equals, value: {team}}}]}}"
        for q, team in (("ant", "billing"), ("bee", "bug"), ("ant", "bug"), ("bee", "bug"))
    ]
    suite = suite_of(tmp_path, f"{HEAD}defaultTest: {{{expected}}}\ntests: [{', '.join(tests)}]\n")
    found = {finding.code: finding.what for finding in duplicate_findings(suite.cases, suite.prompt)}
    assert 'expects "billing"' in found["contradiction"]
    assert 'expects "bug"' in found["contradiction"]
    assert "1 of 4 cases repeat another" in found["repeated-cases"]


def test_an_answer_may_hold_two_texts_of_promptfoo(tmp_path: Path) -> None:
    tests = ", ".join(f"{{vars: {{output: ant}}, assert: [{{type: contains, value: {text}}}]}}" for text in "ab")
    suite = suite_of(tmp_path, f"{HEAD}tests: [{tests}]\n")
    assert duplicate_findings(suite.cases, suite.prompt) == []


def test_a_var_that_the_prompt_does_not_show_is_not_asked(tmp_path: Path) -> None:
    cases = [{"vars": {"q": "Where is it?", "note": note}, "expected": note} for note in ("billing", "bug")]
    suite = make_suite(tmp_path, cases=cases, prompt="Sort {{q}}\n")
    [finding] = duplicate_findings(suite.cases, suite.prompt)
    assert finding.code == "contradiction"


def test_one_repeat_of_many_is_a_note_and_many_are_a_warning() -> None:
    cases = [make_case(f"c{i}", f"ticket {i} about {'abcdefgh'[i % 8] * 5}") for i in range(40)]
    one = [*cases, replace(cases[0], id="again")]
    many = [*cases, *(replace(case, id=f"{case.id}-again") for case in cases[:6])]
    [note] = duplicate_findings(one)
    [warning] = duplicate_findings(many)
    assert (note.severity, warning.severity) == ("note", "warning")
    assert "1 of 41 cases repeat another, exactly or nearly (`again` like `c0`)" in note.what
    assert duplicate_findings(cases) == []


@pytest.mark.parametrize(
    "text",
    [
        LONG.upper(),
        LONG.replace(",", " -"),
        LONG + " now",
        LONG.replace("address", "name"),
    ],
)
def test_a_text_that_shares_most_runs_of_words_is_nearly_the_same(text: str) -> None:
    assert ids(near_duplicates([make_case("a", LONG), make_case("b", text)])) == [["a", "b"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ticket 17", "ticket 18"),
        ("What is 17 plus 25?", "What is 17 plus 26?"),
        (f"{LONG} (order 4711)", f"{LONG} (order 4712)"),
        ("I was charged twice", "I was charged once"),
        ("Hello", "Hello"),
        (LONG, LONG.split(" although")[0]),
    ],
)
def test_another_number_or_a_short_text_with_another_word_is_a_new_question(one: str, other: str) -> None:
    assert near_duplicates([make_case("a", one), make_case("b", other)]) == []


def test_scripts_without_spaces_are_compared_by_their_characters() -> None:
    text = "私の三月の請求書の住所が間違っています先週設定で変更しましたので訂正してください"
    changed = text.replace("訂正", "修正")
    assert ids(near_duplicates([make_case("a", text), make_case("b", changed)])) == [["a", "b"]]


def test_cases_with_several_vars_are_compared_by_all_of_them() -> None:
    def case(name: str, language: str) -> Case:
        return Case(id=name, vars={"text": "Bonjour", "to": language}, expected=language)

    assert same_inputs([case("a", "German"), case("b", "English")]) == []
    assert ids(same_inputs([case("a", "German"), case("b", "German")])) == [["a", "b"]]


@pytest.mark.parametrize("kind", ["different", "alike", "few words"])
def test_ten_thousand_cases_take_seconds(kind: str) -> None:
    words = [f"word{'abcdefghijklmnopqrstuvwxyz'[i % 26]}{'abcdefghijklmnopqrstuvwxyz'[i // 26]}" for i in range(676)]

    def text(i: int) -> str:
        if kind == "alike":
            return f"Classify the following review of our product as good or bad and say why, briefly: {words[i % 676]}"
        if kind == "few words":
            return " ".join(words[(i * k * k + i // 7) % 20] for k in range(1, 30))
        return "Please classify this review: " + " ".join(words[(i * k + k * k) % 676] for k in range(1, 30))

    began = time.monotonic()
    groups = near_duplicates([make_case(f"c{i}", text(i)) for i in range(10_000)])
    assert time.monotonic() - began < 20
    assert len(groups) == 1 or kind != "alike"
