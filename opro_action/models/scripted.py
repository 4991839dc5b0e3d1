"""A model whose answers are given beforehand: what the tests use, and anyone who tests against this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from opro_action.errors import CallRefused
from opro_action.models.model import Completion, Request

Answer = str | Completion | Exception
Script = Sequence[Answer] | Mapping[str, Answer] | Callable[[Request], Answer]


class ScriptedModel:
    """Answers from a list, a mapping or a function, and keeps the `requests` it got.

    A list is used up in order. A mapping is asked for the last user message, then for the whole text (all
    messages, joined by blank lines). An answer that is an exception is raised. Raises CallRefused when the script
    has no answer.

        model = ScriptedModel(["billing", CallFailed("503 from the provider"), "bug"])
        model = ScriptedModel({"I was charged twice": "billing"})
        model = ScriptedModel(lambda request: request.messages[-1].content.upper())
    """

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self._answer = _as_function(script)

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Completion) else _counted(request, answer)


def whole_text(request: Request) -> str:
    """All messages of a request, joined by blank lines."""
    return "\n\n".join(message.content for message in request.messages)


def _as_function(script: Script) -> Callable[[Request], Answer]:
    if callable(script):
        return script
    if isinstance(script, Mapping):
        return lambda request: _look_up(script, request)
    queue = iter(script)
    return lambda request: next(queue, CallRefused(f"The script has no answer left for {whole_text(request)!r}."))


def _look_up(script: Mapping[str, Answer], request: Request) -> Answer:
    users = [message.content for message in request.messages if message.role == "user"]
    for text in (*users[-1:], whole_text(request)):
        if text in script:
            return script[text]
    return CallRefused(f"The script has no answer for {whole_text(request)!r}.")


def _counted(request: Request, answer: str) -> Completion:
    """Tokens are counted as words, dollars as none."""
    return Completion(
        text=answer,
        prompt_tokens=len(whole_text(request).split()),
        completion_tokens=len(answer.split()),
        cost_usd=0.0,
    )
