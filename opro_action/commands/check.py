"""`opro check`: score prompts, compare them with their baselines, print a verdict for each suite."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opro_action.commands.base import HEAD, base_at
from opro_action.commands.common import Calls, chosen_suites, open_models, run
from opro_action.commands.compare import compare
from opro_action.commands.output import Output, say, write_result
from opro_action.commands.record import record, refuse_on_ci
from opro_action.errors import UsageError
from opro_action.gate.check import SuiteCheck, check_suites, overall
from opro_action.report.check import check_markdown, check_text
from opro_action.report.check_json import check_json
from opro_action.report.markdown import count
from opro_action.scoring.results import Answer
from opro_action.suite.changes import changed_suites
from opro_action.suite.suite import Case, Suite


@dataclass(frozen=True)
class CheckOptions:
    """The options of `opro check`. `update_baseline` is None, `all`, or `new` for what has none; `force` does it on CI.

    `base` is the git ref, by default HEAD, that `changed` looks at, and that is scored where no recorded baseline can
    be compared with.

    `tags` and `match` choose cases: those with one of the tags, and with the text `match` in their id. `prompts` are
    compared with each other instead of with the baseline.
    """

    suites: tuple[Path, ...] = ()
    changed: bool = False
    base: str | None = None
    model: str | None = None
    repeats: int | None = None
    update_baseline: str | None = None
    force: bool = False
    tags: tuple[str, ...] = ()
    match: str | None = None
    prompts: tuple[Path, ...] = ()
    calls: Calls = Calls()
    output: Output = Output()


def check(options: CheckOptions) -> int:
    """Check the chosen suites and return the exit code of the worst."""
    suites = [_with(suite, options) for suite in chosen_suites(options.suites, options.model)]
    if options.changed:
        suites = changed_suites(suites, base=options.base or HEAD)
        if not suites:
            say(f"No suite differs from {options.base or HEAD}: nothing to check.")
            return 0
    suites = _with_chosen_cases(suites, options)
    if options.prompts:
        return _compare(suites, options)
    if options.update_baseline and not options.force:
        refuse_on_ci()
    checks, usage = run(_check_all(suites, options))
    if options.update_baseline:
        checks = [record(found, options.update_baseline) for found in checks]
    write_result(
        options.output,
        text=check_text(checks, usage),
        value=check_json(checks, usage),
        markdown=check_markdown(checks, usage),
    )
    return overall(checks)[1]


def _with(suite: Suite, options: CheckOptions) -> Suite:
    return replace(suite, repeats=options.repeats) if options.repeats else suite


def _with_chosen_cases(suites: Sequence[Suite], options: CheckOptions) -> list[Suite]:
    """The suites with the cases that --tag and -k choose; those left without any are left out."""
    if not options.tags and options.match is None:
        return list(suites)
    if options.update_baseline:
        raise UsageError("--update-baseline records all cases of a suite: leave out --tag and -k.")
    found = [replace(suite, cases=cases, partial=True) for suite in suites if (cases := _chosen(suite.cases, options))]
    if not found:
        raise UsageError("--tag and -k leave no case; see the cases' `tags` and `id`.")
    for suite in found:
        say(f"{suite.name}: {count(len(suite.cases), 'case')} chosen.")
    return found


def _chosen(cases: Sequence[Case], options: CheckOptions) -> tuple[Case, ...]:
    tags, match = set(options.tags), (options.match or "").casefold()
    return tuple(case for case in cases if (not tags or tags & {*case.tags}) and match in case.id.casefold())


def _compare(suites: Sequence[Suite], options: CheckOptions) -> int:
    if options.update_baseline or len(suites) != 1:
        raise UsageError("--prompt compares prompts on one suite: name one SUITE, and leave out --update-baseline.")
    return compare(suites[0], options.prompts, options.calls, options.output)


async def _check_all(suites: Sequence[Suite], options: CheckOptions) -> tuple[list[SuiteCheck], dict[str, object]]:
    began, recording = time.monotonic(), options.update_baseline is not None
    async with open_models(suites[0].root, options.calls) as models:
        for model in (model for suite in suites for model in (suite.model, suite.judge) if model):
            models.check_price(model)
        with base_at(options.base, model=options.model) as base:
            checks = await check_suites(
                suites, models, base=None if recording else base, confirm=not recording, on_answer=_progress
            )
        return checks, replace(models.usage.total, seconds=time.monotonic() - began).as_json()


def _progress(suite: Suite) -> Callable[[Case, Answer], None]:
    """Says how far a long scoring has come, each time another quarter is done; nothing for cached answers."""
    total, done = len(suite.cases) * suite.repeats, [0, 0]

    def progress(case: Case, answer: Answer) -> None:
        done[0] += 1
        done[1] += not answer.cached
        if done[1] and done[0] * 4 // total > (done[0] - 1) * 4 // total:
            say(f"{suite.name}: {done[0]} of {total} answers")

    return progress
