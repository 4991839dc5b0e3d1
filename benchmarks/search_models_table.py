"""The tables of the real-model benchmark, from its finished runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean, stdev

from search_models_arms import ARMS, OURS, Row

EPSILON = 1e-9


def tables(rows: Sequence[Row]) -> str:
    """A table by suite, the difference to each peer, and every run."""
    parts = [_of_suite([row for row in rows if row.suite == suite]) for suite in _in_order(row.suite for row in rows)]
    return "\n\n".join([*parts, _against_peers(rows), _runs(rows)])


def _of_suite(rows: Sequence[Row]) -> str:
    first, n = rows[0], len({row.seed for row in rows})
    head = [
        "arm",
        "search",
        "holdout",
        "sealed, found",
        "sealed, handed over",
        "gain on sealed",
        "search - sealed",
        "worse",
        "accepted",
        "task calls",
        "sent",
        "written",
        "minutes",
    ]
    lines = [_first_prompts(rows)]
    for arm in _arms(rows):
        of_arm = [row for row in rows if row.arm == arm]
        gains = [100 * (row.final_sealed - row.first_sealed) for row in of_arm]
        lines.append(
            [
                arm,
                _points(row.search for row in of_arm),
                _points(row.holdout for row in of_arm),
                _points(row.sealed for row in of_arm),
                _points(row.final_sealed for row in of_arm),
                _with_error(gains),
                f"{fmean(100 * (row.search - row.sealed) for row in of_arm):+.1f}",
                f"{sum(gain < -EPSILON for gain in gains)}/{len(gains)}",
                _accepted(of_arm),
                f"{fmean(row.task_calls for row in of_arm):.0f}",
                f"{fmean(row.sent for row in of_arm):.0f}",
                f"{fmean(row.written for row in of_arm):.0f}",
                f"{fmean(row.minutes for row in of_arm):.1f}",
            ]
        )
    searched, held, sealed = first.cases
    title = f"{first.suite}, {first.task_model}: {searched} search, {held} holdout, {sealed} sealed cases; {n} seeds"
    return table(title, head, lines)


def _first_prompts(rows: Sequence[Row]) -> list[str]:
    """The prompt as it was, once for each seed: another seed splits the cases in another way."""
    once = list({row.seed: row for row in rows}.values())
    scores = [_points(getattr(row, f"first_{name}") for row in once) for name in ("search", "holdout", "sealed")]
    return ["first prompt", *scores, scores[-1], *[""] * 8]


def _accepted(rows: Sequence[Row]) -> str:
    """How many handed over another prompt; of ours, with which evidence."""
    count = f"{sum(row.accepted for row in rows)}/{len(rows)}"
    proven = sum(row.evidence == "proven" for row in rows)
    return f"{count} ({proven} proven)" if rows[0].arm == OURS else count


def _against_peers(rows: Sequence[Row]) -> str:
    by_key = {(row.arm, row.suite, row.seed): row for row in rows}
    suites = _in_order(row.suite for row in rows)
    lines = []
    for peer in [arm for arm in _arms(rows) if arm != OURS]:
        differences = {
            suite: [
                100 * (row.final_sealed - other.final_sealed)
                for (arm, name, seed), row in by_key.items()
                if (arm, name) == (OURS, suite) and (other := by_key.get((peer, suite, seed)))
            ]
            for suite in suites
        }
        every = [value for values in differences.values() for value in values]
        lines.append([peer, *(_with_error(differences[suite]) for suite in suites), _with_error(every)])
    title = "Ours minus each peer, points on the sealed cases, of what is handed over, paired by seed"
    return table(title, ["peer", *suites, "all"], lines)


def _runs(rows: Sequence[Row]) -> str:
    head = ["suite", "seed", "arm", "search", "holdout", "sealed", "accepted", "calls", "minutes", "stop"]
    lines = [
        [
            row.suite,
            str(row.seed),
            row.arm,
            f"{row.first_search:.2f} > {row.search:.2f}",
            f"{row.first_holdout:.2f} > {row.holdout:.2f}",
            f"{row.first_sealed:.2f} > {row.sealed:.2f}",
            row.evidence or ("kept" if row.accepted else "nothing better"),
            f"{row.task_calls} + {row.written}",
            f"{row.minutes:.1f}",
            row.stop,
        ]
        for row in sorted(rows, key=lambda row: (row.suite, row.seed, ARMS.index(row.arm)))
    ]
    return table("Every run: first prompt > best found; calls are task + optimizer", head, lines)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up in a terminal."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, ["-" * width for width in widths], *rows)
    ]
    return "\n".join([f"### {title}", "", *lines])


def _points(scores: Iterable[float]) -> str:
    return f"{fmean(100 * score for score in scores):.1f}"


def _with_error(values: Sequence[float]) -> str:
    if not values:
        return "-"
    error = f" ± {stdev(values) / sqrt(len(values)):.1f}" if len(values) > 1 else ""
    return f"{fmean(values):+.1f}{error}"


def _arms(rows: Sequence[Row]) -> list[str]:
    """Ours first, whichever arm began."""
    return [arm for arm in ARMS if any(row.arm == arm for row in rows)]


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
