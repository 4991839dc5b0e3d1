"""The GitHub repository that a proposal goes to: reads the facts, and writes commits, the branch and pull requests."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote

import github
from github.GithubException import GithubException, UnknownObjectException
from github.GithubRetry import GithubRetry
from github.GitRef import GitRef
from github.InputGitTreeElement import InputGitTreeElement
from github.PullRequest import PullRequest
from github.Repository import Repository

from opro_action import __version__
from opro_action.errors import OproError, UsageError
from opro_action.proposal.decide import BaseFile, Branch, Facts, Pull
from opro_action.proposal.settings import ProposeSettings

_LABELS = {"opro": ("1d76db", "A prompt proposed by opro"), "unproven": ("d4c5f9", "The gain may be luck")}


class Raced(Exception):
    """Someone else wrote between our reading and our writing: read again, decide again."""


class Forbidden(Exception):
    """The token may push the branch but not open a pull request."""


def connect(settings: ProposeSettings) -> Repository:
    """The repository's handle; reads and creations are tried four times, rate limits waited for, updates sent once."""
    api = github.Github(
        auth=github.Auth.Token(settings.token),
        base_url=settings.api_url,
        user_agent=f"opro-action/{__version__}",
        retry=GithubRetry(total=3, backoff_factor=4 * settings.pause),
        seconds_between_requests=0,
        seconds_between_writes=settings.pause,
        per_page=100,
    )
    return api.get_repo(settings.repository)


@contextmanager
def one_sentence(repository: str) -> Iterator[None]:
    """Whatever GitHub or the network says, as an OproError of one sentence."""
    try:
        yield
    except GithubException as error:
        raise _explained(error, repository) from error
    except OSError as error:  # requests' errors are OSErrors
        raise OproError(f"GitHub could not be reached ({type(error).__name__}): run `opro propose` again.") from error


def read_facts(repo: Repository, *, base: str, branch: str, paths: Iterable[str]) -> Facts:
    """What the base branch, the proposal's branch and its pull requests hold now."""
    tip = _tip(repo, base)
    if tip is None:
        raise UsageError(f"the branch {base!r} does not exist in {repo.full_name}: name another base.")
    return Facts(
        base=base,
        base_tip=tip,
        files=_read_files(repo, repo.get_git_commit(tip).tree.sha, paths),
        branch_name=branch,
        branch=_read_branch(repo, branch),
        pulls=_read_pulls(repo, branch),
    )


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


def move_branch(repo: Repository, name: str, *, was: str | None, to: str) -> None:
    """Create the branch at `to`, or move it there in one step, only if it still is at `was`; else raise Raced."""
    ref = _ref(repo, name)
    if (ref.object.sha if ref else None) != was:
        raise Raced
    try:
        if ref is None:
            repo.create_git_ref(f"refs/heads/{name}", to)
        else:
            ref.edit(to, force=True)
    except GithubException as error:
        if _tip(repo, name) != was:  # by someone else, or by a first try of ours whose answer was lost
            raise Raced from error
        raise


def create_pull(repo: Repository, *, facts: Facts, title: str, body: str, draft: bool) -> PullRequest:
    """Open the pull request; raises Raced when another run was quicker, Forbidden when the settings do not allow it."""
    try:
        return repo.create_pull(facts.base, facts.branch_name, title=title, body=body, draft=draft)
    except GithubException as error:
        said = _said(error)
        if error.status == 403:
            raise Forbidden(said) from error
        if error.status == 422 and ("already exists" in said or "No commits between" in said):
            raise Raced from error
        if error.status == 422 and draft and "raft pull requests are not supported" in said:
            return create_pull(repo, facts=facts, title=title, body=body, draft=False)
        raise


def update_pull(repo: Repository, number: int, *, title: str, body: str) -> PullRequest:
    """Rewrite title and description."""
    pull = repo.get_pull(number)
    pull.edit(title=title, body=body)
    return pull


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
        pull.add_to_labels(*missing)


def compare_url(repo: Repository, base: str, branch: str) -> str:
    """The page on which a person can open the pull request by hand."""
    return f"{repo.html_url}/compare/{quote(base)}...{quote(branch)}?expand=1"


def _ref(repo: Repository, branch: str) -> GitRef | None:
    try:
        ref = repo.get_git_ref(f"heads/{branch}")
        _ = ref.object.sha  # a lazy handle asks only now
    except UnknownObjectException:
        return None
    return ref


def _tip(repo: Repository, branch: str) -> str | None:
    ref = _ref(repo, branch)
    return ref.object.sha if ref else None


def _read_branch(repo: Repository, name: str) -> Branch | None:
    tip = _tip(repo, name)
    if tip is None:
        return None
    commit = repo.get_git_commit(tip)
    return Branch(tip, commit.tree.sha, tuple(parent.sha for parent in commit.parents), commit.message)


def _read_pulls(repo: Repository, branch: str) -> tuple[Pull, ...]:
    """Open and closed ones, newest first; the filter also finds namesakes from forks of the same owner: not ours."""
    found = repo.get_pulls(state="all", head=f"{repo.owner.login}:{branch}")
    return tuple(_pull(pull) for pull in found if pull.head.repo and pull.head.repo.full_name == repo.full_name)


def _pull(pull: PullRequest) -> Pull:
    return Pull(
        number=pull.number,
        url=pull.html_url,
        base=pull.base.ref,
        body=pull.body or "",
        open=pull.state == "open",
        merged=pull.merged_at is not None,
        draft=pull.draft,
    )


def _read_files(repo: Repository, root: str, paths: Iterable[str]) -> dict[str, BaseFile | None]:
    """Files by way of git trees: unlike the contents API they tell the mode and a link, and have no 1 MB limit."""
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


def _write_blob(repo: Repository, content: bytes) -> str:
    return repo.create_git_blob(base64.b64encode(content).decode(), "base64").sha


def _ensure_label(repo: Repository, name: str) -> None:
    try:
        _ = repo.get_label(name).color
    except UnknownObjectException:
        color, description = _LABELS.get(name, ("ededed", ""))
        repo.create_label(name, color, description)


def _said(error: GithubException) -> str:
    """GitHub's own words, on one line."""
    data = error.data if isinstance(error.data, dict) else {}
    details = [each.get("message") for each in data.get("errors") or () if isinstance(each, dict)]
    words = "; ".join(str(part) for part in (data.get("message"), *details) if part)
    return " ".join(words.split())[:300] or "no reason given"


def _explained(error: GithubException, repository: str) -> OproError:
    said = _said(error)
    if error.status == 401:
        return UsageError(f"GitHub does not know the token in GITHUB_TOKEN ({said}): give the step another one.")
    if error.status == 404:
        return UsageError(f"GitHub shows this token no repository {repository} ({said}): check its name and the token.")
    if error.status == 403:
        return UsageError(
            f"GitHub refuses the token for {repository} ({said}): the job needs `contents: write` and "
            "`pull-requests: write`."
        )
    if error.status == 422:
        return UsageError(f"GitHub refuses the proposal for {repository} ({said}): check the rules of its branches.")
    return OproError(f"GitHub answered {error.status} for {repository} ({said}): run `opro propose` again.")
