"""How long `opro check` takes to score answers that are all cached, judge's verdicts included: 200 cases by 5 scorers.

    python benchmarks/scoring.py [--runs 7]

Prints a table, medians of the runs: seconds of the process, the scorers' share as its report has it, and the ratio
of that share to a bare loop of the same scorers in this process, in the same round, so that a busy machine shifts both.
The judge is a cached call per answer; without it the row says what the other four take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from opro_action.models.cache import Cache, cache_key
from opro_action.models.model import Completion
from opro_action.models.scripted import ScriptedModel
from opro_action.scoring.runner import Bench, request_for
from opro_action.scoring.scorers import grade_all
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Case, ModelSpec, ScorerSpec, Suite

CASES = 200
VERDICT = '{"reason": "polite, and names the next step", "score": 1}'
SCHEMA = {
    "type": "object",
    "required": ["team", "reply"],
    "properties": {"team": {"enum": ["billing", "bug"]}, "reply": {"type": "string", "maxLength": 500}},
}
SCORERS: list[Any] = [
    {"json_schema": {"schema": SCHEMA}},
    {"not_contains": {"any": ["sorry", "as an AI"], "ignore_case": True}},
    {"regex": {"pattern": r'"team": "(billing|bug)"'}},
    {"rouge_l": {"threshold": 0.5}},
    {"rubric": "The reply is polite and names the next step."},
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    print(f"{'cases':>6} {'scorers':>8} {'seconds':>8} {'scoring':>8} {'bare':>8} {'ratio':>6}")
    for scorers in (SCORERS[:4], SCORERS):
        with tempfile.TemporaryDirectory() as folder:
            suite = warmed_suite(Path(folder), scorers)
            rounds = [(*checked(suite), bare_loop(suite)) for _ in range(runs)]
        seconds, scoring, bare = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(ours / theirs for _, ours, theirs in rounds)
        print(f"{CASES:>6} {len(scorers):>8} {seconds:>8.3f} {scoring:>8.3f} {bare:>8.3f} {ratio:>6.2f}")


def answer_to(case: Case) -> str:
    return json.dumps({"team": "bug", "reply": f"Thank you for {case.vars['input']}. We will look into it today."})


def warmed_suite(root: Path, scorers: list[Any]) -> Suite:
    """A suite whose answers, and the judge's verdicts on them, are all in the cache."""
    cases = [
        {"id": f"c{i}", "input": f"ticket number {i}", "expected": f"Thank you for ticket number {i}. We look into it."}
        for i in range(CASES)
    ]
    fields = {
        "prompt": "../prompts/p.md",
        "model": "openai/none",
        "params": {"temperature": 0},
        "judge": {"model": "openai/judge", "params": {"temperature": 0, "api_base": "http://127.0.0.1:1/v1"}},
        "scorers": scorers,
        "cases": cases,
    }
    for name, text in (("prompts/p.md", "Answer as JSON.\n"), ("evals/s.yaml", yaml.safe_dump(fields))):
        (root / name).parent.mkdir()
        (root / name).write_text(text)
    suite = read_suite(root / "evals" / "s.yaml", root=root)
    cache = Cache(root / ".opro" / "cache.sqlite")
    bench = Bench.of(suite, ScriptedModel([]), lambda spec: ScriptedModel([]))
    for case in suite.cases:
        cache.put(cache_key(request_for(bench, suite.prompt.text, case)), Completion(answer_to(case)))
        for request in asyncio.run(judge_requests(suite.scorers, case, suite.judge)):
            cache.put(cache_key(request), Completion(VERDICT))
    cache.close()
    return suite


async def judge_requests(scorers: tuple[ScorerSpec, ...], case: Case, judge: ModelSpec | None) -> list[Any]:
    model = ScriptedModel(lambda request: VERDICT)
    await grade_all(scorers, Asked(case, Completion(answer_to(case))), Tools(lambda spec: model, judge))
    return model.requests


def checked(suite: Suite) -> tuple[float, float]:
    """Seconds of the process, and of its scorers as it reports them; ends the benchmark if it fails."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "opro_action", "check", str(suite.path), "--offline", "--format", "json"],
        env={name: value for name, value in os.environ.items() if not name.endswith("_API_BASE")},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"opro check ended with {done.returncode}: {done.stderr}{done.stdout[:2000]}")
    [found] = json.loads(done.stdout)["suites"]
    if found["n"] != CASES or found["unscored"]:
        sys.exit(f"{found['n']} cases, {found['unscored']} unscored")
    return seconds, found["scoring_s"]


def bare_loop(suite: Suite) -> float:
    """Seconds that the same scorers take in a loop; the judge answers at once, and modules are loaded already."""

    async def run() -> None:
        tools = Tools(lambda spec: ScriptedModel([VERDICT]), suite.judge)
        for case in suite.cases:
            await grade_all(suite.scorers, Asked(case, Completion(answer_to(case))), tools)

    asyncio.run(run())
    began = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
