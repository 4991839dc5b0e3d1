"""Candidates out of replies, and the checks before a call is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_case

from opro_action.search.candidates import (
    DUPLICATE,
    EMPTY,
    LEAK,
    PLACEHOLDERS,
    TOO_LONG,
    Rules,
    first_line,
    rejection,
    tagged_text,
)
from opro_action.suite.prompt import Prompt

CASES = (
    make_case("a", "My invoice of March is wrong", "billing"),
    make_case("b", "short", "Please write to the support team at once"),
)


def why(
    text: str, *, seed: str = "Name the team.", tried: tuple[str, ...] = (), limit: int | None = None
) -> str | None:
    return rejection(text, Rules.around(Prompt(Path("p.md"), seed), CASES, limit), tried)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<prompt>Do it.</prompt>", "Do it."),
        ("Sure!\n<PROMPT>\nDo it.\nWell.\n</Prompt> Good luck", "Do it.\nWell."),
        ("The old one was <prompt>old</prompt>, mine is <prompt>new</prompt>", "new"),
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
