"""The pull request's description: whatever a model wrote stays in fences, and a reader gets the evidence in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from model_texts import TOKEN, nasty, with_model_text
from plans import BEST_TEXT, SEED_TEXT, a_plan, unproven

from opro_action.report.description import LIMIT, body, commit_message, describe, state, title
from opro_action.report.marker import read_marker


def outside_fences(markdown: str) -> str:
    """The lines that are in no fenced code block, by CommonMark's rule for how one ends."""
    kept, fence = [], ""
    for line in re.split(r"\r\n|\r|\n", markdown):
        ticks = re.match(r" {0,3}(`{3,}|~{3,})(.*)$", line)
        if fence:
            if ticks and not ticks[2].strip() and ticks[1].startswith(fence):
                fence = ""
        elif ticks and not (ticks[1][0] == "`" and "`" in ticks[2]):
            fence = ticks[1]
        else:
            kept.append(line)
    assert not fence, "a fence is never closed"
    return "\n".join(kept)


@pytest.mark.parametrize("seed", range(60))
def test_model_text_stands_in_fences_only_and_the_marker_reads_back(seed: int) -> None:
    plan = with_model_text(nasty(seed))
    heading, text = describe(plan)
    assert TOKEN in text
    assert TOKEN not in outside_fences(text)
    assert TOKEN not in heading + commit_message(plan, base="b" * 40, tree="c" * 40)
    assert read_marker(text) == state(plan)
    assert "\0" not in text
    assert "\r" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("text", ["x" * 200_000, "x\n" * 100_000, "```\n" * 50_000, "👩" * 100_000])
def test_a_huge_text_leaves_out_whole_sections_only(text: str) -> None:
    plan = with_model_text(text)
    shown = body(plan)
    assert len(shown) <= LIMIT
    assert outside_fences(shown)
    assert "too long to show here" in shown
    assert "### Evidence" in shown
    assert read_marker(shown) == state(plan)


def test_what_is_needed_most_is_cut_last() -> None:
    plan = replace(a_plan(), made_with={**a_plan().made_with, "command": "x" * 70_000})
    shown = body(plan)
    assert "*Left out, it is too long to show here: how it was found.*" in shown
    assert "### Score history" in shown


def test_sections_that_fit_alone_but_not_together_are_cut_too() -> None:
    plan = a_plan("new " * 6_000, "old " * 6_000)
    shown = body(replace(plan, made_with={**plan.made_with, "command": "x" * 30_000}))
    assert 45_000 < len(shown) <= LIMIT
    assert "```diff" in shown
    assert "*Left out, it is too long to show here: how it was found.*" in shown


@pytest.mark.parametrize("text", ["@team", "Fixes #1", "<img src=x>", "<!-- x", "a | b\nc"])
def test_reasons_and_ids_are_no_markup_either(text: str) -> None:
    plan = a_plan(result={"reason": text, "stop_reason": text})
    plan = replace(plan, description=text, cases={**plan.cases, "fixed": [text], "broken": [text]})
    shown = re.sub(r"`[^`\n]*`", "", outside_fences(body(plan)))
    assert text not in shown
    assert not re.search(r"[@#]\w", shown.replace("### ", "").rsplit("<!--", 1)[0])


def test_the_first_sentence_is_the_verdict() -> None:
    assert body(a_plan()).splitlines()[0] == (
        "**Proven:** a new wording of `prompts/languages.md` scores **0.81**, where the present one scores **0.19**, "
        "on 26 cases that the search had never seen."
    )


def test_an_unproven_gain_says_so_with_p_first() -> None:
    plan = unproven(a_plan())
    assert body(plan).startswith("**Unproven (p = 0.11):** ")
    assert title(plan) == "Improve prompts/languages.md: 0.19 to 0.81 on unseen cases (unproven)"


