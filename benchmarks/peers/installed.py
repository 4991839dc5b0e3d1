"""Other people's optimizers as released, where installed: gepa, DSPy's COPRO and MIPROv2, promptfoo optimize.

None of them is a dependency. gepa asks through the evaluator of this benchmark; the others talk to the simulator over
HTTP, which refuses after the budget. Where they have to be told how long to search, they get the longest run whose
task calls fit.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from peers.evaluator import Arm, BudgetExhausted, Evaluator

from opro_action.scoring.results import CaseResult
from opro_action.suite.suite import Case
from opro_action.testing import World
from opro_action.testing.server import SimulatorServer

ServedArm = Callable[[Evaluator, int, World], None]

FULL_EVERY = 5
MINIBATCH = 35
VALIDATION = 0.8
PROMPTFOO_ROUNDS = 10
"""promptfoo asks each test about so often: 3 rounds of 3 candidates and the first prompt are constants of it."""


def gepa_arm(evaluator: Evaluator, seed: int) -> None:
    """gepa with its defaults, half of the cases to learn from and half to validate on, as it advises below 200."""
    import gepa

    middle = len(evaluator.cases) // 2
    replies = iter(range(100_000))
    try:
        result = gepa.optimize(
            seed_candidate={"instruction": evaluator.seed_text},
            trainset=list(evaluator.cases[:middle]),
            valset=list(evaluator.cases[middle:]),
            adapter=_Adapter(evaluator),
            reflection_lm=lambda message: evaluator.write(str(message), next(replies)),
            max_metric_calls=evaluator.budget,
            logger=_Silent(),
            seed=seed,
        )
    except BudgetExhausted:
        return
    evaluator.declare(result.best_candidate["instruction"], result.val_aggregate_scores[result.best_idx])


class _Silent:
    def log(self, message: str) -> None:
        """Nothing is printed."""


class _Adapter:
    """What gepa asks for: results of an instruction on cases, and what to reflect on."""

    propose_new_texts = None

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        # It looks at its budget between rounds only; what it overdraws is allowed for, and counted.
        evaluator.overdraft = len(evaluator.cases) // 2 + 2 * 3

    def evaluate(self, batch: Sequence[Case], candidate: Mapping[str, str], capture_traces: bool = False) -> Any:
        from gepa import EvaluationBatch

        results = [self._evaluator.ask(candidate["instruction"], case) for case in batch]
        scores = [result.score or 0.0 for result in results]
        return EvaluationBatch(outputs=results, scores=scores, trajectories=results if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: Mapping[str, str], evaluated: Any, components: Sequence[str]
    ) -> dict[str, list[dict[str, str]]]:
        return {component: [_reflected(result) for result in evaluated.trajectories] for component in components}


def _reflected(result: CaseResult) -> dict[str, str]:
    said = result.answers[0]
    return {"Inputs": result.case.vars["input"], "Generated Outputs": said.text, "Feedback": said.explanation}


def dspy_copro(evaluator: Evaluator, seed: int, world: World) -> None:
    """COPRO with depth 3 and the breadth that fits."""
    from dspy.teleprompt import COPRO

    breadth = max(2, evaluator.budget // (3 * len(evaluator.cases)))
    with _served(evaluator, world) as server:
        program, data = _program(evaluator, server, world)
        tool = COPRO(prompt_model=_lm(server, "writer", 1.0), metric=_metric, breadth=breadth, depth=3)
        _declare(
            evaluator,
            server,
            lambda: tool.compile(program, trainset=data, eval_kwargs={"num_threads": 2, "display_progress": False}),
        )


def dspy_mipro(evaluator: Evaluator, seed: int, world: World) -> None:
    """MIPROv2 without demonstrations, with its own split and as many trials as fit."""
    from dspy.teleprompt import MIPROv2

    held = round(VALIDATION * len(evaluator.cases))
    trials = max(2, (evaluator.budget - 2 * held - 10) * FULL_EVERY // (FULL_EVERY * min(MINIBATCH, held) + held))
    with _served(evaluator, world) as server:
        program, data = _program(evaluator, server, world)
        tool = MIPROv2(
            metric=_metric,
            prompt_model=_lm(server, "writer", 1.0),
            auto=None,
            num_candidates=max(3, min(trials // 2, 20)),
            max_bootstrapped_demos=0,
            max_labeled_demos=0,
            num_threads=2,
            seed=seed,
        )
        _declare(
            evaluator,
            server,
            lambda: tool.compile(program, trainset=data, num_trials=trials, minibatch_size=min(MINIBATCH, held)),
        )


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Neither their prints nor their logs, which run to pages."""
    logging.disable(logging.WARNING)
    try:
        with (
            Path(os.devnull).open("w") as nowhere,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _served(evaluator: Evaluator, world: World) -> SimulatorServer:
    return SimulatorServer(world, limit=evaluator.budget)


def _lm(server: SimulatorServer, name: str, temperature: float) -> Any:
    import dspy

    place = {"api_base": server.url, "api_key": "none"}
    return dspy.LM(f"openai/{name}", cache=False, num_retries=0, temperature=temperature, **place)


def _program(evaluator: Evaluator, server: SimulatorServer, world: World) -> tuple[Any, list[Any]]:
    import dspy

    dspy.configure(lm=_lm(server, "task", world.landscape.temperature))
    program = dspy.Predict(dspy.Signature("message -> team", evaluator.seed_text))
    examples = [dspy.Example(message=case.vars["input"], team=case.expected) for case in evaluator.cases]
    return program, [example.with_inputs("message") for example in examples]


def _metric(example: Any, prediction: Any, trace: object = None) -> float:
    return float(example.team == prediction.team)


def _declare(evaluator: Evaluator, server: SimulatorServer, compiled: Callable[[], Any]) -> None:
    """DSPy's result. A reply of the optimizer model that it cannot read ends its run, and the first prompt stays."""
    from dspy.utils.exceptions import AdapterParseError

    text = evaluator.seed_text
    with _silence(), contextlib.suppress(AdapterParseError):
        text = compiled().signature.instructions
    evaluator.calls, evaluator.written = server.task_calls, server.writer_calls
    evaluator.declare(text)


def promptfoo_optimize(evaluator: Evaluator, seed: int, world: World) -> None:
    """`promptfoo optimize` on as many of the cases as its constant number of rounds can afford."""
    count = min(len(evaluator.cases), evaluator.budget // PROMPTFOO_ROUNDS)
    with _served(evaluator, world) as server, tempfile.TemporaryDirectory() as folder:
        provider = {"apiBaseUrl": server.url, "temperature": world.landscape.temperature}
        tests = [
            {"vars": dict(case.vars), "assert": [{"type": "equals", "value": case.expected}]}
            for case in evaluator.cases[:count]
        ]
        config = {
            "prompts": [f"{evaluator.seed_text}\n\n{{{{input}}}}"],
            "providers": [{"id": "openai:chat:task", "config": provider}],
            "tests": tests,
        }
        (Path(folder) / "promptfooconfig.json").write_text(json.dumps(config))
        told = _promptfoo(Path(folder), server.url)
        evaluator.calls, evaluator.written = server.task_calls, server.writer_calls
    best = told.partition("Best prompt\n")[2].partition("\n====")[0].replace("{{input}}", "").strip()
    evaluator.declare(best or evaluator.seed_text)


def _promptfoo(folder: Path, url: str) -> str:
    quiet = dict.fromkeys(("PROMPTFOO_DISABLE_TELEMETRY", "PROMPTFOO_DISABLE_UPDATE"), "1")
    place = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": url, "PROMPTFOO_CONFIG_DIR": str(folder / "config")}
    done = subprocess.run(
        [_promptfoo_command() or "promptfoo", "optimize", "-c", "promptfooconfig.json"],
        cwd=folder,
        env={**os.environ, **quiet, **place},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "no usable prompt" not in done.stdout:
        raise RuntimeError(f"promptfoo optimize ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def _promptfoo_command() -> str | None:
    return os.environ.get("PROMPTFOO") or shutil.which("promptfoo")


INSTALLED: Mapping[str, Arm | ServedArm] = {
    "gepa": gepa_arm,
    "dspy-copro": dspy_copro,
    "dspy-mipro": dspy_mipro,
    "promptfoo": promptfoo_optimize,
}
"""Arms by name; all but gepa also get the world, to serve it."""


def missing(name: str) -> str | None:
    """Why an arm cannot run here, and what would make it run; None when it can."""
    if name == "promptfoo":
        return (
            None if _promptfoo_command() else "promptfoo is not on PATH: npm install promptfoo, and set PROMPTFOO to it"
        )
    needs = {"gepa": ("gepa",), "dspy-copro": ("dspy",), "dspy-mipro": ("dspy", "optuna")}[name]
    absent = [module for module in needs if importlib.util.find_spec(module) is None]
    return f"{' and '.join(absent)} not installed: pip install {' '.join(absent)}" if absent else None
