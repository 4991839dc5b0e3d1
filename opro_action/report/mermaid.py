"""Charts as Mermaid text, in the form that every version of Mermaid that GitHub may run can parse."""

from __future__ import annotations

import math
from collections.abc import Sequence

_MOST_POINTS = 50


def xychart(title: str, points: Sequence[tuple[str, float | None]], *, x_label: str, y_label: str) -> str:
    """An `xychart-beta` of (label, score in [0, 1]) points, or "" when no point has a score.

    A missing or non-finite score is left out, and at most 50 points are drawn, evenly picked, the last one
    among them: Mermaid cannot parse NaN, an empty list or a quote inside a text. One point is drawn as a bar.
    """
    known = [(label, value) for label, value in points if value is not None and math.isfinite(value)]
    if not known:
        return ""
    drawn = _thinned(known)
    labels = ", ".join(f'"{_ascii(label)}"' for label, _ in drawn)
    values = ", ".join(f"{value:.4f}" for _, value in drawn)
    low = math.floor(min(0.0, *(value for _, value in drawn)))
    high = math.ceil(max(1.0, *(value for _, value in drawn)))
    return (
        "```mermaid\n"
        "xychart-beta\n"
        f'    title "{_ascii(title)}"\n'
        f'    x-axis "{_ascii(x_label)}" [{labels}]\n'
        f'    y-axis "{_ascii(y_label)}" {low} --> {high}\n'
        f"    {'line' if len(drawn) > 1 else 'bar'} [{values}]\n"
        "```\n"
    )


def _thinned(points: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    if len(points) <= _MOST_POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(index * last / (_MOST_POINTS - 1))] for index in range(_MOST_POINTS)]


def _ascii(text: str) -> str:
    kept = "".join(char for char in text if char.isascii() and char.isprintable() and char not in '"`\\;%')
    return kept[:80] or " "
