"""What a search finds on real small models: ours, plain OPRO and best-of-N, on the project's own four suites.

    python shared/models/models.py serve smollm2 --port 8101        # and qwen-0.5b on 8102, qwen-1.5b on 8103
    python benchmarks/search_models.py [--seeds 5] [--calls 600] [--suites ...] [--arms ...] [--work FOLDER]
    python benchmarks/search_models.py --serve PATH/TO/models.py    # starts what does not answer, ends it afterwards
    python benchmarks/search_models.py --estimate                   # measures the servers, says how long it will take
    python benchmarks/search_models.py --table                      # the table of what is finished

Every arm may ask the task model `--calls` times, and has the same optimizer model (qwen-1.5b), whose calls count
against our own budget and not against the peers'. The peers search on our search split; ours has to pay for its holdout
too. The found prompts are then scored, at nobody's expense, on the holdout and on 40 sealed cases per suite
(benchmarks/sealed/) that no arm ever sees. At temperature 0 the same question has one answer, so arms share one cache;
calls are counted by arm whether a server was asked or not.

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
        print(tables([row for row in finished(place) if row.job in set(jobs)]))
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
        _make(place, left, servers)
    print(tables([row for row in finished(place) if row.job in set(jobs)]))


def _make(place: Place, jobs: Sequence[Job], servers: Servers) -> None:
    began = time.monotonic()
    for number, job in enumerate(jobs, 1):
        row = _persistent(place, job, servers)
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


def _persistent(place: Place, job: Job, servers: Servers) -> Row:
    """Make a run; when a server fails, wait for it (or start it again) and go on. Gives up after `ATTEMPTS`."""
    for attempt in range(1, ATTEMPTS + 1):
        servers.awake()
        try:
            return made(place, job)
        except UsageError as refused:
            sys.exit(f"{job.suite} {job.arm} seed {job.seed}: {refused}")
        except NotMeasured as failure:
            print(f"{job.suite} {job.arm} seed {job.seed}, attempt {attempt}: {failure}", file=sys.stderr, flush=True)
    sys.exit(f"{job.suite} {job.arm} seed {job.seed} failed {ATTEMPTS} times. What is finished is in {place.results}.")


def finished(place: Place) -> list[Row]:
    """The runs so far. A last line that a kill tore off is cut away, so that the next one does not continue it."""
    if not place.results.exists():
        return []
    text = place.results.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        place.results.write_text(whole, encoding="utf-8")
    return [Row.of(line) for line in whole.splitlines()]


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
    parser.add_argument("--serve", type=Path, metavar="MODELS.PY", help="start servers that do not answer with this")
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
