"""What GitHub tells a run of the action, for tests: variables of the run, and payloads of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opro_action.action.event import Event, event_of

OURS = "octo/prompts"
SHA, HEAD, BASE = "1" * 40, "2" * 40, "3" * 40

DEFAULTS = {
    "MODE": "check",
    "PROPOSE": "pull-request",
    "DRAFT": "false",
    "COMMENT": "true",
    "FAIL_ON": "regressed",
    "ALLOW_HEAD_CODE": "false",
    "CACHE": "true",
    "LOCAL_MODEL": "false",
}


def inputs_env(**changes: str) -> dict[str, str]:
    """What action.yml sets for its defaults; `changes` are inputs with `_` for `-`, or whole names of variables."""
    named = {name if name.isupper() else f"OPRO_INPUT_{name.upper()}": value for name, value in changes.items()}
    return {**{f"OPRO_INPUT_{name}": value for name, value in DEFAULTS.items()}, **named}


def run_env(name: str, **changes: str) -> dict[str, str]:
    """The variables of a run for the event `name`, on the branch main unless it is about a pull request."""
    about_pull = name.startswith("pull_request")
    return {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_SHA": SHA,
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REF_NAME": "7/merge" if about_pull else "main",
        "GITHUB_HEAD_REF": "edit" if about_pull else "",
        "GITHUB_ACTOR": "ann",
        **changes,
    }


def pull_payload(action: str = "synchronize", *, fork: bool = False, **changes: Any) -> dict[str, Any]:
    """The payload of an event about pull request 7, from the branch `edit` to `main`; `label` is the one just set."""
    label = changes.pop("label", None)
    pull = {
        "number": 7,
        "head": {"ref": "edit", "sha": HEAD, "repo": {"full_name": "stranger/prompts" if fork else OURS}},
        "base": {"ref": "main", "sha": BASE},
        "draft": False,
        "user": {"login": "ann"},
        "labels": [],
        **changes,
    }
    return {
        "action": action,
        "pull_request": pull,
        "repository": {"full_name": OURS, "default_branch": "main"},
        **({"label": {"name": label}} if label else {}),
    }


def comment_payload(body: str = "/opro", *, on_pull: bool = True, action: str = "created") -> dict[str, Any]:
    """The payload of a comment on number 7."""
    issue = {"number": 7, **({"pull_request": {"url": "https://api/pulls/7"}} if on_pull else {})}
    comment = {"body": body, "user": {"login": "ann"}}
    return {"action": action, "issue": issue, "comment": comment, "repository": {"default_branch": "main"}}


def an_event(name: str, payload: Mapping[str, Any] | None = None, **env: str) -> Event:
    """The event `name` with its payload; by default the one that is usual for it."""
    if payload is None:
        payload = pull_payload() if name.startswith("pull_request") else {"repository": {"default_branch": "main"}}
    return event_of(run_env(name, **env), payload)
