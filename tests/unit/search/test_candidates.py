"""Candidates out of replies, and the checks before a call is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_case, make_cases

from opro_action.search.candidates import (
    DUPLICATE,
    EMPTY,
    LEAK,
    PLACEHOLDERS,
    TOO_LONG,
    Rules,
    first_line,
    reframed,
    rejection,
    restored,
    tagged_text,
)
from opro_action.suite.prompt import Prompt

CASES = (
    make_case("a", "My invoice of March is wrong", "billing"),
    make_case("b", "short", "Please write to the support team at once"),
)


def prompt_of(text: str) -> Prompt:
    return Prompt(Path("p.md"), text)


def why(
    text: str, *, seed: str = "Name the team.", tried: tuple[str, ...] = (), limit: int | None = None
) -> str | None:
    return rejection(text, Rules.around(prompt_of(seed), CASES, limit), tried)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<prompt>Do it.</prompt>", "Do it."),
        ("Sure!\n<PROMPT>\nDo it.\nWell.\n</Prompt> Good luck", "Do it.\nWell."),
        ("The old one was <prompt>old</prompt>, mine is <prompt>new</prompt>", "new"),
        ("For example:\n< prompt>\nDo it.\n</ prompt >\nThis says more.", "Do it."),
        ("<prompt>```\ncode\n```</prompt>", "```\ncode\n```"),
        ("Do it.", None),
        ("<prompt>Do it.", None),
        ("<prompt></prompt>", ""),
    ],
)
def test_the_candidate_stands_between_the_tags(reply: str, text: str | None) -> None:
    assert tagged_text(reply) == text


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("Which one is it?", "Which one is it?"),
        ('\n\n  "Which one is it?"\nIt is that.', "Which one is it?"),
        ("Instruction: Name it.", "Name it."),
        ("**Question:** Name it.", "Name it."),
        ("", ""),
        ('""', ""),
    ],
)
def test_of_a_small_models_reply_the_first_line_counts(reply: str, text: str) -> None:
    assert first_line(reply) == text


def test_a_candidate_may_list_the_labels_however_long_they_are() -> None:
    labels = ("Account and billing support", "Technical troubleshooting")
    rules = Rules.around(prompt_of("Name the team."), make_cases(4, labels=labels), None)
    assert rejection(f"Answer one of: {', '.join(labels)}.", rules, ()) is None


@pytest.mark.parametrize("text", ["", "  \n\t", "a\0b"])
def test_an_empty_candidate_is_rejected(text: str) -> None:
    assert why(text) == EMPTY


def test_lost_and_invented_placeholders_are_rejected() -> None:
    seed = "Route {{input}} for {{ customer }}."
    assert why("Send {{input}}", seed=seed) == PLACEHOLDERS
    assert why("Send {{input}} {{customer}} {{date}}", seed=seed) == PLACEHOLDERS
    assert why("Of {{customer}}: {{ input }}", seed=seed) is None


def test_the_length_limit_is_four_times_the_seed_and_at_least_a_thousand_characters() -> None:
    assert why("x" * 1000) is None
    assert why("x" * 1001) == TOO_LONG
    assert why("x" * 1200, seed="y" * 300) is None
    assert why("x" * 11, limit=10) == TOO_LONG


@pytest.mark.parametrize("text", ["name THE team", "Name  the\nteam", "Ｎame the team"])
def test_what_differs_in_case_space_or_compatibility_form_alone_was_tried_before(text: str) -> None:
    assert why(text, tried=("Name the team",)) == DUPLICATE


@pytest.mark.parametrize(
    "text",
    [
        "For example 'my invoice of march  is wrong' is billing.",
        "Say: PLEASE write to the support team at once",
    ],
)
def test_quoting_an_input_or_a_long_expected_answer_is_a_leak(text: str) -> None:
    assert why(text) == LEAK


@pytest.mark.parametrize("text", ["Answer billing, bug or feature.", "Write a short word."])
def test_naming_a_label_or_a_common_word_is_no_leak(text: str) -> None:
    assert why(text) is None


def test_a_quote_that_the_seed_has_already_is_no_leak() -> None:
    assert why("Shorter: My invoice of March is wrong", seed="Like: My invoice of March is wrong.") is None


@pytest.mark.parametrize(
    ("seed", "prompt"),
    [
        ("Say something.", "New words."),
        ("Say something.\n\n{{input}}", "New words.\n\n{{input}}"),
        ("Say something.\nAnd more.\n{{a}}\nmiddle\n{{b}}\nend", "New words.\n{{a}}\nmiddle\n{{b}}"),
        ("{{input}}\n\nSay something.", "{{input}}\n\nNew words."),
        ("{{input}}", "New words.\n\n{{input}}"),
        ("Say {{input}} twice.", "New words.\n\nSay {{input}} twice."),
    ],
)
def test_the_lines_with_placeholders_stay_where_they_were(seed: str, prompt: str) -> None:
    assert reframed("New words.", prompt_of(seed)) == prompt


def test_an_instruction_with_its_own_placeholders_is_a_whole_prompt() -> None:
    assert reframed("Answer {{input}} now.", prompt_of("Say something.\n\n{{input}}")) == "Answer {{input}} now."


@pytest.mark.parametrize(
    ("seed", "prompt"),
    [
        ("Say something.\n\n{{input}}", "New words.\n\n{{input}}"),
        ("{{a}} {{ b }}\nSay something.", "{{a}} {{ b }}\nNew words."),
        ("Say {{input}} twice.", "New words."),
        ("Say something.\n\nText: {{input}}", "New words."),
        ("Say something.", "New words."),
    ],
)
def test_placeholders_that_stand_apart_are_restored_to_a_candidate_that_lost_them(seed: str, prompt: str) -> None:
    assert restored("New words.", prompt_of(seed)) == prompt


def test_a_candidate_that_kept_a_placeholder_is_not_restored() -> None:
    assert restored("New {{a}} words.", prompt_of("Say something.\n{{a}}\n{{b}}")) == "New {{a}} words."


def test_the_options_of_a_scorer_may_be_named_however_few_cases_expect_them() -> None:
    option, case = "Account and billing support", make_case("c", "The page never loads", "Account and billing support")
    text, seed = f"Name the team: {option} or Sales.", prompt_of("Name the team.")
    assert rejection(text, Rules.around(seed, (case,), None), ()) == LEAK
    assert rejection(text, Rules.around(seed, (case,), None, options=[option]), ()) is None
