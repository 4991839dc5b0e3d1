"""What the optimizer model reads, in each way and within its context."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from builders import make_suite

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.metaprompt import Large, large_text
from opro_action.search.showing import CHARS_PER_TOKEN, Brief
from opro_action.search.trajectory import Attempt, Trajectory, Way
from opro_action.suite.suite import Case, Suite

WAYS: tuple[Way, ...] = ("rewrite", "repair", "edit", "restart", "shorten")


def suite_of(folder: Path, **optimize: object) -> Suite:
    cases = [{"id": f"c{i}", "input": f"ticket number {i:02}", "expected": "ab"[i % 2]} for i in range(20)]
    return make_suite(folder, description="Sort tickets.", cases=cases, optimize=optimize)


def scored(suite: Suite, text: str, right: int, step: int = 0, *, met: int = 20) -> Attempt:
    def result(index: int, case: Case) -> CaseResult:
        passed = index < right
        explanation = "" if passed else f"expected {case.expected}, got no label"
        return CaseResult(case, (Answer("a" if passed else "nothing", float(passed), passed, explanation),))

    return Attempt(text, step).with_results([result(i, case) for i, case in enumerate(suite.cases[:met])])


def brief_of(suite: Suite, *others: Attempt, rejections: tuple[tuple[str, int], ...] = ()) -> Brief:
    trajectory = Trajectory(20, (scored(suite, "The seed.", 10), *others))
    return Brief(suite, trajectory, suite.cases, 1, rejections, WAYS)


def test_each_way_asks_for_something_else_and_all_want_the_same_tags(tmp_path: Path) -> None:
    drafts = Large().drafts(brief_of(suite_of(tmp_path)))
    assert [draft.way for draft in drafts] == list(WAYS)
    texts = [draft.messages[0].content for draft in drafts]
    assert len(set(texts)) == len(texts)
    assert all(re.search(r"<prompt>.*</prompt>\.?$", text, re.DOTALL) for text in texts)


def test_a_rewrite_reads_trajectory_exemplars_failures_and_rejections_in_this_order(tmp_path: Path) -> None:
    brief = brief_of(suite_of(tmp_path), rejections=(("too long", 2),))
    text = large_text(brief, "rewrite", "")
    heads = ["The task: Sort tickets.", "Prompts that were tried", "Examples of the task", "gets wrong", "too long (2)"]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)


def test_a_restart_is_shown_no_prompt_and_an_edit_the_best_one_alone(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    brief = brief_of(suite, scored(suite, "The best.", 15, 1))
    assert "The seed." not in large_text(brief, "restart", "")
    assert "The best." not in large_text(brief, "restart", "")
    edit = large_text(brief, "edit", "")
    assert "The best." in edit
    assert "The seed." not in edit


def test_a_score_from_a_part_of_the_cases_says_so_and_is_drawn_toward_the_best_prompts(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    lucky = scored(suite, "Lucky on eight cases.", 8, 1, met=8)
    behind = scored(suite, "Behind on eight cases.", 0, 1, met=8)
    text = large_text(brief_of(suite, lucky, behind), "rewrite", "")
    assert "Lucky on eight cases.\n</prompt>\nscore: 50 (from 8 of 20 cases)" in text
    assert "Behind on eight cases.\n</prompt>\nscore: 0 (from 8 of 20 cases)" in text
    assert "The seed.\n</prompt>\nscore: 50\n" in text


def test_the_place_of_the_prompt_is_shown_in_the_examples(tmp_path: Path) -> None:
    text = large_text(brief_of(suite_of(tmp_path)), "rewrite", "")
    assert "[PROMPT]\ninput: ticket number" in text


def test_one_mistake_is_shown_once_with_its_number_and_the_right_answer(tmp_path: Path) -> None:
    text = large_text(brief_of(suite_of(tmp_path)), "repair", "")
    assert text.count("answer: nothing\nright answer: a\nwrong because: expected a, got no label") == 1
    assert text.count("the same mistake in 5 cases") == 2


def test_cases_that_each_good_prompt_fails_are_named_once_there_are_three(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    two, three = (scored(suite, f"Prompt {i}.", 12, 1) for i in range(2))
    assert "each of the best prompts fails" not in large_text(brief_of(suite, two), "rewrite", "")
    assert "each of the best prompts fails (8 in all)" in large_text(brief_of(suite, two, three), "rewrite", "")


def test_a_case_that_stands_among_the_failures_is_not_shown_again_as_unsolved(tmp_path: Path) -> None:
    def text_with(**optimize: object) -> str:
        suite = suite_of(tmp_path, **optimize)
        return large_text(brief_of(suite, *[scored(suite, f"Prompt {i}.", 12, 1) for i in range(2)]), "repair", "")

    both = text_with()
    shown = re.findall(r"input: (ticket number \d+)\nanswer:", both)
    assert len(shown) == len(set(shown)) == 4  # one for each of two mistakes, and two unsolved ones
    assert len(re.findall(r"input: ticket number \d+\nanswer:", text_with(show=["unsolved"]))) == 2


@pytest.mark.parametrize("part", ["trajectory", "exemplars", "failures", "unsolved", "rejections"])
def test_every_part_can_be_switched_off(tmp_path: Path, part: str) -> None:
    heads = {
        "trajectory": "Prompts that were tried",
        "exemplars": "Examples of the task",
        "failures": "still gets wrong",
        "unsolved": "each of the best prompts fails",
        "rejections": "were not tried",
    }
    suite = suite_of(tmp_path, show=[name for name in heads if name != part])
    others = [scored(suite, f"Prompt {i}.", 12, 1) for i in range(2)]
    text = large_text(brief_of(suite, *others, rejections=(("empty", 1),)), "rewrite", "")
    assert [name for name, head in heads.items() if head not in text] == [part]


def test_a_message_fits_its_context_by_leaving_out_the_worst_prompts_first(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, context_tokens=700)
    others = [scored(suite, f"Prompt {i} " + "with many words " * 20, 10 + i % 8, 1) for i in range(18)]
    text = large_text(brief_of(suite, *others), "rewrite", "")
    assert len(text) <= 700 * CHARS_PER_TOKEN
    assert max(others, key=lambda one: one.score or 0).text in text
    assert "Write one new prompt" in text


def test_a_single_prompt_longer_than_the_context_is_shown_all_the_same(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, context_tokens=500)
    long = scored(suite, "word " * 1000, 20, 1)
    text = large_text(brief_of(suite, long), "rewrite", "")
    assert "word " * 999 in text
    assert "The seed." not in text


def test_another_seed_shows_other_exemplars_and_other_failures_of_a_mistake(tmp_path: Path) -> None:
    def shown(seed: int) -> set[str]:
        text = large_text(brief_of(suite_of(tmp_path, seed=seed)), "repair", "1 0")
        return set(re.findall(r"ticket number \d+", text))

    assert len({frozenset(shown(seed)) for seed in range(4)}) > 1
    assert shown(0) == shown(0)
