"""How much true quality a search gains per call to the task model: ours, its ablations, and other searches.

    python benchmarks/search.py [--quick] [--arms A,B] [--landscapes ...] [--seeds 20] [--first-seed 0]
                                [--budgets 300,1000,3000] [--cases 60] [--json FILE] [--no-null]

Everything runs against the simulated task of `opro_action.testing`, in two processes, where the true quality of every
prompt is known. All calls to the task model count, those of our holdout too; calls to the optimizer model count
against our own budget and not against the peers'. What an arm hands over when its budget is spent is judged, so a run
of ours that accepts no winner has gained 0. The landscapes `interacting` and `long_tail` stand apart: nothing was
tuned on them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from peers.installed import INSTALLED, missing
from search_ablations import ABLATIONS, NO_EARLY_STOP, NO_HOLDOUT
from search_run import PEERS, Run, Task, make
from search_tables import tables

from opro_action.testing import HELD_OUT, LANDSCAPES

OPEN = tuple(name for name in LANDSCAPES if name not in HELD_OUT)
OWN = ("ours", *PEERS, *ABLATIONS)
ARMS = (*OWN, *INSTALLED)
NULLS = (("no_headroom", "good"), ("easy", "ignores"))
"""Worlds in which no proposal is right: the first prompt is at its ceiling; the optimizer model only rephrases."""
NULL_ARMS = ("ours", "opro", "best-of-n", "random", NO_HOLDOUT)
NULL_BUDGET = 2000
"""Enough to look for long: to end early is then a decision of the search."""
ABLATION_BUDGET = 1000
"""The ablations are run at one budget only, this one or the nearest to it; how early to stop matters at all."""


def main() -> None:
    options = _options()
    tasks = _tasks(options)
    began = time.perf_counter()
    runs = []
    with Path(options.json or os.devnull).open("w", buffering=1) as lines:
        for run in _made(tasks, options.processes):
            runs.append(run)
            lines.write(json.dumps(run.as_json()) + "\n")
            if len(runs) % 100 == 0:
                print(f"{len(runs)} of {len(tasks)} runs", file=sys.stderr)
    print(tables(runs, budgets=options.budgets, held_out=HELD_OUT))
    print(f"{len(runs)} runs, {sum(run.calls for run in runs):,} task calls, {time.perf_counter() - began:.0f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5 seeds, budgets of 300 and 1,000, no ablations")
    parser.add_argument("--arms", type=_names(ARMS), default=OWN, help=f"of {', '.join(ARMS)}")
    parser.add_argument("--landscapes", type=_names(LANDSCAPES), default=(*OPEN, *HELD_OUT), help="default: all")
    parser.add_argument("--seeds", type=int, default=20, help="worlds of each landscape")
    parser.add_argument("--first-seed", type=int, default=0, help="of the worlds: others than a rule was tuned on")
    parser.add_argument("--budgets", type=_numbers, default=(300, 1000, 3000), help="task calls")
    parser.add_argument("--cases", type=int, default=60, help="of the suite that every arm gets")
    parser.add_argument("--no-null", action="store_true", help="leave out the worlds without anything to gain")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", help="also write every run as a line of JSON to this file")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.budgets, options.arms = 5, (300, 1000), ("ours", *PEERS)
    for name in set(options.arms) & set(INSTALLED):
        if why := missing(name):
            print(f"skipped: {name}, {why}", file=sys.stderr)
            options.arms = tuple(arm for arm in options.arms if arm != name)
    return options


def _names(known: Sequence[str]):  # type: ignore[no-untyped-def]
    def names(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return chosen

    return names


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _tasks(options: argparse.Namespace) -> list[Task]:
    arms, budgets = options.arms, sorted(options.budgets, reverse=True)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    of_ablations = min(budgets, key=lambda budget: abs(budget - ABLATION_BUDGET))
    found = [
        Task(arm, landscape, "good", seed, budget, options.cases)
        for budget in budgets
        for landscape in options.landscapes
        for seed in seeds
        for arm in arms
        if arm not in ABLATIONS or budget == of_ablations or arm == NO_EARLY_STOP
    ]
    if not options.no_null:
        nulls = [arm for arm in NULL_ARMS if arm in arms]
        found += [
            Task(arm, world, hand, seed, NULL_BUDGET, options.cases)
            for world, hand in NULLS
            for arm in nulls
            for seed in seeds
        ]
    return list(dict.fromkeys(found))


def _made(tasks: Sequence[Task], processes: int) -> Iterator[Run]:
    """All runs. Each of an installed arm has a process of its own: those keep threads and settings of their own."""
    own = [task for task in tasks if task.arm not in INSTALLED]
    foreign = [task for task in tasks if task.arm in INSTALLED]
    if processes < 2:
        yield from map(make, [*own, *foreign])
        return
    with multiprocessing.Pool(processes) as pool:
        yield from pool.imap(make, own, chunksize=4)
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=1) as pool:
        yield from pool.imap(make, foreign)


if __name__ == "__main__":
    main()
