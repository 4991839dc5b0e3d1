"""Requests that could not be written: told from those that failed on the way, and said in plain words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from opro_action.models.keys import unsendable
from opro_action.models.model import Request
from opro_action.models.servers import is_address, no_address, provider_servers
from opro_action.suite.suite import ModelSpec

# Modules that write a request. litellm's own also read replies, and fail there with the same classes of errors.
_WRITERS = ("aiohttp.", "httpx.", "httpx2.", "json.encoder", "openai._utils.", "yarl.")
_WRITING_ERRORS = (TypeError, ValueError, UnicodeEncodeError)


def never_sent(chain: Sequence[BaseException]) -> bool:
    """Whether an error, with its causes down to the first, arose before anything was sent.

    litellm reports such errors as status 500, like those of a server. What cannot be told was sent.
    """
    import aiohttp
    import httpx
    import openai

    no_url = (httpx.InvalidURL, httpx.UnsupportedProtocol, aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
    if any(isinstance(link, no_url) or _is_illegal_header(link) for link in chain):
        return True
    if any(isinstance(link, httpx.HTTPError) for link in chain):
        return False
    first = chain[-1]
    # The class itself is raised where there are no credentials; what a server says comes as a subclass.
    return isinstance(first, ImportError) or type(first) is openai.OpenAIError or _arose_in_writing(first)


def why_unsent(
    spec: ModelSpec, request: Request, chain: Sequence[BaseException], environment: Mapping[str, str] = os.environ
) -> str | None:
    """The sentence for what a request could not be written with: a server or a key; None for anything else."""
    servers = {} if request.params.get("api_base") else provider_servers(request.model, environment)
    for name, url in servers.items():
        if not is_address(url):
            return no_address(request.model, name, url)
    names = unsendable(spec, environment) if _is_of_a_header(chain[-1]) else []
    if not names:
        return None
    return (
        f"{request.model}: the key in {' or '.join(names)} holds a line break or another character that cannot be "
        "sent: set it again without."
    )


def _is_illegal_header(link: BaseException) -> bool:
    import httpx

    return isinstance(link, httpx.LocalProtocolError) and _is_of_a_header(link)


def _is_of_a_header(link: BaseException) -> bool:
    return "header" in str(link) or (isinstance(link, UnicodeEncodeError) and link.encoding == "ascii")


def _arose_in_writing(error: BaseException) -> bool:
    trace = error.__traceback__
    if type(error) not in _WRITING_ERRORS or trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}.".startswith(_WRITERS)
