"""Keys: where they come from, and how they are kept out of messages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opro_action.errors import CallRefused
from opro_action.suite.suite import ModelSpec

_SHORTEST = 8
_NAMES_OF_KEYS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def api_key(spec: ModelSpec, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key that the suite names; None leaves it to litellm's usual environment variables."""
    if spec.api_key_env is None:
        return spec.api_key or None
    key = key_in(environment, spec.api_key_env)
    if key is None:
        state = "empty" if spec.api_key_env in environment else "not set"
        raise CallRefused(f"No key for {spec.id}: the environment variable {spec.api_key_env} is {state}; set it.")
    return key


def key_in(environment: Mapping[str, str], name: str) -> str | None:
    """The key that a variable holds; a blank one, as CI gives for a secret that is not there, holds none."""
    key = environment.get(name, "")
    return key if key.strip() else None


@contextmanager
def blanks_hidden() -> Iterator[None]:
    """Takes blank variables out of the environment for a while: litellm takes them for keys."""
    blank = {name: value for name, value in os.environ.items() if not value.strip()}
    for name in blank:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(blank)


def remedy_for(names: Sequence[str]) -> str:
    """What to do when none of the variables `names` holds a key."""
    return f"set the environment variable {' or '.join(names)}, or name another one in `api_key_env`."


def unsendable(spec: ModelSpec, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Where a key stands that no HTTP header can carry: the names of variables, or `api_key`."""
    if spec.api_key_env is not None:
        keys = {spec.api_key_env: environment.get(spec.api_key_env, "")}
    elif spec.api_key:
        keys = {"api_key": spec.api_key}
    else:
        keys = {name: value for name, value in environment.items() if name.endswith("_API_KEY")}
    return [name for name, key in keys.items() if not (key.isascii() and key.isprintable())]


def redact(text: str, *known: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """`text` without any `known` key, and without any value of an environment variable that is named like one."""
    secrets = {secret for secret in known if secret and len(secret) >= _SHORTEST} | secrets_in(environment)
    spellings = {spelling for secret in secrets for spelling in (secret, secret.strip(), repr(secret)[1:-1])}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "[redacted]") if len(spelling) >= _SHORTEST else text
    return text


def secrets_in(environment: Mapping[str, str]) -> set[str]:
    """The values of environment variables that are named like keys and long enough to be one."""
    named = (value for name, value in environment.items() if name.upper().endswith(_NAMES_OF_KEYS))
    return {value for value in named if len(value) >= _SHORTEST}
