"""The hidden line at the end of what we write on GitHub: by it the next run knows its own text, and its state."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_MARKER = re.compile(r"^<!-- opro-action:(\{.*\}) -->[ \t\r]*$", re.MULTILINE)


def marker(state: Mapping[str, Any]) -> str:
    """`state` as an HTML comment on a line of its own; `--` in it is escaped, since it would end the comment."""
    text = json.dumps(state, sort_keys=True, separators=(",", ":")).replace("--", "-\\u002d")
    return f"<!-- opro-action:{text} -->\n"


def read_marker(body: str | None) -> Mapping[str, Any] | None:
    """The state in the last marker of `body`, or None: ours is the last line, a fence above may hold a copy."""
    found = _MARKER.findall(body or "")
    if not found:
        return None
    try:
        state = json.loads(found[-1])
    except ValueError:
        return None
    return state if isinstance(state, dict) else None
