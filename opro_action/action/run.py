"""The step that asks models: does the job of the event, and leaves outputs, a summary, annotations and its results."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from opro_action.action.conclude import Conclusion, conclude, why
from opro_action.action.environment import masks, model_environment
from opro_action.action.event import Event, read_event
from opro_action.action.inputs import Inputs, read_inputs
from opro_action.action.job import Job, Nothing, Refused, job_for, target_branch
from opro_action.action.merge import at_merge
from opro_action.action.outputs import outputs_of
from opro_action.action.results import Ended, write_ended
from opro_action.action.runner import add_summary, annotate, say, set_outputs
from opro_action.action.summary import job_summary
from opro_action.action.work import Desk, Work, do
from opro_action.commands.trust import refuse_untrusted
from opro_action.errors import OproError, UsageError
from opro_action.models.keys import redact
from opro_action.report.annotations import case_annotations
from opro_action.suite.git import head_commit


def run(env: Mapping[str, str]) -> int:
    """Do the job of the event: returns the step's exit code.

    An expected error is raised, after it was left as the result: an older verdict must not stand in its place.
    """
    results = Path(tempfile.mkdtemp(prefix="opro-", dir=env.get("RUNNER_TEMP")))
    head = head_commit(Path.cwd()) or ""
    try:
        return _run(env, results, head)
    except OproError as error:
        write_ended(results, Ended(error.exit_code, redact(str(error), environment=env), head))
        set_outputs(env, _places(results))
        raise


def _run(env: Mapping[str, str], results: Path, head: str) -> int:
    inputs, event = read_inputs(env), at_merge(read_event(env), Path.cwd())
    if inputs.mode == "publish":
        raise UsageError("mode `publish` asks no model, so there is nothing to run")
    job = job_for(inputs.mode, event, head=head, allow_head_code=inputs.allow_head_code)
    if isinstance(job, Refused):
        raise UsageError(f"nothing was done: {job.reason}.")
    if isinstance(job, Nothing):
        annotate("notice", f"Nothing to do: {job.reason}.")
        return 0
    _check_target(inputs, event, job)
    for secret in masks(env):
        annotate("add-mask", secret)
    desk = Desk(inputs, model_environment(env), results)
    refuse_untrusted([Path(suite) for suite in inputs.suites], desk.env, base=_vouching(event))
    work = do(job, desk)
    conclusion = conclude(inputs, job, work.check, work.searches)
    write_ended(results, _ended(work, head))
    _tell(env, desk, work, conclusion)
    return conclusion.exit_code


def _check_target(inputs: Inputs, event: Event, job: Job) -> None:
    """Raise UsageError when a search is asked for whose proposal could go nowhere, before it has cost something."""
    wanted = job.search == "all" and inputs.publishing.proposals
    if wanted and not (inputs.publishing.base or target_branch(event)):
        raise UsageError(
            "this workflow does not run on a branch of this repository, so name the branch that the pull request is "
            "for in input `base`, or set `propose: none`"
        )


def _vouching(event: Event) -> str | None:
    """The commit whose code may run beside keys; None where what is checked out is the repository's own."""
    if event.pull:
        return event.pull.base_sha
    return event.sha if event.name in {"issue_comment", "workflow_run"} else None


def _tell(env: Mapping[str, str], desk: Desk, work: Work, conclusion: Conclusion) -> None:
    """Say to the runner what came of it."""
    for warning in work.warnings:
        annotate("warning", warning)
    for line in case_annotations(work.check.result if work.check else {}):
        say(line)
    set_outputs(env, outputs_of(work.check, work.searches) | _places(desk.results))
    add_summary(env, job_summary(work.done))
    if conclusion.why:
        annotate("error" if conclusion.exit_code else "warning", conclusion.why)


def _ended(work: Work, commit: str) -> Ended:
    failed = next((done for done in work.done if done.exit_code), None)
    if failed:
        return Ended(failed.exit_code, why(failed), commit, work.warnings)
    silent = work.check and not work.check.result
    return Ended(0, work.check.words if work.check and silent else "", commit, work.warnings)


def _places(results: Path) -> dict[str, str]:
    plans = sorted(results.glob("plan-*.json"))
    found = [path for path in (results / "check.json", results / "search-1.json") if path.is_file()]
    return {
        "results": str(results),
        "result-json": str(found[0]) if found else "",
        "plan": str(plans[0]) if plans else "",
    }
