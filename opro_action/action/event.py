"""What started the workflow, as GitHub says it: the event's name, its payload and the variables of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import UsageError

DEPENDABOT = "dependabot[bot]"


@dataclass(frozen=True)
class PullRequest:
    """The pull request that an event is about. `fork` is true unless its branch is known to be this repository's."""

    number: int
    head: str
    head_sha: str
    base: str
    base_sha: str
    fork: bool
    draft: bool = False
    author: str = ""
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Event:
    """One event. `sha` is the commit whose workflow file runs, `branch` the branch it runs on ("" for none).

    `label` is the one just set, `comment` the text of a comment on the pull request `number`, `permission` what its
    author may do in the repository. `base_sha` is what a merge group is built on. `run_head` is the commit of the run
    that a `workflow_run` follows, `run_branch` its branch as `owner:branch`.
    """

    name: str
    action: str = ""
    sha: str = ""
    branch: str = ""
    default_branch: str = ""
    actor: str = ""
    pull: PullRequest | None = None
    deleted: bool = False
    label: str = ""
    comment: str = ""
    number: int | None = None
    permission: str = ""
    base_sha: str = ""
    run_head: str = ""
    run_branch: str = ""

    @property
    def read_only(self) -> bool:
        """Whether GitHub gives this run a token that cannot write, and no secrets: forks and Dependabot."""
        if self.pull is None or self.name == "pull_request_target":
            return False
        return self.pull.fork or DEPENDABOT in {self.actor, self.pull.author}


def read_event(env: Mapping[str, str]) -> Event:
    """The event of this run; raises UsageError when its payload cannot be read."""
    path = env.get("GITHUB_EVENT_PATH", "")
    try:
        payload = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: the event of this run cannot be read ({error}); see GITHUB_EVENT_PATH.") from error
    return event_of(env, payload)


def event_of(env: Mapping[str, str], payload: Mapping[str, Any]) -> Event:
    """The event from the variables of the run and the payload."""
    on_branch = env.get("GITHUB_REF_TYPE") == "branch" and not env.get("GITHUB_HEAD_REF")
    issue, run = payload.get("issue") or {}, payload.get("workflow_run") or {}
    return Event(
        name=env.get("GITHUB_EVENT_NAME", ""),
        action=payload.get("action") or "",
        sha=env.get("GITHUB_SHA", ""),
        branch=env.get("GITHUB_REF_NAME", "") if on_branch else "",
        default_branch=(payload.get("repository") or {}).get("default_branch") or "",
        actor=env.get("GITHUB_ACTOR", ""),
        pull=_pull_of(payload),
        deleted=payload.get("deleted") is True,
        label=(payload.get("label") or {}).get("name") or "",
        comment=(payload.get("comment") or {}).get("body") or "",
        number=issue.get("number") if issue.get("pull_request") else None,
        permission=env.get("OPRO_ASKER_PERMISSION", ""),
        base_sha=(payload.get("merge_group") or {}).get("base_sha") or "",
        run_head=run.get("head_sha") or "",
        run_branch=_run_branch(run),
    )


def _pull_of(payload: Mapping[str, Any]) -> PullRequest | None:
    pull = payload.get("pull_request")
    if not pull:
        return None
    head, base = pull.get("head") or {}, pull.get("base") or {}
    theirs, ours = (head.get("repo") or {}).get("full_name"), (payload.get("repository") or {}).get("full_name")
    return PullRequest(
        number=pull["number"],
        head=head.get("ref") or "",
        head_sha=head.get("sha") or "",
        base=base.get("ref") or "",
        base_sha=base.get("sha") or "",
        fork=theirs is None or theirs != ours,
        draft=pull.get("draft") is True,
        author=(pull.get("user") or {}).get("login") or "",
        labels=frozenset(label["name"] for label in pull.get("labels") or ()),
    )


def _run_branch(run: Mapping[str, Any]) -> str:
    owner = ((run.get("head_repository") or {}).get("owner") or {}).get("login")
    return f"{owner}:{run.get('head_branch')}" if owner else ""
