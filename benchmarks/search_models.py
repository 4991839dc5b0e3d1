"""What a search finds on real small models: ours, plain OPRO and best-of-N, on the project's own four suites.

    python benchmarks/search_models.py [--seeds 5] [--calls 600] [--suites ...] [--arms ...] [--work FOLDER]
    python benchmarks/search_models.py --estimate    # measures the servers, and says how long all will take
    python benchmarks/search_models.py --table       # the tables of what is finished, at any time

Needs OpenAI-compatible servers (`--server NAME=URL`, here their defaults): SmolLM2-135M-Instruct at
http://127.0.0.1:8101/v1, Qwen2.5-Coder-Instruct with 0.5 billion parameters at :8102 and with 1.5 billion, for 8,192
tokens a slot, at :8103. `--serve SCRIPT` starts those that do not answer, as `SCRIPT serve NAME --port P --parallel N
--context TOKENS`, and ends them afterwards; without it nothing is started.

Every arm may ask the task model `--calls` times, and has the same optimizer model (qwen-1.5b), whose calls count
against our own budget and not against the peers'. The peers search on all cases that our holdout leaves, 30 or 32; ours
takes 30 of them at 600 calls, and has to pay for its holdout too. The found prompts are then scored, at nobody's
expense, on the holdout and on 40 sealed cases per suite (benchmarks/sealed/) that no arm ever sees. At temperature 0
the same question has one answer, so arms share one cache; calls are counted by arm whether a server was asked or not.

Each finished run is a line of FOLDER/results.jsonl. Started again, the program goes on where it was: finished runs
stay, ours is resumed from its journal, peers from the cache; keep the addresses, they are part of the cache's keys.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from search_models_arms import ARMS, Row, made
from search_models_place import OPTIMIZER, TASK_MODELS, Job, Place
from search_models_servers import Servers
from search_models_speed import estimate
from search_models_table import tables

from opro_action.errors import NotMeasured, UsageError

ATTEMPTS = 5
FEW = 3
"""So many runs are made without measuring first how long they will take."""

ADDRESSES = {
    "smollm2": "http://127.0.0.1:8101/v1",
    "qwen-0.5b": "http://127.0.0.1:8102/v1",
    "qwen-1.5b": "http://127.0.0.1:8103/v1",
}


def main() -> None:
    options = _options()
    place = Place(options.work.absolute(), {**ADDRESSES, **dict(options.server)})
    jobs = [
        Job(suite, arm, seed, options.calls)
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for suite in options.suites
        for arm in _turned(options.arms, seed)
    ]
    if options.table:
        _print_tables(place, jobs)
        return
    needed = {OPTIMIZER, *(TASK_MODELS[suite] for suite in options.suites)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers that were started are ended
    with Servers(
        {name: place.servers[name] for name in sorted(needed)}, options.serve, options.parallel, options.wait
    ) as servers:
        servers.awake()
        done = {row.job for row in finished(place)}
        left = [job for job in jobs if job not in done]
        if options.estimate or len(left) > FEW:
            print(estimate(place, left), file=sys.stderr)
        if options.estimate:
            return
        failed = _make(place, left, servers)
    _print_tables(place, jobs)
    if failed:
        sys.exit(f"{len(failed)} of {len(left)} runs failed {ATTEMPTS} times each; run this again to try them anew.")


def _make(place: Place, jobs: Sequence[Job], servers: Servers) -> list[Job]:
    """Make all runs, and return those that failed."""
    began, failed = time.monotonic(), []
    _cut_torn_line(place.results)
    for number, job in enumerate(jobs, 1):
        row = _persistent(place, job, servers)
        if row is None:
            failed.append(job)
            continue
        with place.results.open("a", encoding="utf-8") as file:
            file.write(row.as_json() + "\n")
        minutes = (time.monotonic() - began) / 60
        print(
            f"{number} of {len(jobs)}: {job.suite} {job.arm} seed {job.seed}: search {row.first_search:.2f} > "
            f"{row.search:.2f}, sealed {row.first_sealed:.2f} > {row.final_sealed:.2f} {row.evidence}; "
            f"{row.task_calls} calls, {row.minutes:.1f} min; {minutes:.0f} min in all, "
            f"about {minutes / number * (len(jobs) - number):.0f} to go",
            file=sys.stderr,
            flush=True,
        )
    return failed


def _persistent(place: Place, job: Job, servers: Servers) -> Row | None:
    """Make a run; when a server fails, wait for it (or start it again) and go on. None after `ATTEMPTS` failures."""
    for attempt in range(1, ATTEMPTS + 1):
        servers.awake()
        try:
            return made(place, job)
        except UsageError as refused:
            sys.exit(f"{job.suite} {job.arm} seed {job.seed}: {refused}")
        except NotMeasured as failure:
            print(f"{job.suite} {job.arm} seed {job.seed}, attempt {attempt}: {failure}", file=sys.stderr, flush=True)
    return None


def finished(place: Place) -> list[Row]:
    """The runs so far; a last line that a kill tore off is passed over."""
    if not place.results.exists():
        return []
    lines = place.results.read_bytes().splitlines(keepends=True)
    return [Row.of(line.decode()) for line in lines if line.endswith(b"\n")]


def _cut_torn_line(path: Path) -> None:
    """So that the next line does not continue it."""
    if path.exists():
        path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")))


def _print_tables(place: Place, jobs: Sequence[Job]) -> None:
    rows = [row for row in finished(place) if row.job in set(jobs)]
    print(tables(rows) if rows else f"No run is finished yet: {place.results}.")


def _turned(arms: Sequence[str], seed: int) -> list[str]:
    """Another arm begins with each seed, so that none always finds the cache as another left it."""
    first = seed % len(arms)
    return [*arms[first:], *arms[:first]]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", nargs="+", choices=TASK_MODELS, default=list(TASK_MODELS))
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", type=int, default=5, help="runs of each arm on each suite")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--calls", type=int, default=600, help="task calls of one run")
    parser.add_argument("--work", type=Path, default=Path(".opro/search-models"), metavar="FOLDER")
    parser.add_argument(
        "--server", type=_address, action="append", default=[], metavar="NAME=URL", help="ending in /v1"
    )
    parser.add_argument("--serve", type=Path, metavar="SCRIPT", help="start servers that do not answer with this")
    parser.add_argument("--parallel", type=int, default=4, help="slots of a server that is started")
    parser.add_argument("--wait", type=float, default=180.0, help="seconds that a silent server gets to answer")
    parser.add_argument("--estimate", action="store_true", help="only say how long it would take")
    parser.add_argument("--table", action="store_true", help="only print the tables of the finished runs")
    return parser.parse_args()


def _address(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    if name not in ADDRESSES or not url.startswith("http"):
        raise argparse.ArgumentTypeError(f"write NAME=URL, with a name of {', '.join(ADDRESSES)}")
    return name, url.rstrip("/")


if __name__ == "__main__":
    main()
