"""The sticky comment of a run: on which pull request, under which key, with which words."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from github.GithubException import GithubException
from github.Repository import Repository

from opro_action.action.event import Event
from opro_action.action.inputs import Inputs, text
from opro_action.action.results import Results
from opro_action.action.runner import annotate, say
from opro_action.proposal.client import connect
from opro_action.proposal.comments import pull_of_branch, write_comment
from opro_action.proposal.settings import ProposeSettings
from opro_action.report import workflow
from opro_action.report.comment import Ran, comment_key, comment_text, is_comment


@dataclass(frozen=True)
class Told:
    """What the comment tells: the results of the run, and what became of its plans as lines of Markdown."""

    inputs: Inputs
    results: Results
    lines: Sequence[str]


def comment(event: Event, told: Told, *, env: Mapping[str, str], settings: ProposeSettings) -> None:
    """Write or rewrite the comment, if the event is about a pull request and what was measured is its last commit.

    Raises GithubException or OSError when GitHub says no or cannot be reached.
    """
    if not (_number(event) or _follows(event, told)):
        return
    with workflow.silenced(say):
        repo = connect(settings)
        number = _number(event) or pull_of_branch(repo, event.run_branch, event.run_head)
        old = number is not None and event.pull is not None and _has_gone_on(repo, number, event.pull.head_sha)
        if number is not None and not old:
            _write(repo, number, told, _ran(event, told, env), _key(told.inputs, env))
    if old:
        annotate("notice", f"No comment: pull request {number} has other commits than what was measured here.")


def _follows(event: Event, told: Told) -> bool:
    """Whether the results are those of the run that this one follows, and not of the default branch."""
    return bool(event.run_branch) and (told.inputs.mode == "publish" or told.results.ended.commit == event.run_head)


def _has_gone_on(repo: Repository, number: int, head: str) -> bool:
    """Whether another commit than `head` is the pull request's last one, as far as this token may know."""
    try:
        return repo.get_pull(number).head.sha != head
    except GithubException:
        return False


def _write(repo: Repository, number: int, told: Told, ran: Ran, key: str) -> None:
    results = told.results
    body = comment_text(results.check, ran=ran, proposals=told.lines, key=key)
    # A change that touches no prompt gets no comment, but an older one must not go on saying that it did.
    create = bool(results.check or results.plans or ran.exit_code or ran.warnings)
    write_comment(repo, number, body, ours=lambda text: is_comment(text, key), create=create)


def _ran(event: Event, told: Told, env: Mapping[str, str]) -> Ran:
    ended = told.results.ended
    commit = event.pull.head_sha if event.pull else event.run_head
    return Ran(ended.exit_code, ended.words, ended.warnings, url=_run_url(env), commit=commit)


def _key(inputs: Inputs, env: Mapping[str, str]) -> str:
    """One comment per job, folder, suites and model: each may be another row or column of a matrix."""
    place = posixpath.normpath(text(env, "working-directory") or ".")
    job = (env.get("GITHUB_WORKFLOW", ""), env.get("GITHUB_JOB", ""), place)
    return comment_key(*job, *inputs.suites, inputs.options.get("model", ""))


def _number(event: Event) -> int | None:
    return event.pull.number if event.pull else event.number


def _run_url(env: Mapping[str, str]) -> str:
    server, repository, run = (env.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
