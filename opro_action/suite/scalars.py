"""What a plain word of YAML means: numbers as in JSON, `true`, `false` and `null`; everything else is text.

YAML 1.1 reads `yes`, `no`, `on` and `off` as booleans, `2024-01-01` as a date, `1:30` as 90 and `007` as 7; who
writes them as the expected answer of a case means the words.
"""

from __future__ import annotations

import math
import re

from opro_action.suite.wording import quoted

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?((0|[1-9][0-9]*)(\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def meaning(text: str) -> str | int | float | bool | None:
    """The value of an unquoted word; raises ValueError for a number that is not finite."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text) and len(text) < 1000:
        return int(text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a finite number")
    return _decimal(text) if _DECIMAL.fullmatch(text) else text


def _decimal(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{quoted(text)} is too large for a number")
    return value
