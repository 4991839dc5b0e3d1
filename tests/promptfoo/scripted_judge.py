"""A judge and an embedding model whose replies stand in what they are asked: the same for promptfoo and for us."""

from __future__ import annotations

import json
import re
from typing import Any

from servers import Reply

_REPLY = re.compile(r"<<(.*?)>>", re.DOTALL)
_VECTOR = re.compile(r"\[[^\]]*\]")


def reply_in(text: str) -> str:
    """What stands between the first << and >>."""
    found = _REPLY.search(text)
    return found.group(1) if found else "there is no reply in this"


def vector_in(text: str) -> list[float]:
    """The list that begins a text, as a vector."""
    vector: list[float] = json.loads((_VECTOR.match(text) or [text])[0])
    return vector


def served(asked: dict[str, Any]) -> str | Reply:
    """The reply to a request as promptfoo sends it: for an embedding, for the steps of `g-eval`, or for a verdict."""
    if "input" in asked:
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        data = [{"object": "embedding", "index": at, "embedding": vector_in(text)} for at, text in enumerate(texts)]
        return (
            200,
            {},
            {"object": "list", "data": data, "model": "vectors", "usage": {"prompt_tokens": 1, "total_tokens": 1}},
        )
    text = "\n".join(str(message["content"]) for message in asked["messages"])
    return '{"steps": ["look", "think"]}' if 'single key, "steps"' in text else reply_in(text)


def as_we_ask(text: str) -> str:
    """The reply in the form that we ask for: promptfoo's judge of a closed question ends with Y or N."""
    reply = reply_in(text)
    return json.dumps({"reason": "as scripted", "pass": reply == "Y"}) if reply in {"Y", "N"} else reply
