"""Event → job: what a run of the action has to do, decided from the event and the inputs alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from opro_action.action.event import Event, PullRequest

LABEL = "opro"
COMMAND = "/opro"
PROPOSALS = "opro/"
"""What the branches of proposals start with: a proposal is checked, and never searched for a proposal to it."""

_WRITERS = frozenset({"admin", "maintain", "write"})
_NOT_SEARCHED = frozenset({"unlabeled", "converted_to_draft", "assigned", "unassigned", "locked", "unlocked"})
# With secrets and a token that may write, but for code that nobody with write access has approved.
_PRIVILEGED = frozenset({"pull_request_target", "workflow_run", "issue_comment"})

Mode = Literal["auto", "check", "optimize"]


@dataclass(frozen=True)
class Job:
    """What to do. `check` and `search` say which suites: of the named ones (or all) those that changed or regressed.

    `base` is the commit that a check compares with, "" for the baseline alone. `cannot_write` says that no proposal
    can be opened and no key may be there, which is why a check without one is then no failure by itself.
    """

    check: Literal["no", "all", "changed"] = "no"
    search: Literal["no", "regressed", "all"] = "no"
    base: str = ""
    cannot_write: bool = False


@dataclass(frozen=True)
class Nothing:
    """Nothing to do, for this reason: the step is green."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """This must not be done, for this reason: the step is red."""

    reason: str


Decision = Job | Nothing | Refused


def job_for(mode: Mode, event: Event, *, head: str, allow_head_code: bool = False) -> Decision:
    """What to do in `mode` for `event`, with the commit `head` checked out ("" for none).

    `allow_head_code` is the owner's word that another commit than the workflow's own may be read while secrets and a
    token that writes are there.
    """
    stranger = _stranger(mode, event)
    if stranger:
        return stranger
    if event.name in _PRIVILEGED and head != event.sha and not allow_head_code:
        return Refused(
            f"a workflow on `{event.name}` has secrets and a token that writes, and the commit that is checked out "
            f"({head[:12] or 'none'}) is not the workflow's own ({event.sha[:12]}): use `on: pull_request`, check out "
            "nothing else, or set input `allow-head-code` to `true` if only people whom you trust can get here"
        )
    if mode == "check":
        return _without_the_change(event, head) or Job(check="all", base=base_of(event), cannot_write=event.read_only)
    if mode == "optimize":
        return Job(search="all", cannot_write=event.read_only)
    return _auto(event, head)


def base_of(event: Event) -> str:
    """The commit that a change is measured against, "" where the event names none."""
    return event.pull.base_sha if event.pull else event.base_sha


def target_branch(event: Event) -> str:
    """The branch that a proposal is for, "" where there is none.

    For a pull request it is its own branch, if it lies in this repository.
    """
    if event.pull:
        return "" if event.pull.fork else event.pull.head
    if event.name in {"issue_comment", "workflow_run"}:
        return event.default_branch
    return event.branch


def _stranger(mode: Mode, event: Event) -> Nothing | None:
    if event.name != "issue_comment":
        return None
    if mode == "auto" and (event.comment.split() or [""])[0] != COMMAND:
        return Nothing(f"the comment does not start with {COMMAND}")
    if mode == "auto" and event.number is None:
        return Nothing(f"{COMMAND} is for comments on pull requests")
    if event.action not in {"", "created"}:
        return Nothing("only a new comment is a command")
    if event.permission not in _WRITERS:
        return Nothing("commands are taken only from people who may write to this repository")
    return None


def _without_the_change(event: Event, head: str) -> Refused | None:
    """A check of the base branch would be read as the verdict on the pull request."""
    if event.name != "pull_request_target" or head != event.sha:
        return None
    return Refused("the base branch is checked out, which has nothing of the change: use `on: pull_request`")


def _auto(event: Event, head: str) -> Decision:
    if event.name == "schedule":
        return Job(check="all", search="regressed")
    if event.name in {"workflow_dispatch", "repository_dispatch", "issue_comment"}:
        return Job(search="all")
    if event.name == "merge_group":
        return Job(check="changed", base=event.base_sha)
    if event.name == "workflow_run":
        return Job(check="all")
    if event.name == "push":
        return _for_push(event)
    if event.pull and event.name in {"pull_request", "pull_request_target"}:
        job = _for_pull(event, event.pull)
        return job if isinstance(job, Nothing) else _without_the_change(event, head) or job
    return Refused(f"mode `auto` has no job for the event `{event.name}`: set `mode` to `check` or `optimize`")


def _for_push(event: Event) -> Decision:
    if event.deleted:
        return Nothing("the branch was deleted")
    searchable = event.branch and not event.branch.startswith(PROPOSALS)
    return Job(check="all", search="regressed" if searchable else "no")


def _for_pull(event: Event, pull: PullRequest) -> Decision:
    if event.action == "closed":
        return Nothing("a pull request that was just closed has nothing new to check")
    # What changes no file is checked all the same: a run that checked nothing is green, and would hide the red one.
    asks = event.label == LABEL if event.action == "labeled" else event.action not in _NOT_SEARCHED
    searchable = asks and not (event.read_only or pull.fork or pull.head.startswith(PROPOSALS))
    search: Literal["no", "regressed", "all"] = "no"
    if searchable and LABEL in pull.labels | {event.label}:
        search = "all"
    elif searchable and not pull.draft:
        search = "regressed"
    return Job(check="changed", search=search, base=pull.base_sha, cannot_write=event.read_only)
