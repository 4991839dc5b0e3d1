"""The comparison of several prompts as the JSON object `opro.compare/1`, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.gate.compare import Side
from opro_action.gate.paired import Paired, p_in_words, some
from opro_action.report.check import usage_line
from opro_action.report.check_json import PLACES
from opro_action.report.markdown import code, count, plain, score, signed, table
from opro_action.suite.suite import Suite

SCHEMA = "opro.compare/1"


def compare_json(suite: Suite, sides: Sequence[Side], usage: Mapping[str, Any]) -> dict[str, Any]:
    """The object that `opro check --prompt … --format json` prints; the others are compared with the first prompt."""
    return {
        "schema": SCHEMA,
        "suite": suite.title,
        "model": suite.model.id,
        "prompts": [_side(suite, side) for side in sides],
        "usage": dict(usage),
    }


def compare_text(suite: Suite, sides: Sequence[Side], usage: Mapping[str, Any]) -> str:
    """A few lines for each prompt: its score, and how it differs from the first."""
    lines = [f"{suite.title}  ({suite.model.id})"]
    for side in sides:
        low, high = side.interval or (0.0, 1.0)
        measured = f"score {score(side.result.score)} (95 %: {low:.2f} to {high:.2f})"
        n = count(len(side.result.scored), "case")
        lines.append(f"  {suite.relative(side.prompt.path)}: {measured} over {n}")
        lines += [f"    {line}" for line in _differences(suite, side, sides[0])]
    return "\n".join([*lines, "", usage_line(usage)]) + "\n"


def compare_markdown(suite: Suite, sides: Sequence[Side], usage: Mapping[str, Any]) -> str:
    """A table with a row for each prompt, and which cases differ."""
    header = ("prompt", "score", "change", "95 % interval", "p", "better", "worse")
    rows = [_row(suite, side) for side in sides]
    differing = [plain(line) for side in sides for line in _differences(suite, side, sides[0])]
    return "\n\n".join([table(header, rows).rstrip(), *differing, usage_line(usage)]) + "\n"


def _side(suite: Suite, side: Side) -> dict[str, Any]:
    found = side.against
    return {
        "prompt": suite.relative(side.prompt.path),
        "prompt_digest": side.prompt.digest,
        "score": _rounded(side.result.score),
        "n": len(side.result.scored),
        "unscored": side.result.unscored,
        "ci95": _interval(side.interval),
        "delta": _rounded(found.delta) if found else None,
        "delta_ci95": _interval(found.interval) if found else None,
        "p_value": _rounded(found.p("two-sided")) if found else None,
        "better_cases": list(found.better) if found else [],
        "worse_cases": list(found.worse) if found else [],
        "broken_must_pass": list(found.broken_must_pass) if found else [],
    }


def _differences(suite: Suite, side: Side, first: Side) -> list[str]:
    found = side.against
    if found is None:
        return []
    name = suite.relative(first.prompt.path)
    lines = [f"{signed(found.delta)}{_between(found)} against {name}, {p_in_words(found.p('two-sided'))} (two-sided)"]
    named = {"better": found.better, "worse": found.worse, "broken must_pass": found.broken_must_pass}
    return [*lines, *(f"{word}: {len(ids)}: {some(ids, 5)}" for word, ids in named.items() if ids)]


def _row(suite: Suite, side: Side) -> tuple[str, ...]:
    found, name = side.against, code(suite.relative(side.prompt.path))
    if found is None:
        return name, score(side.result.score), "–", "–", "–", "–", "–"
    counts = str(len(found.better)), str(len(found.worse))
    return (
        name,
        score(side.result.score),
        signed(found.delta),
        _between(found).strip(),
        p_in_words(found.p("two-sided")),
        *counts,
    )


def _between(found: Paired) -> str:
    return f" (95 %: {found.interval[0]:+.2f} to {found.interval[1]:+.2f})" if found.interval else ""


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)


def _interval(value: tuple[float, float] | None) -> list[float] | None:
    return [round(end, PLACES) for end in value] if value else None
