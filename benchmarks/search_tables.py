"""The tables of the search benchmark, from its runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from math import sqrt
from statistics import fmean, median, stdev

from search_run import Run

REACHED = (0.5, 0.8)
"""Shares of the gain that the best prompt of a world would bring."""

EPSILON = 1e-9

Cell = Callable[[Sequence[Run]], str]


def tables(runs: Sequence[Run], *, budgets: Collection[int], held_out: Collection[str]) -> str:
    """All tables as text; those of the landscapes in `held_out` stand apart, other `budgets` are null worlds."""
    main = [run for run in runs if run.hand == "good" and run.budget in budgets]
    seen = [run for run in main if run.landscape not in held_out]
    unseen = [run for run in main if run.landscape in held_out]
    parts = [_of_landscapes(seen, "Landscapes that the defaults were chosen on")]
    if unseen:
        parts.append(_of_landscapes(unseen, "Held-out landscapes: nothing was tuned on them"))
    parts += [_honesty(main), _nothing_to_gain(runs)]
    return "\n\n".join(part for part in parts if part)


def _of_landscapes(runs: Sequence[Run], title: str) -> str:
    if not runs:
        return ""
    parts = [f"## {title}"]
    for budget in sorted({run.budget for run in runs}):
        chosen = [run for run in runs if run.budget == budget]
        parts.append(
            _by_landscape(chosen, f"True points gained within {budget} task calls, mean ± standard error", _gain)
        )
        parts.append(_by_landscape(chosen, f"Runs of {budget} calls that end below the first prompt", _below))
    most = max(run.budget for run in runs)
    longest = [run for run in runs if run.budget == most]
    for share in REACHED:
        head = (
            f"Median task calls to {share:.0%} of the reachable gain by the best so far (runs of {most} that got there)"
        )
        parts.append(_by_landscape(longest, head, partial(_calls_to_reach, share=share)))
    parts.append(_against(runs, "opro"))
    return "\n\n".join(part for part in parts if part)


def _by_landscape(runs: Sequence[Run], title: str, cell: Cell) -> str:
    landscapes, arms = _in_order(run.landscape for run in runs), _in_order(run.arm for run in runs)
    cells = _grouped(runs, lambda run: (run.arm, run.landscape))
    rows = [[arm, *(cell(cells[arm, landscape]) for landscape in landscapes)] for arm in arms]
    return _table(title, ["arm", *landscapes], rows)


def _gain(runs: Sequence[Run]) -> str:
    gains = [100 * run.gain for run in runs]
    return f"{fmean(gains):5.1f} ± {_error(gains):.1f}"


def _below(runs: Sequence[Run]) -> str:
    return f"{sum(run.gain < -EPSILON for run in runs)}/{len(runs)}"


def _calls_to_reach(runs: Sequence[Run], *, share: float) -> str:
    reached = [calls for run in runs if (calls := calls_to_reach(run, share)) is not None]
    counted = sorted(reached + [10**9] * (len(runs) - len(reached)))
    middle = median(counted)
    return f"{'never' if middle >= 10**8 else format(middle, '.0f')} ({len(reached)}/{len(runs)})"


def calls_to_reach(run: Run, share: float) -> int | None:
    """Task calls after which the best so far had that share of the reachable gain; None for never."""
    wanted = run.first + share * (run.reachable - run.first)
    if run.reachable - run.first < 0.01:
        return None
    return next((calls for calls, quality in run.curve if quality >= wanted), None)


def _against(runs: Sequence[Run], peer: str) -> str:
    """Ours against a peer, paired by world: at the same calls, and at a third of them."""
    budgets = sorted({run.budget for run in runs})
    by_key = {(run.arm, run.landscape, run.seed, run.budget): run for run in runs}
    pairs = [(budget, budget) for budget in budgets]
    pairs += [(ours, theirs) for theirs in budgets for ours in budgets if 2.5 * ours <= theirs <= 4 * ours]
    rows = []
    for ours, theirs in pairs:
        row = [f"{ours} : {theirs}"]
        for landscape in _in_order(run.landscape for run in runs):
            differences = [
                100 * (run.gain - other.gain)
                for (arm, name, seed, budget), run in by_key.items()
                if (arm, name, budget) == ("ours", landscape, ours)
                and (other := by_key.get((peer, landscape, seed, theirs)))
            ]
            row.append(f"{fmean(differences):+5.1f} ± {_error(differences):.1f}" if differences else "-")
        rows.append(row)
    title = f"Ours minus {peer}, true points, paired by world; calls of ours : calls of {peer}"
    return _table(title, ["calls", *_in_order(run.landscape for run in runs)], rows)


def _honesty(runs: Sequence[Run]) -> str:
    """What the arms say of their results, against the truth."""
    rows = []
    for (arm, budget), chosen in _grouped(runs, lambda run: (run.arm, run.budget)).items():
        proven = [run for run in chosen if run.evidence == "proven"]
        promising = [run for run in chosen if run.evidence == "promising"]
        reported = [100 * (run.reported - run.found) for run in chosen if run.reported is not None]
        rows.append(
            [
                f"{arm} @{budget}",
                _wrong(proven),
                _wrong(promising),
                f"{fmean(reported):+.1f} ± {_error(reported):.1f} ({len(reported)})" if reported else "-",
            ]
        )
    head = ["arm @calls", "proven, not better", "promising, not better", "reported - true, points (runs)"]
    return _table("What is claimed, all landscapes together: claims that are no true improvement; optimism", head, rows)


def _wrong(runs: Sequence[Run]) -> str:
    return f"{sum(run.gain <= EPSILON for run in runs)}/{len(runs)}" if runs else "-"


def _nothing_to_gain(runs: Sequence[Run]) -> str:
    rows = []
    nulls = [run for run in runs if run.hand == "ignores" or run.landscape == "no_headroom"]
    for (landscape, hand, budget, arm), chosen in _grouped(
        nulls, lambda run: (run.landscape, run.hand, run.budget, run.arm)
    ).items():
        # Our budget is for both models; a peer's is for the task model, and what it writes is free.
        spent = median((run.calls + (run.written if run_is_ours([run]) else 0)) / run.budget for run in chosen)
        rows.append(
            [
                f"{landscape}, {'rephrasing' if hand == 'ignores' else hand}",
                f"{arm} @{budget}",
                str(len(chosen)),
                str(sum(run.evidence == "proven" for run in chosen)) if run_is_ours(chosen) else "-",
                str(sum(run.evidence == "promising" for run in chosen)) if run_is_ours(chosen) else "-",
                str(sum(proposes(run) for run in chosen)),
                f"{spent:.0%}",
            ]
        )
    head = ["world", "arm @calls", "runs", "proven", "promising", "would propose", "median budget used"]
    return _table("Where there is nothing to gain", head, rows) if rows else ""


def run_is_ours(runs: Sequence[Run]) -> bool:
    return any(run.evidence for run in runs)


def proposes(run: Run) -> bool:
    """Whether an arm hands over another prompt than the first: a peer does when its best score is another's."""
    if run.evidence is not None:
        return run.evidence in ("proven", "promising")
    return abs(run.final - run.first) > EPSILON


def _grouped(runs: Iterable[Run], key: Callable[[Run], tuple]) -> dict[tuple, list[Run]]:  # type: ignore[type-arg]
    found: dict[tuple, list[Run]] = defaultdict(list)  # type: ignore[type-arg]
    for run in runs:
        found[key(run)].append(run)
    return found


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _error(values: Sequence[float]) -> float:
    return stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]
    return "\n".join([f"### {title}", "", *lines])