def test_the_table_sets_the_seed_against_the_best_on_both_splits() -> None:
    text = body(a_plan())
    assert "| 26 | 0.19 | 0.81 | **+0.62** | +0.40 to +0.83 | 0.0004 |" in text
    assert "| 38 | 0.20 | 0.85 | +0.65 |" in text


def test_the_search_score_says_how_far_it_may_flatter() -> None:
    plan = a_plan()
    text = body(replace(plan, result={**plan.result, "best": {**plan.best, "expected_inflation": 0.034}}))
    assert "| 0.85 (about 0.03 too high) |" in text


def test_numbers_are_explained_in_words() -> None:
    text = body(a_plan())
    assert "0 is all wrong, 1 is all right" in text
    assert "about 1 in 2,500" in text
    assert "looks better than the truth" in text


def test_the_chart_and_the_table_have_the_same_numbers() -> None:
    text = body(a_plan())
    assert "line [0.2000, 0.8500]" in text
    assert "| 0 | 0.20 | 0 | 0 |" in text
    assert "| 1 | 0.85 | 8 | 1 |" in text


def test_a_higher_score_than_the_proposed_one_is_explained_below_the_chart() -> None:
    plan = a_plan()
    assert "taken for luck" not in body(plan)
    steps = [*plan.steps, {"step": 2, "best_score": 0.90, "tried": 4, "rejected": 0}]
    assert "As the chart shows, the highest search score was 0.90, but prompts like it do worse" in body(
        replace(plan, steps=steps)
    )


def test_the_history_is_newest_first() -> None:
    text = body(a_plan())
    assert text.index("2026-01-02") < text.index("2026-01-01")
    assert "`aaaaaaaaaaaa`" in text


def test_the_diff_shows_both_texts() -> None:
    assert f"-{SEED_TEXT}\n+{BEST_TEXT}\n" in body(a_plan())


def test_fixed_and_broken_cases_are_named() -> None:
    text = body(a_plan())
    assert "* newly right: 2: `fr-1`, `de-2`" in text
    assert "* newly wrong: 1: `en-3`" in text


def test_a_broken_must_pass_case_stands_out() -> None:
    plan = a_plan()
    text = body(replace(plan, cases={**plan.cases, "broken_must_pass": ["en-3"]}))
    assert "**newly wrong, and marked as must-pass**: 1: `en-3`" in text


def test_many_cases_are_counted_not_listed() -> None:
    plan = a_plan()
    text = body(replace(plan, cases={**plan.cases, "fixed": [f"case-{number}" for number in range(2000)]}))
    assert "and 1,950 more" in text


def test_how_it_was_found_is_told() -> None:
    text = body(a_plan())
    for fact in (
        "`local/smollm2-135m`",
        "1 scored, 1 turned down",
        "1 × leak",
        "640",
        "51,000",
        "$0.12",
        "1.6 minutes",
    ):
        assert fact in text
    assert "```sh\nopro optimize evals/languages.yaml --seed 0\n```" in text


def test_an_unknown_price_is_not_zero() -> None:
    text = body(a_plan(result={"usage": {"total": {"calls": 1, "cost_usd": None}}}))
    assert "not known: a model has no price" in text
    assert "$0" not in text


def test_a_person_is_asked_to_judge() -> None:
    assert "A person must read and judge it" in body(a_plan())


def test_time_and_money_do_not_change_the_state() -> None:
    other = a_plan(result={"usage": {"total": {"calls": 1}}, "run": "elsewhere"})
    assert state(other) == state(a_plan())


def test_the_title_of_a_strange_path_is_one_line() -> None:
    plan = replace(a_plan(), prompt="prompts/a\n::error::\u202e.md")
    assert "\n" not in title(plan)
    assert "\u202e" not in title(plan)


def test_missing_numbers_are_dashes() -> None:
    plan = a_plan(result={"seed_holdout_score": None, "delta": None, "delta_ci95": None, "p_value": None})
    text = body(replace(plan, steps=[], history=[]))
    assert "– to –" in text
    assert "None" not in text
    assert title(plan) == "Improve prompts/languages.md"
