"""`opro doctor`: is a suite worth running? Findings with what to do about each."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opro_action.commands.common import Calls, chosen_suites, open_models, run
from opro_action.commands.output import Output, say, write_result
from opro_action.doctor.examine import Examination, examine
from opro_action.doctor.leakage import leak_findings
from opro_action.doctor.strictness import strictness_findings
from opro_action.errors import UsageError
from opro_action.models.connect import Models
from opro_action.models.usage import Usage
from opro_action.report.doctor import doctor_json, doctor_markdown, doctor_text, finding_lines, overall
from opro_action.scoring.selfcheck import self_check
from opro_action.search.split import split_cases
from opro_action.suite.suite import Case, Suite


@dataclass(frozen=True)
class DoctorOptions:
    """The options of `opro doctor`. With `no_calls` only what needs no model is looked at."""

    suites: tuple[Path, ...] = ()
    model: str | None = None
    no_calls: bool = False
    calls: Calls = Calls()
    output: Output = Output()


def doctor(options: DoctorOptions) -> int:
    """Examine the chosen suites, report, and return the exit code of the worst."""
    suites = chosen_suites(options.suites, options.model)
    began = time.monotonic()
    found, usage = run(_examine_all(suites, options))
    used = replace(usage, seconds=time.monotonic() - began).as_json()
    write_result(
        options.output,
        text=doctor_text(found, used),
        value=doctor_json(found, used),
        markdown=doctor_markdown(found, used),
    )
    return overall(found)


def warn_of_hacks(suite: Suite) -> None:
    """Say loudly, before a first search, which constant answer the suite's scorers would reward."""
    for finding in strictness_findings(suite, run(self_check(suite))):
        say("WARNING: THIS SEARCH MAY FIND A TRICK INSTEAD OF A BETTER PROMPT")
        for line in finding_lines(suite, finding):
            say(f"  {line}")


def warn_of_leaks(suite: Suite) -> None:
    """Say loudly, before a search, which cases the prompt quotes: their scores are worth nothing."""
    for finding in leak_findings(suite):
        say("WARNING: THE PROMPT HOLDS ANSWERS OF ITS OWN CASES, SO ITS SCORE IS TOO HIGH")
        for line in finding_lines(suite, finding):
            say(f"  {line}")


async def _examine_all(suites: Sequence[Suite], options: DoctorOptions) -> tuple[list[Examination], Usage]:
    if options.no_calls:
        return [await examine(suite, None, holdout=_holdout(suite)) for suite in suites], Usage()
    async with open_models(suites[0].root, options.calls) as models:
        return [await _examined(suite, models, options) for suite in suites], models.usage.total


async def _examined(suite: Suite, models: Models, options: DoctorOptions) -> Examination:
    models.check_price(suite.model)
    return await examine(suite, models, holdout=_holdout(suite), offline=options.calls.offline)


def _holdout(suite: Suite) -> tuple[Case, ...]:
    with contextlib.suppress(UsageError):
        return split_cases(suite.cases, holdout=suite.optimize.holdout, seed=suite.optimize.seed).holdout
    return ()
