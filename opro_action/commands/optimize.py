"""`opro optimize`: a bounded search for a better wording, and the plan to propose it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from opro_action.commands.common import Calls, open_models, run, tell_notes
from opro_action.commands.doctor import warn_of_hacks, warn_of_leaks
from opro_action.commands.output import Output, say, write_result
from opro_action.report.optimize import estimate_text, optimize_markdown, optimize_text
from opro_action.search.prepare import prepare, writer_of
from opro_action.search.result import optimize_json
from opro_action.search.run import Finished, find_run, new_run
from opro_action.search.run import run as run_search
from opro_action.search.search import Setup
from opro_action.suite.files import write_atomically
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
    warn_of_leaks(suite)
    if not suite.history_path.exists():
        warn_of_hacks(suite)
    say(estimate_text(setup))
    if options.dry_run:
        return 0
    folder = find_run(suite, options.resume) if options.resume else new_run(suite)
    say(f"journal: {folder / 'journal.jsonl'} (go on after an interruption with --resume {folder.name})")
    finished = run(_search(setup, folder, options))
    report = finished.report
    if options.write and report.accepted:
        write_atomically(suite.prompt.path, suite.prompt.with_text(report.outcome.best.text))
        say(f"{suite.relative(suite.prompt.path)}: the new prompt was written.")
    say(f"plan: {finished.plan_path}")
    write_result(
        options.output, text=optimize_text(report), value=optimize_json(report), markdown=optimize_markdown(report)
    )
    return 0


async def _search(setup: Setup, folder: Path, options: OptimizeOptions) -> Finished:
    suite = setup.suite
    spec = suite.optimize
    calls = replace(options.calls, max_calls=setup.cap, max_cost=spec.max_cost, max_minutes=spec.max_minutes)
    async with open_models(suite.root, calls) as models:
        for one in (suite, *(guard.suite for guard in setup.guards)):
            models.check_price(one.model)
            models.check_price(one.judge or one.model)
        models.check_price(writer_of(suite))
        return await run_search(setup, models, folder, command=_command(setup), say=say)


def _with(suite: Suite, options: OptimizeOptions) -> Suite:
    spec = replace(suite.optimize, **options.bounds)
    if options.optimizer_model:
        spec = replace(spec, model=replace(writer_of(suite), id=options.optimizer_model))
    return replace(suite, optimize=spec)


def _command(setup: Setup) -> str:
    """How to make this search again; the suite file holds what is not named."""
    suite, spec = setup.suite, setup.suite.optimize
    writer = writer_of(suite)
    words = ["opro", "optimize", suite.title, f"--model={suite.model.id}"]
    words += [f"--optimizer-model={writer.id}", f"--steps={spec.steps}", f"--candidates={spec.candidates}"]
    return shlex.join([*words, f"--max-calls={setup.cap}", f"--seed={spec.seed}"])
