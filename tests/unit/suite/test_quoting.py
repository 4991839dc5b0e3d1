"""What of a case a prompt must not hold, and how texts are compared."""

from __future__ import annotations

import pytest
from builders import make_case

from opro_action.suite.quoting import folded, quotable


@pytest.mark.parametrize("text", ["name THE team", "Name  the\nteam", "Ｎame the team", "\u00a0Name the team "])
def test_case_space_and_compatibility_forms_do_not_count(text: str) -> None:
    assert folded(text) == "name the team"


def test_a_long_input_and_a_long_expected_answer_can_be_quoted() -> None:
    case = make_case(said="My invoice of  March is wrong", expected="Please write to the support team")
    assert quotable(case) == ("my invoice of march is wrong", "please write to the support team")


@pytest.mark.parametrize("expected", ["billing", "a label of 19 chars", 18, {"team": "billing or something longer"}])
def test_common_words_labels_and_values_cannot(expected: object) -> None:
    assert quotable(make_case(said="I was charged", expected=expected)) == ()
