"""The sticky comment on a pull request: found among all of its comments, and written or rewritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from github.GithubException import GithubException
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.Repository import Repository

BOT = "github-actions[bot]"
"""Whose name GitHub's own token writes under, for a server that does not tell."""

Written = Literal["created", "updated", "unchanged", "none"]


def write_comment(
    repo: Repository, number: int, body: str, *, ours: Callable[[str], bool], create: bool = True
) -> Written:
    """Write `body` as the one comment by us on the pull request `number` whose text is `ours`.

    A text that is there already is not written again. Without `create` only a comment that is there is rewritten.
    Raises GithubException or OSError when GitHub says no or cannot be reached.
    """
    issue = repo.get_issue(number)
    found = _find(issue, _own_login(repo), ours)
    if found is None:
        if not create:
            return "none"
        issue.create_comment(body)
        return "created"
    if found.body == body:
        return "unchanged"
    found.edit(body)
    return "updated"


def _find(issue: Issue, login: str, ours: Callable[[str], bool]) -> IssueComment | None:
    """Looks through all pages: a copy of our marker in somebody else's comment is not ours to write."""
    for comment in issue.get_comments():
        if comment.user and comment.user.login == login and ours(comment.body or ""):
            return comment
    return None


def _own_login(repo: Repository) -> str:
    """Under which name the token writes; GitHub's own token may ask only the GraphQL API for it."""
    try:
        _, data = repo.requester.graphql_query("query { viewer { login } }", {})
        return str(data["data"]["viewer"]["login"])
    except (GithubException, KeyError, TypeError):
        return BOT


def pull_of_branch(repo: Repository, head: str, sha: str) -> int | None:
    """The open pull request from the branch `head` (`owner:branch`) whose last commit is `sha`, or None."""
    for pull in repo.get_pulls(state="open", head=head):
        if pull.head.sha == sha:
            return pull.number
    return None


def may_write(repo: Repository, login: str) -> str:
    """What `login` may do in the repository: `admin`, `write`, `read` or `none`."""
    return repo.get_collaborator_permission(login)
