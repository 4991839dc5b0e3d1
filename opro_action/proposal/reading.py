"""What GitHub holds before a proposal: the base's files, the proposal's branch, its pull requests."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from github.GithubException import UnknownObjectException
from github.GitRef import GitRef
from github.PullRequest import PullRequest
from github.Repository import Repository

from opro_action.errors import UsageError
from opro_action.proposal.decide import BaseFile, Branch, Facts, Pull


def read_facts(repo: Repository, *, base: str, branch: str, paths: Iterable[str]) -> Facts:
    """What the base branch, the proposal's branch and its pull requests hold now."""
    tip = tip_of(repo, base)
    if tip is None:
        raise UsageError(f"the branch {base!r} does not exist in {repo.full_name}: name another base.")
    return Facts(
        base=base,
        base_tip=tip,
        files=read_files(repo, tip, paths),
        branch_name=branch,
        branch=_read_branch(repo, branch),
        pulls=tuple(pulls_of(repo, branch, state="all")),
    )


def ref_of(repo: Repository, branch: str) -> GitRef | None:
    """A branch as PyGithub has it, None when there is none."""
    try:
        ref = repo.get_git_ref(f"heads/{branch}")
        _ = ref.object.sha  # a lazy handle asks only now
    except UnknownObjectException:
        return None
    return ref


def tip_of(repo: Repository, branch: str) -> str | None:
    """The commit that a branch points to, None when there is no such branch."""
    ref = ref_of(repo, branch)
    return ref.object.sha if ref else None


def _read_branch(repo: Repository, name: str) -> Branch | None:
    tip = tip_of(repo, name)
    if tip is None:
        return None
    commit = repo.get_git_commit(tip)
    return Branch(tip, commit.tree.sha, tuple(parent.sha for parent in commit.parents), commit.message)


def pulls_of(repo: Repository, branch: str, *, state: str) -> Iterator[Pull]:
    """The pull requests from a branch that are in the `state` "all" or "closed", newest first.

    GitHub's filter also finds namesakes from forks of the same owner: they are not ours.
    """
    for pull in repo.get_pulls(state=state, head=f"{repo.owner.login}:{branch}"):
        if pull.head.repo and pull.head.repo.full_name == repo.full_name:
            yield _pull(pull)


def _pull(pull: PullRequest) -> Pull:
    return Pull(
        number=pull.number,
        url=pull.html_url,
        base=pull.base.ref,
        body=pull.body or "",
        open=pull.state == "open",
        merged=pull.merged_at is not None,
        draft=pull.draft,
        head=pull.head.sha,
        closed_at=f"{pull.closed_at:%Y-%m-%dT%H:%M:%SZ}" if pull.closed_at else "",
    )


def read_files(repo: Repository, commit: str, paths: Iterable[str]) -> dict[str, BaseFile | None]:
    """The files of a commit at `paths`, None for one that it does not have.

    By way of git trees: unlike the contents API they tell the mode and a link, and have no 1 MB limit.
    """
    root = repo.get_git_commit(commit).tree.sha
    trees: dict[str, dict[str, tuple[str, str]]] = {}
    return {path: _read_file(repo, root, path, trees) for path in paths}


def _read_file(repo: Repository, root: str, path: str, trees: dict[str, dict[str, tuple[str, str]]]) -> BaseFile | None:
    mode, sha = "040000", root
    for part in path.split("/"):
        if mode != "040000":
            return None
        if sha not in trees:
            trees[sha] = {each.path: (each.mode, each.sha) for each in repo.get_git_tree(sha).tree}
        if part not in trees[sha]:
            return None
        mode, sha = trees[sha][part]
    if not mode.startswith("1") or mode == "160000":
        return BaseFile(b"", mode)
    return BaseFile(base64.b64decode(repo.get_git_blob(sha).content), mode)
