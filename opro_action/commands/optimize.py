"""`opro optimize`: a bounded search for a better wording, and the plan to propose it."""

from __future__ import annotations

import asyncio
import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from opro_action.commands.common import Calls, open_models, run, tell_notes
from opro_action.commands.doctor import warn_of_hacks, warn_of_leaks
from opro_action.commands.output import Output, say, write_result
from opro_action.errors import UsageError
from opro_action.models.prices import check_price
from opro_action.report.markdown import plain
from opro_action.report.optimize import estimate_json, estimate_text, optimize_markdown, optimize_text
from opro_action.scoring.selfcheck import check_prices
from opro_action.search.prepare import prepare, writer_named, writer_of
from opro_action.search.result import optimize_json
from opro_action.search.run import Finished, find_run, new_run
from opro_action.search.run import run as run_search
from opro_action.search.search import Setup
from opro_action.suite.files import check_writable, write_atomically
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class OptimizeOptions:
    """The options of `opro optimize`. `bounds` are those of the suite's `optimize` section that are set here."""

    suite: Path
    bounds: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    optimizer_model: str | None = None
    resume: str | None = None
    dry_run: bool = False
    write: bool = False
    allow_few: bool = False
    calls: Calls = Calls()
    output: Output = Output()


def optimize(options: OptimizeOptions) -> int:
    """Search, report, and put the winner into the prompt file if that is wanted; returns the exit code."""
    suite = _with(read_suite(options.suite, model=options.model), options)
    tell_notes(suite)
    setup = prepare(suite, allow_few=options.allow_few)
    _check_prices(setup)
    warn_of_leaks(suite)
    if not suite.history_path.exists():
        warn_of_hacks(suite)
    estimate = estimate_text(setup)
    if options.dry_run:
        write_result(options.output, text=f"{estimate}\n", value=estimate_json(setup), markdown=f"{plain(estimate)}\n")
        return 0
    say(estimate)
    check_writable(suite.history_path)
    folder = find_run(suite, options.resume) if options.resume else new_run(suite)
    say(f"journal: {folder / 'journal.jsonl'} (go on after an interruption with --resume {folder.name})")
    finished = run(_search(setup, folder, options))
    report = finished.report
    write_result(
        options.output, text=optimize_text(report), value=optimize_json(report), markdown=optimize_markdown(report)
    )
    say(f"plan: {finished.plan_path}")
    if options.write and report.accepted:
        _write(finished)
    return 0


def _check_prices(setup: Setup) -> None:
    """Raise UsageError, before a run is begun, when `max_cost` is set and could not be kept for one of the models."""
    if setup.suite.optimize.max_cost is None:
        return
    for suite in (setup.suite, *(guard.suite for guard in setup.guards)):
        asyncio.run(check_prices(suite, check_price))
    check_price(writer_of(setup.suite))


def _write(finished: Finished) -> None:
    """Put the winner into the prompt file; raises UsageError when the file is not the one that was searched from."""
    suite = finished.report.suite
    path, name = suite.prompt.path, suite.relative(suite.prompt.path)
    read = next(file.before_sha256 for file in finished.plan.files if file.path == name)
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != read:
        raise UsageError(
            f"{name}: the file changed while the search ran, so that the new prompt was not written into it; "
            f"it is in {finished.plan_path}."
        )
    write_atomically(path, suite.prompt.with_text(finished.report.outcome.best.text))
    say(f"{name}: the new prompt was written.")


async def _search(setup: Setup, folder: Path, options: OptimizeOptions) -> Finished:
    suite = setup.suite
    spec = suite.optimize
    calls = replace(options.calls, max_calls=setup.cap, max_cost=spec.max_cost, max_minutes=spec.max_minutes)
    async with open_models(suite.root, calls) as models:
        return await run_search(setup, models, folder, command=_command(setup, options), say=say)


def _with(suite: Suite, options: OptimizeOptions) -> Suite:
    spec = replace(suite.optimize, **options.bounds)
    if options.optimizer_model:
        spec = replace(spec, model=writer_named(suite, options.optimizer_model))
    return replace(suite, optimize=spec)


def _command(setup: Setup, options: OptimizeOptions) -> str:
    """How to make this search again; the suite file holds what is not named.

    Caps and the task model are named only where they were given: a default cap, once it is set, means fewer answers in
    the decision on a large holdout, and `--model` one provider of a promptfoo file instead of all.
    """
    suite, spec = setup.suite, setup.suite.optimize
    named: dict[str, Any] = {"model": options.model, "optimizer_model": writer_of(suite).id}
    named |= {"steps": spec.steps, "candidates": spec.candidates, "seed": spec.seed, **options.bounds}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in named.items() if value is not None]
    return shlex.join(["opro", "optimize", suite.title, *words, *(["--allow-few"] if options.allow_few else [])])
