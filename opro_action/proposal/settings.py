"""Where and how to propose, as the environment of the step and the command line say it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from opro_action.errors import UsageError

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class ProposeSettings:
    """`base` None means the default branch. `pause` is the seconds between two writes.

    Retries wait longer, and what is limited without saying for how long waits 240 times that: a minute.
    """

    repository: str
    token: str = field(repr=False)
    base: str | None = None
    api_url: str = "https://api.github.com"
    labels: tuple[str, ...] = ("opro",)
    reviewers: tuple[str, ...] = ()
    draft: bool = False
    pause: float = 0.25


def settings_from(
    environ: Mapping[str, str],
    *,
    repository: str | None = None,
    base: str | None = None,
    labels: tuple[str, ...] = ("opro",),
    reviewers: tuple[str, ...] = (),
    draft: bool = False,
) -> ProposeSettings:
    """Settings from GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL; raises UsageError for one that is no such."""
    token = environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise UsageError("GITHUB_TOKEN is not set: give the step a token that may write contents and pull requests.")
    name = repository or environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(name):
        raise UsageError(f"{name!r} names no repository: set GITHUB_REPOSITORY, or --repo, to OWNER/NAME.")
    return ProposeSettings(
        repository=name,
        token=token,
        base=base or None,
        api_url=_address(environ.get("GITHUB_API_URL", "").strip().rstrip("/") or "https://api.github.com"),
        labels=labels,
        reviewers=reviewers,
        draft=draft,
    )


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        whole = False
    if not whole:
        raise UsageError(f"GITHUB_API_URL is {url!r}: write a whole address, as https://api.github.com is one.")
    return url
