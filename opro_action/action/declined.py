"""The step before a search: asks GitHub which proposals people closed, and leaves their texts to the search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from github.GithubException import GithubException

from opro_action.action.event import Event, read_event
from opro_action.action.inputs import one_of, text
from opro_action.action.job import Job, Mode, job_for, target_branch
from opro_action.action.runner import annotate, say
from opro_action.action.work import suites_of
from opro_action.errors import OproError
from opro_action.proposal.client import connect, said
from opro_action.proposal.closed import closed_versions
from opro_action.proposal.settings import settings_from
from opro_action.report import workflow
from opro_action.report.markdown import count
from opro_action.search.declined import keep_closed
from opro_action.suite.git import head_commit
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class Wanted:
    """The suites that may be searched, and the branch that their proposals are for."""

    suites: Sequence[Suite] = ()
    base: str = ""


def declined(env: Mapping[str, str], *, pause: float = 0.25) -> int:
    """Leave the texts of closed proposals under `.opro/`; always returns 0, for a search can do without them.

    `pause` is the seconds between two tries, as for proposals.
    """
    wanted = _wanted(env)
    if not (wanted.suites and wanted.base and env.get("GITHUB_TOKEN", "").strip()):
        return 0
    try:
        with workflow.silenced(say):
            _leave(wanted, env, pause)
    except (OproError, GithubException, OSError) as error:
        why = said(error) if isinstance(error, GithubException) else str(error)
        annotate(
            "warning",
            f"It is not known which proposals people closed ({why}), so a search may come upon their texts again: give "
            "the job `contents: read` and `pull-requests: read`.",
        )
    return 0


def _wanted(env: Mapping[str, str]) -> Wanted:
    """Nothing where nothing can be searched; what is wrong with inputs or suites, the next step says."""
    try:
        mode: Mode = one_of(env, "mode", ("auto", "check", "optimize"))
        event = read_event(env)
        if not _may_search(mode, event, allow_head_code=text(env, "allow-head-code") == "true"):
            return Wanted()
        return Wanted(suites_of(text(env, "suites").split()), text(env, "base") or target_branch(event))
    except OproError:
        return Wanted()


def _may_search(mode: Mode, event: Event, *, allow_head_code: bool) -> bool:
    if event.read_only or (event.pull and event.pull.fork):
        return False
    job = job_for(mode, event, head=head_commit(Path.cwd()) or "", allow_head_code=allow_head_code)
    return isinstance(job, Job) and job.search != "no"


def _leave(wanted: Wanted, env: Mapping[str, str], pause: float) -> None:
    repo = connect(replace(settings_from(env), pause=pause))
    prompts = {suite.relative(suite.prompt.path): suite.root for suite in wanted.suites}
    for prompt, root in prompts.items():
        versions = closed_versions(repo, prompt, base=wanted.base)
        keep_closed(root, prompt, versions)
        if versions:
            say(f"{prompt}: {count(len(versions), 'text')} of closed proposals will not be tried again")
