"""The step that writes to GitHub: opens proposals and writes the comment, from what a run left and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from github.GithubException import GithubException

from opro_action.action.comment import Told, comment
from opro_action.action.event import Event, read_event
from opro_action.action.inputs import Inputs, Publishing, read_inputs, text
from opro_action.action.job import target_branch
from opro_action.action.results import read_results
from opro_action.action.runner import add_summary, annotate, say, set_outputs
from opro_action.errors import OproError, UsageError
from opro_action.proposal.choose import best_plans, proposes
from opro_action.proposal.client import said
from opro_action.proposal.propose import Proposal, open_proposal
from opro_action.proposal.settings import ProposeSettings, settings_from
from opro_action.report import markdown, workflow
from opro_action.search.plan import Plan


@dataclass(frozen=True)
class Desk:
    """What the step was told. `pause` is the seconds between two writes to GitHub."""

    env: Mapping[str, str]
    inputs: Inputs
    event: Event
    pause: float


def publish(env: Mapping[str, str], *, pause: float = 0.25) -> int:
    """Open or update the proposals, then write the comment: returns the step's exit code, which no comment changes."""
    desk = Desk(env, _inputs(env), read_event(env), pause)
    results = read_results(Path(desk.inputs.results))
    exit_code, lines = 0, []
    best = best_plans(results.plans)
    for plan in results.plans:
        try:
            lines.append(_published(plan, best.get(plan.prompt, plan), desk))
        except OproError as error:  # the next plan may be fine
            annotate("error", str(error))
            lines.append(f"{markdown.code(plan.prompt)} could not be proposed: {markdown.plain(error)}")
            exit_code = exit_code or error.exit_code
    add_summary(env, "".join(f"\n{line}\n" for line in lines))
    if desk.inputs.publishing.comment:
        with _best_effort(desk.event):
            comment(desk.event, Told(desk.inputs, results, lines), env=env, settings=_settings(desk))
    return exit_code


def _inputs(env: Mapping[str, str]) -> Inputs:
    """The inputs; wrong ones, for which the step before has ended this job, are told of in the comment and no more."""
    try:
        return read_inputs(env)
    except UsageError:
        if text(env, "mode") == "publish" or not text(env, "results"):
            raise
    return Inputs(
        mode="check",
        suites=tuple(text(env, "suites").split()),
        options={"model": text(env, "model")},
        results=text(env, "results"),
        publishing=Publishing(proposals=False, comment=text(env, "comment") == "true"),
    )


def _published(plan: Plan, best: Plan, desk: Desk) -> str:
    """What became of a plan, as a line of Markdown with a link to it; `best` is the one to propose for its prompt."""
    if plan is not best and proposes(plan):
        return (
            f"{markdown.code(plan.prompt)}: what the search with {markdown.code(plan.suite)} found is not proposed; a "
            f"prompt has one proposal, which is that of {markdown.code(best.suite)}."
        )
    if plan.propose == "none":
        return f"{markdown.code(plan.prompt)}: no better wording was shown. {markdown.plain(plan.result['reason'])}"
    if not desk.inputs.publishing.proposals:
        return f"{markdown.code(plan.prompt)}: a better wording was found, and no proposal was wanted."
    settings = _target(desk)
    with workflow.silenced(say):
        proposal = open_proposal(plan, settings=settings)
    _tell(desk.env, proposal)
    reason = markdown.plain(proposal.reason)
    return f"[{reason}]({proposal.url})" if proposal.url else reason


def _tell(env: Mapping[str, str], proposal: Proposal) -> None:
    for warning in proposal.warnings:
        annotate("warning", warning)
    # The runner keeps the last value: with several proposals that of the last one.
    if proposal.url:
        values = {"pull-request-number": str(proposal.number or ""), "pull-request-url": proposal.url}
        set_outputs(env, values)


def _target(desk: Desk) -> ProposeSettings:
    given = desk.inputs.publishing
    if not desk.env.get("GITHUB_TOKEN"):
        raise UsageError(
            "input `github-token` is empty, and opening a pull request needs it: give one, or set `propose: none`"
        )
    base = given.base or target_branch(desk.event)
    if not base:
        raise UsageError("name the branch that the pull request is for in input `base`, or set `propose: none`")
    return replace(_settings(desk), base=base, labels=given.labels, reviewers=given.reviewers, draft=given.draft)


def _settings(desk: Desk) -> ProposeSettings:
    return replace(settings_from(desk.env), pause=desk.pause)


@contextmanager
def _best_effort(event: Event) -> Iterator[None]:
    """A comment that cannot be written is said, and changes nothing else."""
    try:
        yield
    except (OproError, GithubException, OSError) as error:
        if event.read_only:
            annotate("notice", "No comment: the token of this run cannot write, as always for forks and Dependabot.")
            return
        why = said(error) if isinstance(error, GithubException) else str(error)
        remedy = "give the job `pull-requests: write`, or set input `comment` to `false`"
        annotate("warning", f"The comment could not be written ({why}): {remedy}.")
