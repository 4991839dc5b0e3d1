"""Keys: where they come from, and how they are kept out of messages."""

from __future__ import annotations

import os
from collections.abc import Mapping

from opro_action.errors import CallRefused
from opro_action.suite.suite import ModelSpec

_SHORTEST = 8
_NAMES_OF_KEYS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def api_key(spec: ModelSpec, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key that the suite names; None leaves it to litellm's usual environment variables."""
    if spec.api_key_env is None:
        return spec.api_key
    key = environment.get(spec.api_key_env)
    if not key:
        raise CallRefused(f"No key for {spec.id}: the environment variable {spec.api_key_env} is not set; set it.")
    return key


def redact(text: str, *known: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """`text` without any `known` key, and without any value of an environment variable that is named like one."""
    secrets = {secret for secret in known if secret and len(secret) >= _SHORTEST} | secrets_in(environment)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    return text


def secrets_in(environment: Mapping[str, str]) -> set[str]:
    """The values of environment variables that are named like keys and long enough to be one."""
    named = (value for name, value in environment.items() if name.upper().endswith(_NAMES_OF_KEYS))
    return {value for value in named if len(value) >= _SHORTEST}
