"""Few-shot examples: a marked section, from cases that nothing is scored on."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_case, make_suite
from search_world import World, make_setup, tagged

from opro_action.errors import UsageError
from opro_action.search.candidates import LEAK, Rules, rejection
from opro_action.search.demos import (
    demo_section,
    section_of,
    set_aside,
    showable,
    shown_in,
    with_section,
    without_demos,
)
from opro_action.search.split import split_cases
from opro_action.suite.prompt import Frame, Prompt
from opro_action.suite.suite import Case

POOL = (make_case("a", "I was charged twice", "billing"), make_case("b", "It crashes at once", "bug"))
SECTION = demo_section(POOL)


def test_the_section_ends_a_system_message_and_stands_before_the_placeholders_of_another() -> None:
    assert with_section("Name the team.", SECTION, Frame()).endswith("answer: bug\n</solved_examples>")
    text = with_section("Name the team.\n\nTicket: {{input}}\nTeam:", SECTION, Frame())
    assert text.startswith("Name the team.\n\n<solved_examples>\ninput: I was charged twice\nanswer: billing\n")
    assert text.endswith("</solved_examples>\n\nTicket: {{input}}\nTeam:")


@pytest.mark.parametrize("text", ["Name the team.", "Do it.\n\nTicket: {{input}}\nTeam:", "{{input}}", "a\n\n\nb"])
def test_taking_the_section_out_gives_the_text_back(text: str) -> None:
    assert without_demos(with_section(text, SECTION, Frame())) == text
    assert without_demos(text) == text


def test_a_prompt_has_one_section_however_often_it_is_exchanged() -> None:
    once = with_section("Name the team.", SECTION, Frame())
    other = with_section(once, demo_section(POOL[:1]), Frame())
    assert other.count("<solved_examples>") == 1
    assert section_of(other) == demo_section(POOL[:1])


def test_a_case_whose_text_holds_a_placeholder_or_that_has_no_answer_cannot_be_an_example() -> None:
    assert showable(POOL[0], Frame())
    assert not showable(make_case("c", "say {{name}}", "bug"), Frame())
    assert not showable(make_case("d", "a case", None), Frame())


def test_only_cases_of_the_pool_may_be_quoted_and_only_in_the_section() -> None:
    rules = Rules.around(Prompt(Path("p.md"), "Name the team."), (), None, demos=POOL)
    assert rejection(with_section("Name it.", SECTION, Frame()), rules, ()) is None
    assert rejection("Name it. I was charged twice is billing.", rules, ()) == LEAK


def test_a_section_that_shows_a_case_of_the_holdout_is_a_leak() -> None:
    holdout = (make_case("h", "The page never loads", "bug"),)
    rules = Rules.around(Prompt(Path("p.md"), "Name the team."), holdout, None, demos=POOL)
    smuggled = with_section("Name it.", demo_section((*POOL, *holdout)), Frame())
    assert not shown_in(smuggled, POOL)
    assert rejection(smuggled, rules, ()) == LEAK


def test_the_section_of_the_files_prompt_may_stay_when_its_cases_have_changed() -> None:
    stale = with_section(
        "Name the team.", demo_section((*POOL, make_case("old", "The page never loads", "bug"))), Frame()
    )
    now = (make_case("old", "The page never loads", "feature"),)
    rules = Rules.around(Prompt(Path("p.md"), stale), now, None, demos=POOL)
    section = section_of(stale)
    assert section is not None
    assert rejection(with_section("Say which team should handle it.", section, Frame()), rules, ()) is None
    assert rejection("Name it: the page never loads.", rules, ()) == LEAK


def test_a_twin_of_an_example_is_scored_by_nobody_either(tmp_path: Path) -> None:
    cases = [{"id": f"{label}{i}", "input": f"input {i:02}", "expected": label} for i in range(30) for label in "ab"]
    suite = make_suite(tmp_path, cases=cases, optimize={"demos": 2})
    split = set_aside(split_cases(suite.cases, holdout=None, seed=0), suite)
    shown = {case.asked for case in split.demos}
    assert shown
    assert not any(case.asked in shown for case in (*split.search, *split.holdout))


def test_a_search_races_examples_from_the_search_split_and_scores_nothing_on_them(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, cases=60, candidates=4, steps=3, demos=2, patience=9)
    pool = {case.id for case in setup.split.demos}
    plain = split_cases(setup.suite.cases, holdout=0.4, seed=0)
    assert pool <= {case.id for case in plain.search}
    assert setup.split.holdout == plain.holdout

    def right(text: str, case: Case) -> bool:
        return section_of(text) is not None or int(case.id[1:]) % 4 == 0

    world = World([tagged(f"p{i}") for i in range(12)], right)
    outcome = world.play(setup)
    assert section_of(outcome.best.text) is not None
    assert outcome.best.way in {"demos", "rewrite", "repair", "edit", "restart"}
    assert not any(case.id in pool for ask in world.scored for case in ask.cases)
    assert outcome.evidence is not None
    assert outcome.evidence.evidence == "proven"


def test_rewrites_keep_the_examples_of_the_best_prompt(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, cases=60, candidates=4, steps=4, demos=2, patience=9)

    def right(text: str, case: Case) -> bool:
        return int(case.id[1:]) % 10 < (7 if section_of(text) else 3)

    outcome = World([tagged(f"p{i}") for i in range(20)], right).play(setup)
    later = [one for one in outcome.trajectory.candidates if one.step == 4 and one.way != "demos"]
    assert later
    assert all(section_of(one.text) for one in later)


def test_the_files_own_examples_are_scored_by_nobody(tmp_path: Path) -> None:
    cases = [{"id": f"c{i}", "input": f"the input number {i:02}", "expected": "ab"[i % 2]} for i in range(20)]
    section = demo_section([Case("x", {"input": "the input number 03"}, "b")])
    suite = make_suite(tmp_path, prompt=with_section("Name it.", section, Frame()) + "\n", cases=cases)
    split = set_aside(split_cases(suite.cases, holdout=None, seed=0), suite)
    assert [case.id for case in split.demos] == ["c3"]


def test_too_few_cases_for_examples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"8 demos \(optimize.demos\) need 16 cases .* which has 12: add cases"):
        make_setup(tmp_path, cases=20, demos=8)
