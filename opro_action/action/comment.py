"""The sticky comment of a run: on which pull request, under which key, with which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from github.Repository import Repository

from opro_action.action.event import Event
from opro_action.action.inputs import Inputs
from opro_action.action.results import Results
from opro_action.action.runner import say
from opro_action.proposal.client import connect
from opro_action.proposal.comments import pull_of_branch, write_comment
from opro_action.proposal.settings import ProposeSettings
from opro_action.report import workflow
from opro_action.report.comment import comment_key, comment_text, is_comment


@dataclass(frozen=True)
class Told:
    """What the comment tells: the results of the run, and what became of its plans as lines of Markdown."""

    inputs: Inputs
    results: Results
    lines: Sequence[str]


def comment(event: Event, told: Told, *, env: Mapping[str, str], settings: ProposeSettings) -> None:
    """Write or rewrite the comment, if the event is about a pull request.

    Raises GithubException or OSError when GitHub says no or cannot be reached.
    """
    if not (_number(event) or event.run_branch):
        return
    with workflow.silenced(say):
        repo = connect(settings)
        number = _number(event) or pull_of_branch(repo, event.run_branch, event.run_head)
        if number is not None:
            _write(repo, number, told, env)


def _write(repo: Repository, number: int, told: Told, env: Mapping[str, str]) -> None:
    results = told.results
    # One comment per workflow and suites: another model is another column of a matrix.
    key = comment_key(env.get("GITHUB_WORKFLOW", ""), *told.inputs.suites, told.inputs.options.get("model", ""))
    body = comment_text(
        results.check,
        exit_code=results.ended.exit_code,
        words=results.ended.words,
        proposals=told.lines,
        run_url=_run_url(env),
        key=key,
    )
    # A change that touches no prompt gets no comment, but an older one must not go on saying that it did.
    create = bool(results.check or results.plans or results.ended.exit_code)
    write_comment(repo, number, body, ours=lambda text: is_comment(text, key), create=create)


def _number(event: Event) -> int | None:
    return event.pull.number if event.pull else event.number


def _run_url(env: Mapping[str, str]) -> str:
    server, repository, run = (env.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
