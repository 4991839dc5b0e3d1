"""The folder of the real-model benchmark: each run as a small repository, with its suite as it runs there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from opro_action.search.split import split_cases
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Case, Suite

HERE = Path(__file__).parent
OPTIMIZER = "qwen-1.5b"
TASK_MODELS = {
    "language-identification": "smollm2",
    "ticket-routing": "qwen-0.5b",
    "table-booking": "qwen-0.5b",
    "meter-reading": "smollm2",
}
"""The suites, with the served model that runs each one's prompt."""

STEPS = 100
"""More than any budget here allows: the calls and our own stop rules end a search."""

LONGEST_REPLY = 384
"""Tokens; the same for every arm, with room for thoughts before the prompt where an arm asks for them."""


@dataclass(frozen=True)
class Job:
    """One run of one arm: on which suite, with which seed, within how many task calls."""

    suite: str
    arm: str
    seed: int
    calls: int


@dataclass(frozen=True)
class Cases:
    """What an arm may search on, what ours decides on, and what nobody sees before the end."""

    search: tuple[Case, ...]
    holdout: tuple[Case, ...]
    sealed: tuple[Case, ...]


@dataclass(frozen=True)
class Place:
    """The working folder, and where the models are served, by name."""

    folder: Path
    servers: Mapping[str, str]

    @property
    def results(self) -> Path:
        return self.folder / "results.jsonl"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def run(self, job: Job) -> Path:
        return self.folder / "runs" / f"{job.suite}-{job.arm}-{job.calls}-{job.seed}"

    def suite(self, job: Job) -> Suite:
        """The suite of a job in a small repository of its own, which is made if it is not there yet."""
        root = self.run(job)
        path = root / "evals" / f"{job.suite}.yaml"
        if not path.exists():
            for name in ("evals", "prompts", "sealed"):
                (root / name).mkdir(parents=True, exist_ok=True)
            subprocess.run(["git", "init", "--quiet", str(root)], check=True)
            shutil.copy(HERE.parent / "prompts" / f"{job.suite}.md", root / "prompts")
            shutil.copy(HERE.parent / "evals" / f"{job.suite}.cases.yaml", root / "evals")
            shutil.copy(HERE / "sealed" / f"{job.suite}.yaml", root / "sealed" / "cases.yaml")
        # Written anew each time: the servers may have moved.
        path.write_text(yaml.safe_dump(self._fields(job), sort_keys=False))
        return read_suite(path, root=root)

    def cases(self, suite: Suite) -> Cases:
        sealed = suite.root / "sealed" / suite.path.name
        sealed.write_text(yaml.safe_dump({**yaml.safe_load(suite.path.read_text()), "cases": "cases.yaml"}))
        split = split_cases(suite.cases, holdout=suite.optimize.holdout, seed=suite.optimize.seed)
        return Cases(split.search, split.holdout, read_suite(sealed, root=suite.root).cases)

    def _fields(self, job: Job) -> dict[str, Any]:
        """The suite as the repository has it, with served models, and the defaults of a search but for its bounds."""
        fields: dict[str, Any] = yaml.safe_load((HERE.parent / "evals" / f"{job.suite}.yaml").read_text())
        task = TASK_MODELS[job.suite]
        fields["model"] = f"openai/{task}"
        fields["params"] = {**fields["params"], "api_base": self.servers[task]}
        fields["optimize"] = {
            "model": f"openai/{OPTIMIZER}",
            # `user` changes nothing but the cache's key: what one run was written is not given to another.
            "params": {
                "temperature": 1.0,
                "max_tokens": LONGEST_REPLY,
                "user": f"{job.arm}-{job.seed}",
                "api_base": self.servers[OPTIMIZER],
            },
            "steps": STEPS,
            "max_calls": job.calls,
            "max_minutes": 600,
            "seed": job.seed,
        }
        return fields
