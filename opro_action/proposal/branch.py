"""The one commit of a proposal, and the branch that is moved to it in one step: compare and swap."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from github.GithubException import GithubException
from github.InputGitTreeElement import InputGitTreeElement
from github.Repository import Repository

from opro_action.proposal.client import said
from opro_action.proposal.decide import BaseFile
from opro_action.proposal.reading import ref_of, tip_of

_NOWHERE = "0" * 40
"""What stands for a branch that does not exist."""


class Raced(Exception):
    """Someone else wrote between our reading and our writing: read again, decide again."""


def build_commit(
    repo: Repository, *, base_tip: str, files: Mapping[str, BaseFile], message: Callable[[str], str]
) -> str:
    """Write `files` as one commit on `base_tip` and give its digest; `message` makes a text from the new tree's."""
    parent = repo.get_git_commit(base_tip)
    entries = [
        InputGitTreeElement(path, file.mode, "blob", sha=_write_blob(repo, file.content))
        for path, file in sorted(files.items())
    ]
    tree = repo.create_git_tree(entries, base_tree=parent.tree)
    return repo.create_git_commit(message(tree.sha), tree, [parent]).sha


def _write_blob(repo: Repository, content: bytes) -> str:
    return repo.create_git_blob(base64.b64encode(content).decode(), "base64").sha


def move_branch(repo: Repository, name: str, *, was: str | None, to: str) -> None:
    """Create the branch at `to`, or move it there in one step, only if it still is at `was`; else raise Raced.

    GitHub itself compares and swaps (GraphQL `updateRefs`). A server too old for that is asked once more where the
    branch is, right before it is moved.
    """
    update = {"name": f"refs/heads/{name}", "beforeOid": was or _NOWHERE, "afterOid": to, "force": True}
    wanted = {"repositoryId": repo.node_id, "refUpdates": [update]}
    try:
        repo.requester.graphql_named_mutation("updateRefs", wanted, "clientMutationId")
    except GithubException as error:
        if "'updateRefs' doesn't exist" not in said(error):
            _raise_unless_moved(repo, name, was, to, error)
            return
        _move_by_rest(repo, name, was, to)
    except OSError as error:
        _raise_unless_moved(repo, name, was, to, error)


def _raise_unless_moved(repo: Repository, name: str, was: str | None, to: str, error: Exception) -> None:
    """After a refusal: it may have been the second try of one whose first answer was lost."""
    now = tip_of(repo, name)
    if now == to:
        return
    if now != was:
        raise Raced from error
    raise error


def _move_by_rest(repo: Repository, name: str, was: str | None, to: str) -> None:
    ref = ref_of(repo, name)
    if (ref.object.sha if ref else None) != was:
        raise Raced
    try:
        if ref is None:
            repo.create_git_ref(f"refs/heads/{name}", to)
        else:
            ref.edit(to, force=True)
    except (GithubException, OSError) as error:
        _raise_unless_moved(repo, name, was, to, error)
