"""GitHub's own merge of a pull request, where it is checked out: which commits it was made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from opro_action.action.event import Event
from opro_action.suite.git import git


def at_merge(event: Event, here: Path) -> Event:
    """The event with what the pull request was merged into as its base, where that merge is checked out.

    GitHub merges anew whenever the base branch moves, while the payload goes on naming the base of before: what came
    between would count as the pull request's change. Only the commit that the runner names is believed, with the pull
    request's head as its second parent: GitHub made it, so its first parent is a commit of the base branch.
    """
    pull = event.pull
    if pull is None or event.name == "pull_request_target":
        return event
    head, *parents = (git(here, "rev-list", "--parents", "--max-count=1", "HEAD") or "").split() or [""]
    if head != event.sha or len(parents) != 2 or parents[1] != pull.head_sha:
        return event
    return replace(event, pull=replace(pull, base_sha=parents[0]))
