"""The model `echo`: it answers with what it was asked, costs nothing, and is what configurations are tried out with."""

from __future__ import annotations

import json

from opro_action.models.model import Completion, Message, Request


class EchoModel:
    """Answers with the rendered prompt: the text of a single user message, any other chat as JSON.

    The JSON is indented by two spaces, as promptfoo's own `echo` has it. There is no finish reason, since nothing
    was generated.
    """

    async def complete(self, request: Request) -> Completion:
        return Completion(said(request.messages), cost_usd=0.0, finish_reason="")


def said(messages: tuple[Message, ...]) -> str:
    """A chat as one text."""
    if [message.role for message in messages] == ["user"]:
        return messages[0].content
    chat = [{"role": message.role, "content": message.content} for message in messages]
    return json.dumps(chat, ensure_ascii=False, indent=2)
