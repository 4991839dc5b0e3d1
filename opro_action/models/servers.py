"""Where models are asked: the servers that environment variables name, and what is no address of one."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Mapping

from opro_action.errors import CallRefused
from opro_action.models.model import Request
from opro_action.models.prices import price_list

_ENDINGS = ("_API_BASE", "_BASE_URL")
_OPENAI = ("OPENAI_API_BASE", "OPENAI_BASE_URL")
# What litellm reads besides `<PROVIDER>_API_BASE` and `<PROVIDER>_BASE_URL` (1.110).
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "azure": ("AZURE_OPENAI_ENDPOINT",),
    "bedrock": ("AWS_BEDROCK_RUNTIME_ENDPOINT",),
    "datarobot": ("DATAROBOT_ENDPOINT",),
    "friendliai": ("FRIENDLI_API_BASE",),
    "hosted_vllm": _OPENAI,
    "huggingface": ("HF_API_BASE",),
    "lm_studio": _OPENAI,
    "watsonx": ("WATSONX_URL", "WX_URL", "WML_URL"),
}
_NOT_SHOWN = re.compile(r"(?:(?<=//)|^)[^/@]*@|[?#].*")


def provider_servers(model: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The servers that the environment names for a model's provider, by variable: litellm asks there by itself.

    Without user, password and query, which may hold a key.
    """
    named = {name: value.strip() for name, value in environment.items() if value.strip() and _may_name_one(name)}
    if not named or model == "echo" or model.startswith("local/"):
        return {}
    provider = _provider_of(model)
    stems = _stems(provider)
    others = _OTHERS.get(provider, ())
    return {
        name: shown(value)
        for name, value in sorted(named.items())
        if name in others or any(name == f"{stem}{ending}" for stem in stems for ending in _ENDINGS)
    }


def check_server(request: Request, environment: Mapping[str, str] = os.environ) -> None:
    """Raise CallRefused for an `api_base` that is no address: litellm would say "status 500" of it."""
    base = str(request.params.get("api_base") or "")
    if base and not is_address(base):
        variable = next((name for name, value in environment.items() if value.strip() == base), "api_base")
        raise CallRefused(no_address(request.model, variable, base))


def is_address(url: str) -> bool:
    """Whether a request can go to `url`."""
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url == url.strip()
    except ValueError:
        return False


def no_address(model: str, name: str, url: str) -> str:
    """What to say of the variable or parameter `name` whose value is no address."""
    return f"{model}: {name} is no address of a server ({shown(url)}): write it like http://127.0.0.1:8000/v1."


def shown(url: str) -> str:
    """A URL as it may stand in a message."""
    return _NOT_SHOWN.sub("", url)


def _may_name_one(name: str) -> bool:
    return name.endswith(_ENDINGS) or any(name in names for names in _OTHERS.values())


def _provider_of(model: str) -> str:
    provider, slash, _ = model.partition("/")
    return provider if slash else str(price_list().get(model, {}).get("litellm_provider", ""))


def _stems(provider: str) -> set[str]:
    """`together_ai` is TOGETHER_AI, TOGETHERAI and TOGETHER in the names of variables, `text-completion-x` is X."""
    words = re.split(r"[\W_]+", provider.upper())
    runs = [words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
    return {joint.join(run) for run in runs for joint in ("_", "")}
