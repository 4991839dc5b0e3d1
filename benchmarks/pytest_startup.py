"""What the plugin adds to `pytest` in a repository without suites, beside the same run with `-p no:opro`.

    python benchmarks/pytest_startup.py [--runs 15] [--workers]

Prints medians over the rounds: seconds of both runs, and their difference and ratio within each round, so that a slow
or busy machine shifts both; and the difference of the quickest runs of both sides, which is the best guess on a machine
that is never quiet. Seconds of processor time are given too, which others on the machine change less. All modules are
compiled before, as they are where a package is installed. With `--workers` both run with `-n 2`.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--workers", action="store_true")
    given = parser.parse_args()
    pytest = [*PYTEST, "-n", "2"] if given.workers else PYTEST
    with tempfile.TemporaryDirectory() as folder:
        repository(Path(folder))
        run(pytest, folder)  # compiles what is not compiled yet
        rounds = [(run(pytest, folder), run([*pytest, "-p", "no:opro"], folder)) for _ in range(given.runs)]
    print(f"{'':>10} {'with':>8} {'without':>8} {'added ms':>9} {'ratio':>6} {'quickest ms':>12}")
    for name, at in (("wall", 0), ("processor", 1)):
        pairs = [(ours[at], theirs[at]) for ours, theirs in rounds]
        added = statistics.median(ours - theirs for ours, theirs in pairs)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        ours, theirs = zip(*pairs, strict=True)
        medians = f"{statistics.median(ours):>8.3f} {statistics.median(theirs):>8.3f}"
        print(f"{name:>10} {medians} {1000 * added:>9.1f} {ratio:>6.2f} {1000 * (min(ours) - min(theirs)):>12.1f}")


def repository(root: Path) -> None:
    """Forty tests in ten files, beside YAML that is none of ours."""
    for number in range(10):
        tests = "\n".join(f"def test_{n}(): pass" for n in range(4))
        (root / f"test_{number}.py").write_text(tests)
        (root / f"config_{number}.yaml").write_text("nothing: here\n")


def run(command: list[str], folder: str) -> tuple[float, float]:
    """Wall seconds and processor seconds of a process and its children; ends the benchmark if it fails."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = f"{folder}/.compiled"
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


if __name__ == "__main__":
    main()
