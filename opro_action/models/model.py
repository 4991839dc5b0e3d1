"""The one seam to language models: a request goes in, a completion comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["task", "optimizer", "judge"]


@dataclass(frozen=True)
class Message:
    """One chat message; `role` is `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True)
class Request:
    """One call to a model: everything that may change the answer, and nothing else.

    `params` are sent as they are (temperature, max_tokens, api_base, ...). `repeat` tells apart several
    answers to the same request; it is part of the cache key and never sent.
    """

    model: str
    messages: tuple[Message, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    repeat: int = 0
    response_format: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Completion:
    """What came back: the text, tokens in and out, dollars (None where no price is known), and how it ended."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    finish_reason: str = "stop"
    latency_s: float = 0.0
    cached: bool = False


class Model(Protocol):
    """Answers requests.

    Implementations raise `CallFailed` for what a retry may mend and `CallRefused` for what it may not;
    they never return an empty completion in place of an error, and never ask another model than asked for.
    """

    async def complete(self, request: Request) -> Completion: ...
