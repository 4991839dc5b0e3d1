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
from opro_action.action.outputs import outputs_of
from opro_action.action.results import Ended, write_ended
from opro_action.action.runner import add_summary, annotate, say, set_outputs
from opro_action.action.summary import job_summary
from opro_action.action.work import Desk, Work, do
from opro_action.commands.trust import refuse_untrusted
from opro_action.errors import UsageError
from opro_action.report.annotations import case_annotations
from opro_action.suite.git import head_commit


def run(env: Mapping[str, str]) -> int:
    """Do the job of the event: returns the step's exit code."""
    inputs, event = read_inputs(env), read_event(env)
    if inputs.mode == "publish":
        raise UsageError("mode `publish` asks no model, so there is nothing to run")
    head = head_commit(Path.cwd()) or ""
    job = job_for(inputs.mode, event, head=head, allow_head_code=inputs.allow_head_code)
    if isinstance(job, Refused):
        raise UsageError(f"nothing was done: {job.reason}.")
    if isinstance(job, Nothing):
        annotate("notice", f"Nothing to do: {job.reason}.")
        return 0
    _check_target(inputs, event, job)
    for secret in masks(env):
        annotate("add-mask", secret)
    desk = Desk(inputs, model_environment(env), Path(tempfile.mkdtemp(prefix="opro-", dir=env.get("RUNNER_TEMP"))))
    refuse_untrusted([Path(suite) for suite in inputs.suites], desk.env, base=_vouching(event))
    work = do(job, desk)
    conclusion = conclude(inputs, job, work.check, work.searches)
    _leave(env, desk, work, conclusion)
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


def _leave(env: Mapping[str, str], desk: Desk, work: Work, conclusion: Conclusion) -> None:
    """Say what came of it, to the runner and to the step that publishes it."""
    write_ended(desk.results, _ended(work))
    for line in case_annotations(work.check.result if work.check else {}):
        say(line)
    set_outputs(env, outputs_of(work.check, work.searches) | _places(desk.results))
    add_summary(env, job_summary(work.done))
    if conclusion.why:
        annotate("error" if conclusion.exit_code else "warning", conclusion.why)


def _ended(work: Work) -> Ended:
    failed = next((done for done in work.done if done.exit_code), None)
    if failed:
        return Ended(failed.exit_code, why(failed))
    silent = work.check and not work.check.result
    return Ended(0, work.check.words if work.check and silent else "")


def _places(results: Path) -> dict[str, str]:
    plans = sorted(results.glob("plan-*.json"))
    found = [path for path in (results / "check.json", results / "search-1.json") if path.is_file()]
    return {
        "results": str(results),
        "result-json": str(found[0]) if found else "",
        "plan": str(plans[0]) if plans else "",
    }
