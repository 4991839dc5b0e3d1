"""How long `opro check` takes when every answer is cached, beside a bare interpreter that imports its libraries.

    python benchmarks/check_cached.py [--runs 7]

Prints a table: seconds (median of the runs) and peak memory of the whole process, and the ratio of the seconds to those
of the bare interpreter in the same round, so that a slow or busy machine shifts both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import yaml

from opro_action.models.cache import Cache, cache_key
from opro_action.models.model import Completion
from opro_action.models.scripted import ScriptedModel
from opro_action.scoring.runner import Bench, request_for
from opro_action.suite.reading import read_suite

BARE = [sys.executable, "-c", "import asyncio, json, sqlite3, click, yaml"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    print(f"{'cases':>6} {'seconds':>8} {'MB':>6} {'bare':>8} {'ratio':>6}")
    for cases in (50, 500):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "opro_action", "check", str(warmed_suite(Path(folder), cases))]
            rounds = [(run(command), run(BARE)) for _ in range(runs)]
        seconds = statistics.median(ours for (ours, _), _ in rounds)
        bare = statistics.median(theirs for _, (theirs, _) in rounds)
        ratio = statistics.median(ours / theirs for (ours, _), (theirs, _) in rounds)
        memory = max(megabytes for (_, megabytes), _ in rounds)
        print(f"{cases:>6} {seconds:>8.3f} {memory:>6.0f} {bare:>8.3f} {ratio:>6.2f}")


def warmed_suite(root: Path, count: int) -> Path:
    """A suite of `count` cases whose answers are all in the cache."""
    listed = [{"id": f"c{i}", "input": f"ticket number {i}", "expected": "ab"[i % 2]} for i in range(count)]
    fields = {
        "prompt": "../prompts/p.md",
        "model": "openai/none",
        "params": {"temperature": 0},
        "scorers": {"choice": {"of": ["a", "b"]}},
        "cases": listed,
    }
    for name, text in (("prompts/p.md", "Answer a or b.\n"), ("evals/s.yaml", yaml.safe_dump(fields))):
        (root / name).parent.mkdir()
        (root / name).write_text(text)
    suite = read_suite(root / "evals" / "s.yaml", root=root)
    cache = Cache(root / ".opro" / "cache.sqlite")
    bench = Bench(ScriptedModel([]), suite.model, suite.scorers)
    for case in suite.cases:
        cache.put(cache_key(request_for(bench, suite.prompt.text, case)), Completion(str(case.expected)))
    cache.close()
    return suite.path


def run(command: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of a process; ends the benchmark if it fails."""
    began = time.perf_counter()
    child = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
