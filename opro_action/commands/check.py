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
from opro_action.commands.staged import staged_suites
from opro_action.errors import UsageError
from opro_action.gate.check import SuiteCheck, check_suites, overall
from opro_action.report.check import check_markdown, check_text
from opro_action.report.check_json import check_json
from opro_action.report.markdown import count
from opro_action.scoring.results import Answer
from opro_action.scoring.selfcheck import check_prices
from opro_action.suite.changes import changed_suites, unchecked_prompts
from opro_action.suite.files import check_writable
from opro_action.suite.git import last_change
from opro_action.suite.suite import Case, Suite
from opro_action.suite.tree import Tree

NOT_MEASURED = 3


@dataclass(frozen=True)
class CheckOptions:
    """The options of `opro check`. `update_baseline` is None, `all`, or `new` for what has none; `force` does it on CI.

    `base` is the git ref, by default HEAD, that `changed` looks at, and that is scored where no recorded baseline can
    be compared with.

    `tags` and `match` choose cases: those with one of the tags, and with the text `match` in their id. `prompts` are
    compared with each other instead of with the baseline.

    With `staged` suites, prompts, cases and baselines are those of the index. `on_unmeasured` is `fail`, or `warn` for
    exit code 0 where nothing could be measured.
    """

    suites: tuple[Path, ...] = ()
    changed: bool = False
    staged: bool = False
    base: str | None = None
    model: str | None = None
    repeats: int | None = None
    update_baseline: str | None = None
    force: bool = False
    tags: tuple[str, ...] = ()
    match: str | None = None
    prompts: tuple[Path, ...] = ()
    on_unmeasured: str = "fail"
    calls: Calls = Calls()
    output: Output = Output()


def check(options: CheckOptions) -> int:
    """Check the chosen suites and return the exit code of the worst."""
    if not options.staged:
        return _check(chosen_suites(options.suites, options.model), options)
    if options.update_baseline or options.prompts:
        raise UsageError("--staged checks what is staged as it is: leave out --update-baseline and --prompt.")
    with staged_suites(options.suites, options.model) as staged:
        return _check(staged.suites, options, staged.tree)


def _check(found: Sequence[Suite], options: CheckOptions, tree: Tree | None = None) -> int:
    suites = [_with(suite, options) for suite in found]
    if options.changed:
        suites = _changed(suites, options, tree)
        if not suites:
            say(f"No suite differs from {options.base or HEAD}: nothing to check.")
            return 0
    if not suites:
        raise UsageError("--staged: no suite is staged; `git add` one, or leave out --staged.")
    suites = _with_chosen_cases(suites, options)
    if options.prompts:
        return _compare(suites, options)
    if options.update_baseline:
        if not options.force:
            refuse_on_ci()
        for suite in suites:
            check_writable(suite.baseline_path)
    checks, usage = run(_check_all(suites, options, tree))
    if options.update_baseline:
        checks = [record(found, options.update_baseline) for found in checks]
    write_result(
        options.output,
        text=check_text(checks, usage),
        value=check_json(checks, usage),
        markdown=check_markdown(checks, usage),
    )
    code = overall(checks)[1]
    if code == NOT_MEASURED and options.on_unmeasured == "warn":
        say("warning: NOT MEASURED, which --on-unmeasured=warn lets pass: nothing is known of this change.")
        return 0
    return code


def _changed(suites: Sequence[Suite], options: CheckOptions, tree: Tree | None) -> list[Suite]:
    """The suites that differ; where all are looked at, the prompts that lost theirs are told of."""
    base = options.base or HEAD
    for sentence in () if options.suites else unchecked_prompts(suites, base=base, tree=tree):
        say(f"warning: {sentence}.")
    return changed_suites(suites, base=base, tree=tree)


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
        if not any(case.weight for case in suite.cases):
            raise UsageError(
                f"{suite.title}: --tag and -k leave only cases of weight 0, which have no score; add another."
            )
        say(f"{suite.name}: {count(len(suite.cases), 'case')} chosen.")
    return found


def _chosen(cases: Sequence[Case], options: CheckOptions) -> tuple[Case, ...]:
    tags, match = set(options.tags), (options.match or "").casefold()
    return tuple(case for case in cases if (not tags or tags & {*case.tags}) and match in case.id.casefold())


def _compare(suites: Sequence[Suite], options: CheckOptions) -> int:
    if options.update_baseline or len(suites) != 1:
        raise UsageError("--prompt compares prompts on one suite: name one SUITE, and leave out --update-baseline.")
    return compare(suites[0], options.prompts, options.calls, options.output)


async def _check_all(
    suites: Sequence[Suite], options: CheckOptions, tree: Tree | None
) -> tuple[list[SuiteCheck], dict[str, object]]:
    began, recording = time.monotonic(), options.update_baseline is not None
    repository = tree.repository if tree else None
    async with open_models(repository or suites[0].root, options.calls) as models:
        for suite in suites if options.calls.max_cost is not None else ():
            await check_prices(suite, models.check_price)
        with base_at(options.base, model=options.model, repository=repository) as base:
            checks = await check_suites(
                suites, models, base=None if recording else base, confirm=not recording, on_answer=_progress
            )
        checks = [_in_repository(check, repository) for check in checks] if repository else checks
        return checks, replace(models.usage.total, seconds=time.monotonic() - began).as_json()


def _in_repository(check: SuiteCheck, repository: Path) -> SuiteCheck:
    """The check with the day of its baseline, which a tree of the repository does not know."""
    if check.baseline is None or check.ref:
        return check
    return replace(check, recorded=last_change(repository / check.suite.relative(check.suite.baseline_path)))


def _progress(suite: Suite) -> Callable[[Case, Answer], None]:
    """Says how far a long scoring has come, each time another quarter is done; nothing for cached answers."""
    total, done = len(suite.cases) * suite.repeats, [0, 0]

    def progress(case: Case, answer: Answer) -> None:
        done[0] += 1
        done[1] += not answer.cached
        if done[1] and done[0] * 4 // total > (done[0] - 1) * 4 // total:
            say(f"{suite.name}: {done[0]} of {total} answers")

    return progress
