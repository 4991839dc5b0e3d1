"""The layout in which a message wants its answer: tags, brackets, fences, named fields, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_END = 900
"""Characters at the end of a message in which it says how to answer."""

_FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]")
_FIELDS = re.compile(r"Respond with the corresponding output fields?, starting with the field(.*)", re.DOTALL)
_COUNT = re.compile(r'"?candidate_?count"?:\s*(\d+)', re.IGNORECASE)
_CLOSING = re.compile(r"</([\w-]+)>")
_KEY = re.compile(r"\"(\w*(?:prompt|instruction|text)\w*)\"\s*:", re.IGNORECASE)


def wanted_count(message: str) -> int:
    """How many prompts the message asks for at once."""
    found = _COUNT.search(message)
    return int(found[1]) if found else 1


def shaped(texts: Sequence[str], message: str) -> str:
    """The texts in the layout that the `message` asks for; the first as it is when it asks for none."""
    text = texts[0]
    if _COUNT.search(message):
        return json.dumps({"candidates": [{"hypothesis": "It says more.", "prompt": each} for each in texts]})
    fields = wanted_fields(message)
    if fields:
        return in_fields(text, fields)
    end = message[-_END:]
    closing = _CLOSING.findall(end)
    if closing:
        return f"<{closing[-1]}>\n{text}\n</{closing[-1]}>"
    key = _KEY.findall(end)
    if key and "json" in end.lower():
        return json.dumps({key[-1]: text})
    if "```" in end:
        return f"```\n{text}\n```"
    return f"[{text}]" if re.search(r"square brackets", end, re.IGNORECASE) else text


def wanted_fields(message: str) -> list[str]:
    """The output fields that DSPy's chat layout asks for, in order."""
    found = _FIELDS.findall(message)
    return [name for name in _FIELD.findall(found[-1]) if name != "completed"] if found else []


def in_fields(text: str, fields: list[str]) -> str:
    """An answer in that layout: the last field that is no prefix and no reasoning gets the text."""
    main = next((name for name in reversed(fields) if "prefix" not in name), fields[-1])
    parts = [f"[[ ## {name} ## ]]\n{text if name == main else _beside(name)}\n" for name in fields]
    return "\n".join([*parts, "[[ ## completed ## ]]"])


def _beside(name: str) -> str:
    return "Team:" if "prefix" in name else "It follows from what is given."
