"""Charts that Mermaid can parse: what it cannot is left out or rewritten."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pytest

from opro_action.report.mermaid import xychart


def chart(values: Sequence[float | None], title: str = "best score") -> str:
    points = [(str(index), value) for index, value in enumerate(values)]
    return xychart(title, points, x_label="step", y_label="score")


def drawn(text: str) -> list[str]:
    found = re.search(r"(?:line|bar) \[(.*)\]", text)
    assert found
    return found[1].split(", ")


def test_a_line_of_scores() -> None:
    assert chart([0.2, 0.85]) == (
        "```mermaid\n"
        "xychart-beta\n"
        '    title "best score"\n'
        '    x-axis "step" ["0", "1"]\n'
        '    y-axis "score" 0 --> 1\n'
        "    line [0.2000, 0.8500]\n"
        "```\n"
    )


def test_one_point_is_a_bar() -> None:
    assert "bar [0.5000]" in chart([0.5])


@pytest.mark.parametrize("values", [[], [None], [math.nan], [math.inf, None]])
def test_nothing_to_draw_is_no_chart(values: list[float | None]) -> None:
    assert chart(values) == ""


def test_a_missing_score_is_left_out_with_its_label() -> None:
    text = chart([0.1, None, 0.3])
    assert drawn(text) == ["0.1000", "0.3000"]
    assert '["0", "2"]' in text


def test_many_points_are_thinned_and_keep_both_ends() -> None:
    values = [index / 1000 for index in range(1000)]
    assert len(drawn(chart(values))) == 50
    assert (drawn(chart(values))[0], drawn(chart(values))[-1]) == ("0.0000", "0.9990")


def test_quotes_and_other_letters_do_not_reach_the_title() -> None:
    assert 'title "score of a b"' in chart([0.1, 0.2], 'score "of" a\n` b'.replace("\n", ""))
    assert chart([0.1, 0.2], "提示").isascii()
