"""One run of one arm on a real model, and what is kept of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peers.evaluator import Arm, Evaluator
from peers.opro import opro
from peers.simple import best_of_n
from search_models_place import Job, Place
from search_models_served import Served

from opro_action.errors import NotMeasured, UsageError
from opro_action.search.split import searched

OURS = "ours"
PEERS: dict[str, Arm] = {"opro": opro, "best-of-n": best_of_n}
ARMS = (OURS, *PEERS)


@dataclass(frozen=True)
class Found:
    """What an arm hands over. `text` is its best prompt, `search` the score it has for it; peers accept their best."""

    text: str
    search: float
    accepted: bool
    task_calls: int
    written: int
    sent: int
    evidence: str = ""
    stop: str = ""


@dataclass(frozen=True)
class Row:
    """A finished run. Scores in [0, 1]: of the first prompt, of the `found` one, and of the `final` one.

    `final` is the found prompt where the arm accepted it, else the first. `task_calls` are the arm's own, holdout
    included, and `sent` those of them that no other run had asked before; the scores on holdout and sealed cases that
    the benchmark takes afterwards are in neither. `minutes` have both models' time in them.
    """

    suite: str
    arm: str
    seed: int
    calls: int
    task_model: str
    cases: tuple[int, int, int]
    first_search: float
    first_holdout: float
    first_sealed: float
    search: float
    holdout: float
    sealed: float
    final_holdout: float
    final_sealed: float
    accepted: bool
    evidence: str
    stop: str
    task_calls: int
    sent: int
    written: int
    minutes: float
    text: str

    @property
    def job(self) -> Job:
        return Job(self.suite, self.arm, self.seed, self.calls)

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of(cls, line: str) -> Row:
        fields = json.loads(line)
        return cls(**{**fields, "cases": tuple(fields["cases"])})


def made(place: Place, job: Job) -> Row:
    """Run a job, or go on with it where it was left.

    Raises NotMeasured when a server does not answer, and UsageError for a budget that is too small to decide in.
    """
    with Served.of(place, job) as served:
        with _timed(place.run(job) / "seconds"):
            found = _ours(served, job) if job.arm == OURS else _peer(served, job)
        return _measured(place, job, served, found)


def _measured(place: Place, job: Job, served: Served, found: Found) -> Row:
    first, cases = served.suite.prompt.text, served.cases
    scores = {
        (text, name): served.score(text, getattr(cases, name))
        for text in (first, found.text)
        for name in ("search", "holdout", "sealed")
    }
    final = found.text if found.accepted else first
    return Row(
        **asdict(job),
        task_model=served.suite.model.id.removeprefix("openai/"),
        cases=(len(cases.search), len(cases.holdout), len(cases.sealed)),
        first_search=scores[first, "search"],
        first_holdout=scores[first, "holdout"],
        first_sealed=scores[first, "sealed"],
        search=found.search,
        holdout=scores[found.text, "holdout"],
        sealed=scores[found.text, "sealed"],
        final_holdout=scores[final, "holdout"],
        final_sealed=scores[final, "sealed"],
        accepted=found.accepted,
        evidence=found.evidence,
        stop=found.stop,
        task_calls=found.task_calls,
        sent=found.sent,
        written=found.written,
        minutes=_seconds(place.run(job) / "seconds") / 60,
        text=found.text,
    )


def _peer(served: Served, job: Job) -> Found:
    suite = served.suite
    evaluator = Evaluator(served, served.instruction, suite.description, served.cases.search, job.calls)
    PEERS[job.arm](evaluator, job.seed)
    best = evaluator.best
    return Found(
        text=suite.prompt.text if best == served.instruction else served.whole(best),
        search=evaluator.reported or 0.0,
        accepted=best != served.instruction,
        task_calls=evaluator.calls,
        written=evaluator.written,
        sent=served.sent["task"],
    )


def _ours(served: Served, job: Job) -> Found:
    """The whole program, as a user starts it; its own journal is what it goes on from."""
    root, result = served.suite.root, served.suite.root / "result.json"
    begun = any((root / ".opro" / "runs").glob("*/journal.jsonl"))
    done = _opro(served, result, ["--resume", "latest"] if begun else [])
    if done == UsageError.exit_code and begun:  # a journal of other models, addresses or settings
        shutil.rmtree(root / ".opro")
        done = _opro(served, result, [])
    if done:
        reason = (root / "stderr.txt").read_text().strip().splitlines()[-1:]
        error = UsageError if done == UsageError.exit_code else NotMeasured
        raise error(f"opro optimize ended with {done}: {''.join(reason)}")
    return _read(json.loads(result.read_text()), served)


def _opro(served: Served, result: Path, more: list[str]) -> int:
    root = served.suite.root
    command = ["optimize", str(served.suite.path), *more, "--format", "json", "--output", str(result)]
    with (root / "stderr.txt").open("w") as errors:
        return subprocess.run(
            [sys.executable, "-m", "opro_action", *command],
            cwd=root,
            env={**os.environ, "OPRO_CACHE_DIR": str(served.place.cache), "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            stderr=errors,
            check=False,
        ).returncode


def _read(result: dict[str, Any], served: Served) -> Found:
    decided = 0 if result["seed_holdout_score"] is None else 2 * len(served.cases.holdout)
    of_seed = min(len(served.cases.search), searched(served.suite.optimize.max_calls or 0))
    met = of_seed + sum(each["n_scored"] or 0 for each in result["candidates"])
    return Found(
        text=result["best"]["text"],
        search=result["best"]["search_score"],
        accepted=result["accepted"],
        task_calls=met + decided,
        written=result["usage"]["optimizer"]["calls"] + result["usage"]["optimizer"]["cached"],
        sent=result["usage"]["task"]["calls"],
        evidence=result["evidence"],
        stop=result["stop_reason"],
    )


@contextmanager
def _timed(path: Path) -> Iterator[None]:
    """Adds the seconds of this part of a run to those of its earlier parts, kept in a file."""
    began = time.monotonic()
    try:
        yield
    finally:
        with path.open("a") as file:
            file.write(f"{time.monotonic() - began:.1f}\n")


def _seconds(path: Path) -> float:
    return sum(float(line) for line in path.read_text().split())
