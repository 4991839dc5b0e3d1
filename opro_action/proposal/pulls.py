"""The pull request of a proposal: opening it, rewriting it, and what is put on it besides."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import quote

from github.GithubException import GithubException, UnknownObjectException
from github.PullRequest import PullRequest
from github.Repository import Repository

from opro_action.proposal.branch import Raced
from opro_action.proposal.client import said
from opro_action.proposal.decide import Facts

_LABELS = {"opro": ("1d76db", "A prompt proposed by opro"), "unproven": ("d4c5f9", "The gain may be luck")}


class Forbidden(Exception):
    """The token may push the branch but not open a pull request."""


def create_pull(repo: Repository, *, facts: Facts, title: str, body: str, draft: bool) -> PullRequest:
    """Open the pull request; raises Raced when another run was quicker, Forbidden when the settings do not allow it."""
    try:
        return repo.create_pull(facts.base, facts.branch_name, title=title, body=body, draft=draft)
    except GithubException as error:
        words = said(error)
        if error.status == 403:
            raise Forbidden(words) from error
        if error.status == 422 and ("already exists" in words or "No commits between" in words):
            raise Raced from error
        if error.status == 422 and draft and "raft pull requests are not supported" in words:
            return create_pull(repo, facts=facts, title=title, body=body, draft=False)
        raise


def update_pull(repo: Repository, number: int, *, title: str, body: str) -> PullRequest:
    """Rewrite title and description; raises Raced when a person closed it meanwhile: it then keeps what they closed."""
    pull = repo.get_pull(number)
    old_title, old_body = pull.title, pull.body or ""
    if pull.state == "open":
        pull.edit(title=title, body=body)
        if pull.state == "open":
            return pull
        pull.edit(title=old_title, body=old_body)
    raise Raced


def set_draft(pull: PullRequest, draft: bool) -> None:
    """Make the pull request a draft, or ready for review, unless it is so already."""
    if draft and not pull.draft:
        pull.convert_to_draft()
    elif pull.draft and not draft:
        pull.mark_ready_for_review()


def set_labels(repo: Repository, pull: PullRequest, labels: Iterable[str], *, drop: str) -> None:
    """Put `labels` on, made when the repository lacks them, and take `drop` off; other labels stay."""
    wanted = list(dict.fromkeys(labels))
    present = {label.name for label in pull.labels}
    if drop in present and drop not in wanted:
        pull.remove_from_labels(drop)
    missing = [label for label in wanted if label not in present]
    for label in missing:
        _ensure_label(repo, label)
    if missing:
        # Not `add_to_labels`, which sends the bare list that GitHub's description of the call knows no more.
        repo.requester.requestJsonAndCheck("POST", f"{pull.issue_url}/labels", input={"labels": missing})


def _ensure_label(repo: Repository, name: str) -> None:
    try:
        _ = repo.get_label(name).color
    except UnknownObjectException:
        color, description = _LABELS.get(name, ("ededed", ""))
        with suppress(GithubException):  # then GitHub makes it itself when it is put on, in grey
            repo.create_label(name, color, description)


def compare_url(repo: Repository, base: str, branch: str) -> str:
    """The page on which a person can open the pull request by hand."""
    return f"{repo.html_url}/compare/{quote(base)}...{quote(branch)}?expand=1"
