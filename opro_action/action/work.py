"""The commands of a job, one after the other: a check of suites, then searches of those that need one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opro_action.action.arguments import budget_spent, check_arguments, regressed_suites, search_arguments
from opro_action.action.inputs import Inputs
from opro_action.action.job import Job
from opro_action.action.process import Done, call_opro
from opro_action.action.runner import annotate
from opro_action.errors import UsageError
from opro_action.suite.changes import unchecked_prompts
from opro_action.suite.discovery import find_root, find_suites
from opro_action.suite.git import git
from opro_action.suite.reading import read_suite, read_suites
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class Desk:
    """Where a job is done: its inputs, the environment of processes that ask models, the folder for what they leave."""

    inputs: Inputs
    env: Mapping[str, str]
    results: Path


@dataclass(frozen=True)
class Work:
    """What was done; `warnings` are sentences about what no command looked at."""

    check: Done | None = None
    searches: tuple[Done, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def done(self) -> tuple[Done, ...]:
        return (self.check, *self.searches) if self.check else self.searches


def do(job: Job, desk: Desk) -> Work:
    """Do a job; raises UsageError when there is no suite to search for."""
    job = _with_base(job)
    check = None
    if job.check != "no":
        check = call_opro("check", check_arguments(desk.inputs, job), env=desk.env, into=desk.results / "check.json")
    return Work(check, tuple(_search(desk, _to_search(desk, job, check), check)), _unchecked(job, desk))


def _with_base(job: Job) -> Job:
    """The job with the commit that the change went off from, if it is here; else all suites are checked."""
    if not job.base:
        return job
    here = Path.cwd()
    known = git(here, "rev-parse", "--verify", "--quiet", f"{job.base}^{{commit}}")
    base = known and (git(here, "merge-base", known, "HEAD") or known)
    if not base:
        annotate(
            "notice",
            f"The commit {job.base[:12]} that this is compared with is not here, so all suites are checked, each "
            "against its baseline: give actions/checkout `fetch-depth: 2`, or 0 if it has a `ref`.",
        )
    return replace(job, base=base or "")


def _unchecked(job: Job, desk: Desk) -> tuple[str, ...]:
    """What a change took away from the suites; those that cannot be read the check has told of."""
    if job.check == "no" or not job.base or desk.inputs.suites:
        return ()
    try:
        return tuple(unchecked_prompts(suites_of(()), base=job.base))
    except UsageError:
        return ()


def _to_search(desk: Desk, job: Job, check: Done | None) -> list[str]:
    """The suites to search for, as they are called from here."""
    if job.search == "no" or (check and not check.measured):
        return []
    if job.search == "regressed":
        return [_from_here(title) for title in regressed_suites(check)]
    if check is None:
        return [_from_here(suite.title) for suite in suites_of(desk.inputs.suites)]
    return [_from_here(suite["suite"]) for suite in check.result.get("suites", ())]


def suites_of(names: Sequence[str]) -> list[Suite]:
    """The named suites, or all; a file that holds several stands for each of them. Raises UsageError for none."""
    root = find_root(Path.cwd() / "evals")
    paths = [Path(name) for name in names] or find_suites(root)
    if not paths:
        raise UsageError(f"{root / 'evals'}: there is no suite; write one, or name a suite file in input `suites`.")
    return [suite for path in paths for suite in read_suites(path)]


def _from_here(title: str) -> str:
    """A suite's title, which starts at the root of the repository, as a path from the current folder."""
    return os.path.relpath(find_root(Path.cwd() / "evals") / title)


def _search(desk: Desk, suites: Sequence[str], check: Done | None) -> Iterator[Done]:
    """One search after the other, until one fails: after that nobody knows what is left of the caps."""
    earlier = [check] if check else []
    for number, suite in enumerate(suites, 1):
        arguments = search_arguments(desk.inputs, suite, earlier, _own_caps(suite))
        if arguments is None:
            yield budget_spent(suites[number - 1 :])
            return
        done = call_opro("optimize", arguments, env=desk.env, into=desk.results / f"search-{number}.json")
        _keep_plan(done, desk.results / f"plan-{number}.json")
        earlier.append(done)
        yield done
        if done.exit_code:
            return


def _own_caps(suite: str) -> dict[str, float | None]:
    spec = read_suite(Path(suite)).optimize
    return {"max-calls": spec.max_calls, "max-cost": spec.max_cost}


def _keep_plan(done: Done, target: Path) -> None:
    plan = find_root(Path.cwd() / "evals") / (done.result.get("run") or "") / "plan.json"
    if done.result and plan.is_file():
        shutil.copyfile(plan, target)
