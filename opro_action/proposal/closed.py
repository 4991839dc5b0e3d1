"""What people turned down: the texts of a prompt's proposals that they closed without merging them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from github.GithubException import UnknownObjectException
from github.Repository import Repository

from opro_action.errors import FileError
from opro_action.proposal.decide import Pull, prompt_in
from opro_action.proposal.paths import branch_name
from opro_action.proposal.reading import pulls_of, read_files
from opro_action.search.history import DECLINED, Version
from opro_action.suite.prompt import digest

MOST = 20
"""How many closed proposals are looked at, the newest ones: each takes four requests."""


def closed_versions(repo: Repository, prompt: str, *, base: str) -> tuple[Version, ...]:
    """The texts of the newest proposals of `prompt` for the branch `base` that people closed, oldest first.

    A description is only words: a text counts when the proposal's own commit, in this repository, holds it in the
    prompt file, and its digest is the one that the description names. Raises GithubException or OSError when GitHub
    says no or cannot be reached.
    """
    closed = (pull for pull in pulls_of(repo, branch_name(prompt), state="closed") if pull.turned_down_for(base))
    found = [_version(repo, pull, prompt) for pull in islice(closed, MOST)]
    return tuple({version.digest: version for version in reversed(found) if version}.values())


def _version(repo: Repository, pull: Pull, prompt: str) -> Version | None:
    state = pull.state or {}
    measured = _measured(state)
    if state.get("prompt") != prompt or measured is None:
        return None
    text = _text_at(repo, pull.head, prompt)
    if text is None or digest(text) != state.get("candidate"):
        return None
    score, n = measured
    return Version(
        digest=digest(text),
        text=text,
        score=score,
        n=n,
        split="holdout",
        at=pull.closed_at,
        commit=None,
        evidence=DECLINED,
        origin="optimizer",
        fingerprint="",
    )


def _measured(state: Mapping[str, Any]) -> tuple[float, int] | None:
    """The score and the number of cases that a description names; None when a person has made something else of it."""
    shown = state.get("evidence")
    score, n = (shown.get("best"), shown.get("cases")) if isinstance(shown, dict) else (None, None)
    if not (isinstance(score, int | float) and isinstance(n, int)):
        return None
    return (float(score), int(n)) if 0 <= score <= 1 and n >= 0 else None


def _text_at(repo: Repository, commit: str, prompt: str) -> str | None:
    try:
        file = read_files(repo, commit, [prompt])[prompt]
        return prompt_in(file, prompt).text if file else None
    except (UnknownObjectException, FileError, UnicodeDecodeError):
        return None
