"""How often the gate cries wolf, and how often it sees a real drop: simulated suites whose truth is known.

    python benchmarks/gate_calibration.py            two tables, about a minute on two cores
    python benchmarks/gate_calibration.py --cells    every cell as well

A suite has n cases. Case i is answered right with probability p_i, from a Beta distribution whose mean is the accuracy
and whose spread gives two answers to the same case the stated correlation. A binary score is one answer; a graded one
has five levels, Binomial(4, p_i) / 4; with repeats it is the mean over them. The baseline is one scoring, the check
another. A drop of d points takes every p_i down by the same share. Nothing here knows how the gate decides: it is
called with the pairs of scores, as `opro check` calls it.

Ends with 1 when more false alarms than alpha are seen in any cell, beyond three standard errors of the simulation.
"""

from __future__ import annotations

import argparse
import itertools
import math
import multiprocessing
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opro_action.gate.family import Level, levels
from opro_action.gate.judge import movement
from opro_action.gate.paired import Pair, Paired
from opro_action.suite.suite import GateSpec

GATE = GateSpec()
NULL_RUNS, DROP_RUNS, FAMILY_RUNS, SUITES = 2_000, 100, 400, 10
DROPS = (0.05, 0.10, 0.20)
SLACK = 3 * math.sqrt(GATE.alpha * (1 - GATE.alpha) / NULL_RUNS)

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One kind of suite."""

    n: int
    accuracy: float
    correlation: float
    graded: bool
    repeats: int


@dataclass(frozen=True)
class Found:
    """Shares of runs that fail: without a change by each rule; with each drop by the gate at once and after asking
    again, and by a test that knows the noise."""

    cell: Cell
    once: float
    confirmed: float
    two_points: float
    five_points: float
    any_flip: float
    power: tuple[tuple[float, float, float], ...]


def chances(source: np.random.Generator, cell: Cell, runs: int) -> Scores:
    """p_i of each case in each run."""
    if cell.correlation == 0:
        return np.full((runs, cell.n), cell.accuracy)
    spread = (1 - cell.correlation) / cell.correlation
    return source.beta(cell.accuracy * spread, (1 - cell.accuracy) * spread, (runs, cell.n))


def scored(source: np.random.Generator, cell: Cell, p: Scores) -> Scores:
    """One scoring: the mean over the repeats."""
    levels_ = 4 if cell.graded else 1
    return source.binomial(levels_ * cell.repeats, p) / (levels_ * cell.repeats)


def pairs(before: Iterable[float], after: Iterable[float]) -> Paired:
    return Paired(tuple(Pair(f"{i}", b, a) for i, (b, a) in enumerate(zip(before, after, strict=True))))


def suspects(before: Scores, after: Scores) -> list[int]:
    """The runs whose drop may fail: of `max_drop` or more, and above the root of its sum of squares.

    The others need not be asked, since their p is far over alpha: it saves most of the time.
    """
    falls = before - after
    large = falls.mean(axis=1) >= GATE.max_drop - 1e-9
    return [int(i) for i in np.flatnonzero(large & (falls.sum(axis=1) > np.sqrt((falls**2).sum(axis=1))))]


def fails(before: Sequence[float], after: Sequence[float]) -> bool:
    return movement(pairs(before, after), GATE, Level(GATE.alpha)) == "drop"


def confirmed(source: np.random.Generator, cell: Cell, rows: tuple[Scores, Scores, Scores, Scores]) -> bool:
    """The verdict after the differing cases were asked again on both sides, as `gate.confirm: 1` does it."""
    before, after, p_before, p_after = rows
    differ = before != after
    old = scored(source, cell, p_before[differ])
    new = scored(source, cell, p_after[differ])
    before, after = before.copy(), after.copy()
    before[differ] = (before[differ] + old) / 2
    after[differ] = (after[differ] + new) / 2
    recurred = bool((new < old).any())
    return movement(pairs(before, after), GATE, Level(GATE.alpha), recurred=recurred) == "drop"


def run_cell(cell: Cell) -> Found:
    seed = [cell.n, round(cell.accuracy * 100), round(cell.correlation * 100), cell.graded, cell.repeats]
    source = np.random.default_rng(seed)
    p = chances(source, cell, NULL_RUNS)
    before, after = scored(source, cell, p), scored(source, cell, p)
    drops = before.mean(axis=1) - after.mean(axis=1)
    down = [i for i in suspects(before, after) if fails(before[i], after[i])]
    again = sum(confirmed(source, cell, (before[i], after[i], p[i], p[i])) for i in down)
    threshold = float(np.quantile(drops, 1 - GATE.alpha, method="higher"))
    return Found(
        cell=cell,
        once=len(down) / NULL_RUNS,
        confirmed=again / NULL_RUNS,
        two_points=float(np.mean(drops >= 0.02 - 1e-9)),
        five_points=float(np.mean(drops >= 0.05 - 1e-9)),
        any_flip=float(np.mean(((before >= 0.5) & (after < 0.5)).any(axis=1))),
        power=tuple(with_drop(source, cell, drop, threshold) for drop in DROPS),
    )


def with_drop(source: np.random.Generator, cell: Cell, drop: float, threshold: float) -> tuple[float, float, float]:
    """Shares of real drops that are found: by the gate at once, after asking again, and by an ideal test.

    The ideal one knows the noise of this very suite: it fails every mean drop which
    fewer than 5 % of runs without a change reach.
    """
    p = chances(source, cell, DROP_RUNS)
    lower = p * (1 - drop / cell.accuracy)
    before, after = scored(source, cell, p), scored(source, cell, lower)
    drops = before.mean(axis=1) - after.mean(axis=1)
    down = [i for i in suspects(before, after) if fails(before[i], after[i])]
    again = sum(confirmed(source, cell, (before[i], after[i], p[i], lower[i])) for i in down)
    ideal = float(np.mean(drops > max(threshold, GATE.max_drop - 1e-9)))
    return len(down) / DROP_RUNS, again / DROP_RUNS, ideal


def run_family(cell: Cell) -> tuple[Cell, float, float, float, float]:
    """Runs of ten suites: shares in which any fails without a change, with and without Holm, and peers'; and the
    power for one suite of the ten that drops by 20 points."""
    source = np.random.default_rng([cell.n, round(cell.correlation * 100), 7])
    alarms = naive = flips = seen = 0
    for _ in range(FAMILY_RUNS):
        p = chances(source, cell, SUITES)
        before, after = scored(source, cell, p), scored(source, cell, p)
        flips += bool(((before >= 0.5) & (after < 0.5)).any())
        suites = [pairs(b, a) for b, a in zip(before, after, strict=True)]
        naive += any(movement(suite, GATE, Level(GATE.alpha)) == "drop" for suite in suites)
        alarms += any(judged(suites))
        lower = p[0] * (1 - 0.2 / cell.accuracy)
        seen += judged([pairs(before[0], scored(source, cell, lower)), *suites[1:]])[0]
    return cell, *(found / FAMILY_RUNS for found in (alarms, naive, flips, seen))


def judged(suites: Sequence[Paired]) -> list[bool]:
    shared = levels(suites, [GATE] * len(suites))
    return [movement(suite, GATE, level) == "drop" for suite, level in zip(suites, shared, strict=True)]


def cells() -> list[Cell]:
    return [
        Cell(n, accuracy, correlation, graded, repeats)
        for n, accuracy, correlation, graded, repeats in itertools.product(
            (20, 50, 100, 200), (0.6, 0.8, 0.95), (0.0, 0.4, 0.8), (False, True), (1, 3)
        )
    ]


def row(name: str, group: Sequence[Found]) -> str:
    worst = [max(getattr(found, rule) for found in group) for rule in RULES]
    power = np.mean([found.power for found in group], axis=0)
    shares = "  ".join("/".join(f"{share:.2f}" for share in of_drop) for of_drop in power)
    return f"{name:24}" + "".join(f"{share:>9.3f}" for share in worst) + f"   {shares}"


RULES = ("once", "confirmed", "two_points", "five_points", "any_flip")
HEAD = f"{'':24}{'gate':>9}{'gate,':>9}{'mean':>9}{'mean':>9}{'any':>9}   drop found: gate/again/ideal\n"
HEAD += f"{'':24}{'':>9}{'again':>9}{'-2 pts':>9}{'-5 pts':>9}{'flip':>9}   -5 pts          -10 pts         -20 pts"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cells", action="store_true", help="print every cell")
    wanted = options.parse_args()
    began = time.monotonic()
    with multiprocessing.Pool(2) as pool:
        found = pool.map(run_cell, sorted(cells(), key=lambda c: -c.n * c.repeats), chunksize=1)
        families = pool.map(
            run_family, [Cell(n, 0.8, r, False, 1) for n in (20, 50, 200) for r in (0.0, 0.4, 0.8)], chunksize=1
        )
    print(
        f"Shares of runs that fail. Without a change: the worst of nine cells of {NULL_RUNS:,} runs (accuracy 0.6, "
        f"0.8, 0.95;\ncorrelation 0, 0.4, 0.8). With a drop: the mean of the nine, of {DROP_RUNS} runs each.\n"
    )
    print(HEAD)
    for n, graded, repeats in itertools.product((20, 50, 100, 200), (False, True), (1, 3)):
        group = [f for f in found if (f.cell.n, f.cell.graded, f.cell.repeats) == (n, graded, repeats)]
        print(row(f"{n:>3} cases, {'graded' if graded else 'binary'} x {repeats}", group))
        for one in group if wanted.cells else []:
            print(row(f"     {one.cell.accuracy:.2f}, corr. {one.cell.correlation:.1f}", [one]))
    print(
        f"\n{SUITES} suites at once, {FAMILY_RUNS} runs: shares in which any fails without a change, and in which one "
        "that drops by 20 points is found.\n"
    )
    print(f"{'':24}{'gate':>9}{'no Holm':>9}{'any flip':>9}{'found':>9}")
    for cell, alarms, naive, flips, seen in families:
        print(f"{cell.n:>3} cases, corr. {cell.correlation:<7}{alarms:>9.3f}{naive:>9.3f}{flips:>9.3f}{seen:>9.2f}")
    limit = GATE.alpha + SLACK
    over = [f.cell for f in found if max(f.once, f.confirmed) > limit] + [
        cell for cell, alarms, *_ in families if alarms > GATE.alpha + SLACK * math.sqrt(NULL_RUNS / FAMILY_RUNS)
    ]
    print(f"\n{len(found) + len(families)} cells, {len(over)} over {GATE.alpha} by more than three standard errors"
          f" ({limit:.3f}); {time.monotonic() - began:.0f} s")  # fmt: skip
    for cell in over:
        print(f"over: {cell}")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
