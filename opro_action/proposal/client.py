"""The way to GitHub's API: connecting, and its refusals as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import github
from github.GithubException import GithubException
from github.GithubRetry import GithubRetry
from github.Repository import Repository

from opro_action import __version__
from opro_action.errors import OproError, UsageError
from opro_action.proposal.settings import ProposeSettings

_GRAPHQL = {"FORBIDDEN": 403, "NOT_FOUND": 404, "UNPROCESSABLE": 422, "INSUFFICIENT_SCOPES": 403}


def connect(settings: ProposeSettings) -> Repository:
    """The repository's handle; reads and creations are tried four times, rate limits waited for, updates sent once."""
    api = github.Github(
        auth=github.Auth.Token(settings.token),
        base_url=settings.api_url,
        user_agent=f"opro-action/{__version__}",
        retry=GithubRetry(
            total=3,
            backoff_factor=4 * settings.pause,
            secondary_rate_wait=240 * settings.pause,
            status_forcelist=[429, *range(500, 600)],
        ),
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


def said(error: GithubException) -> str:
    """GitHub's own words, on one line."""
    data = error.data if isinstance(error.data, dict) else {}
    details = [each.get("message") for each in data.get("errors") or () if isinstance(each, dict)]
    words = "; ".join(str(part) for part in (data.get("message"), *details) if part)
    return " ".join(words.split())[:300] or "no reason given"


def is_not_there_yet(error: GithubException) -> bool:
    """Whether GitHub does not know a pull request that it has just made, which passes within seconds."""
    return error.status in {404, 422} and "Could not resolve to a node" in said(error)


def _status(error: GithubException) -> int:
    """The HTTP status, or what stands for it in an answer of the GraphQL API, which comes with 200."""
    errors = (error.data.get("errors") if isinstance(error.data, dict) else None) or ()
    kinds = {each.get("type") for each in errors if isinstance(each, dict)}
    known = (status for kind, status in _GRAPHQL.items() if kind in kinds)
    return next(known, error.status)


def _explained(error: GithubException, repository: str) -> OproError:
    words, status = said(error), _status(error)
    if status == 401:
        return UsageError(f"GitHub does not know the token in GITHUB_TOKEN ({words}): give the step another one.")
    if status == 404:
        return UsageError(
            f"GitHub shows this token no repository {repository} ({words}): check its name and the token."
        )
    if status == 403:
        return UsageError(
            f"GitHub refuses the token for {repository} ({words}): the job needs `contents: write` and "
            "`pull-requests: write`."
        )
    if status == 422:
        return UsageError(f"GitHub refuses the proposal for {repository} ({words}): check the rules of its branches.")
    return OproError(f"GitHub answered {status} for {repository} ({words}): run `opro propose` again.")
