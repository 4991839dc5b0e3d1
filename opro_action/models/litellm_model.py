"""Any model that has an API, through litellm, which is imported when the first call goes out."""

from __future__ import annotations

import email.utils
import functools
import importlib
import ipaddress
import logging
import os
import re
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from opro_action.errors import CallFailed, CallRefused
from opro_action.models.failures import Unanswered, Unreachable
from opro_action.models.keys import api_key, blanks_hidden, redact, remedy_for
from opro_action.models.model import Completion, Request
from opro_action.models.prices import cost_of, price_of
from opro_action.models.servers import check_server, shown
from opro_action.models.unsent import never_sent, why_unsent
from opro_action.suite.suite import ModelSpec

_LONGEST_MESSAGE = 400
# Seconds. A reasoning model may think for minutes; a host that does not accept a connection never will.
_ANSWER_TIMEOUT = 300.0
_CONNECT_TIMEOUT = 10.0
_PLACEHOLDER_KEY = "not-needed"
_RETRYABLE = frozenset({408, 409, 429})
_OVERLOADED = 529
_QUOTA = "insufficient_quota"
_CLASS_NAMES = re.compile(r"^(?:(?:litellm\.)?\w+(?:Error|Timeout): )*(?:\w+(?:Exception|Error) - )?")


class LitellmModel:
    """One model id of litellm's. One call is one HTTP request: litellm's and the SDKs' own retries are off."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec

    async def complete(self, request: Request) -> Completion:
        check_server(request)
        litellm = load_litellm()
        key = self.key(litellm, request)
        began = time.monotonic()
        try:
            response = await litellm.acompletion(**_arguments(request, key))
        except failures() as error:
            raise self.failure(error, request, key) from error
        return self._completion(response, time.monotonic() - began)

    async def aclose(self) -> None:
        """Close litellm's connections, which it keeps for all models together."""
        litellm = sys.modules.get("litellm")
        if litellm is not None:
            await litellm.close_litellm_async_clients()

    def key(self, litellm: Any, request: Request) -> str | None:
        key = api_key(self._spec)
        if key is not None:
            return key
        missing = missing_keys(litellm, request.model)
        if not missing:
            return None
        if is_loopback(request.params.get("api_base")):
            return _PLACEHOLDER_KEY
        raise CallRefused(f"No key for {request.model}: {remedy_for(missing)}")

    def _completion(self, response: Any, seconds: float) -> Completion:
        if not response.choices:
            raise CallFailed(f"{self._spec.id}: the provider sent an empty reply.")
        choice = response.choices[0]
        usage = getattr(response, "usage", None)
        completion = Completion(
            # A lone surrogate can be spelled in JSON, and stands in no file.
            text=(choice.message.content or "").encode("utf-8", "replace").decode(),
            prompt_tokens=getattr(usage, "prompt_tokens", 0) or 0,
            completion_tokens=getattr(usage, "completion_tokens", 0) or 0,
            finish_reason=choice.finish_reason or "stop",
            latency_s=seconds,
        )
        cost = self.cost(completion, response)
        return completion if cost is None else _with_cost(completion, cost)

    def cost(self, completion: Completion, response: Any) -> float | None:
        """The user's price; else litellm's, which knows cheaper cached tokens; else that of its list.

        None where it is not known, or the provider did not count the tokens.
        """
        if not completion.prompt_tokens and not completion.completion_tokens:
            return None
        if self._spec.price is None:
            cost = getattr(response, "_hidden_params", {}).get("response_cost")
            if cost is not None:
                return float(cost)
        price = price_of(self._spec)
        return None if price is None else cost_of(completion, price)

    def failure(self, error: Exception, request: Request, key: str | None) -> CallFailed | CallRefused:
        import httpx

        base = request.params.get("api_base")
        where = f"{request.model} at {shown(str(base))}" if base else request.model
        what = f"{where}: {_one_line(redact(_cause(error), key, self._spec.api_key))}"
        chain = list(_chain(error))
        if never_sent(chain):
            remedy = "nothing was sent: check the key, api_base, params and what is installed."
            return CallRefused(why_unsent(self._spec, request, chain) or f"{what}; {remedy}")
        if any(isinstance(link, httpx.ConnectError | httpx.ConnectTimeout) for link in chain):
            return Unreachable(f"{what}; start the server, or check the network and api_base.")
        if any(isinstance(link, httpx.TransportError) for link in chain):
            return Unanswered(what)
        return _by_status(error, what, is_quota=any(_QUOTA in f"{link} {_code(link)}" for link in chain))


def missing_keys(litellm: Any, model: str) -> list[str]:
    """The environment variables of which one has to hold a key for `model`; empty when one does, or none is needed.

    litellm also names what has a default or other sources (`OLLAMA_API_BASE`, the credentials of a cloud): whether that
    is missing only a call can tell.
    """
    with blanks_hidden():
        names = litellm.validate_environment(model)["missing_keys"]
    return [name for name in names if name.endswith("_API_KEY")]


def load_litellm() -> Any:
    """litellm, silenced: no banner, no logs, no telemetry, no price list from the network (about 3 s, once)."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # Otherwise litellm reads a `.env` of the working folder, and a pull request could send keys to its own server.
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    return _silenced(importlib.import_module("litellm"))


def is_loopback(url: object) -> bool:
    """Whether a URL points at this machine."""
    try:
        host = urllib.parse.urlsplit(str(url)).hostname if url else None
        if host is None or host == "localhost":
            return host is not None
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from a Retry-After header: a number, or an HTTP date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


@functools.cache
def _silenced(litellm: Any) -> Any:
    litellm.suppress_debug_info = True
    # A parameter that the provider does not know is an error, never dropped.
    litellm.drop_params = False
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return litellm


def failures() -> tuple[type[Exception], ...]:
    # Both come with litellm, whose own exceptions are subclasses of openai's; both are slow to import.
    import httpx
    import openai

    return (openai.OpenAIError, httpx.HTTPError)


def _arguments(request: Request, key: str | None) -> dict[str, Any]:
    import httpx

    arguments: dict[str, Any] = {
        "timeout": httpx.Timeout(_ANSWER_TIMEOUT, connect=_CONNECT_TIMEOUT),
        **request.params,
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "num_retries": 0,
        "max_retries": 0,
    }
    if request.response_format is not None:
        arguments["response_format"] = dict(request.response_format)
    if key is not None:
        arguments["api_key"] = key
    return arguments


def _by_status(error: Exception, what: str, *, is_quota: bool) -> CallFailed | CallRefused:
    status = getattr(error, "status_code", None)
    status = status if isinstance(status, int) else 500
    if is_quota or (status < 500 and status not in _RETRYABLE):
        return CallRefused(f"{what} (status {status})")
    headers = getattr(error, "litellm_response_headers", None) or {}
    return CallFailed(
        f"{what} (status {status})",
        retry_after=retry_after(headers, datetime.now(UTC)),
        throttled=status in (429, _OVERLOADED),
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str:
    return str(getattr(error, "code", None) or "")


def _cause(error: Exception) -> str:
    """litellm writes class names in front of the provider's message, and for some failures a traceback behind it."""
    text = str(error).split("Traceback (most recent call last)")[0]
    return _CLASS_NAMES.sub("", text) or type(error).__name__


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def _with_cost(completion: Completion, cost: float) -> Completion:
    return Completion(**{**vars(completion), "cost_usd": cost})
