"""The scorer `number`: the final number of an answer, compared without rounding."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import no_expected, quoted

_MINUS = str.maketrans(dict.fromkeys("\u2212\u2012\u2013\uff0d\ufe63", "-"))
_MARKDOWN = re.compile(r"[*`~#]+|(?<![^\W_])_+|_+(?![^\W_])")

_LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""Of a script that puts spaces between words: "x18" is a name, while Chinese sets 18 between letters."""

_SEPARATORS = ",'_\u2019\u00a0\u202f\u2009"
_RUN = re.compile(
    rf"(?P<sign>(?<![\w)])-)?[$€£¥₹]?(?P<late_sign>-)?(?<!{_LETTER})(?<![^\W\d_]-)"
    rf"(?P<digits>\.?\d(?:[\d.:/{_SEPARATORS}-]*\d)?)(?P<exponent>[eE][+-]?\d{{1,3}}(?!\w))?"
)
"""Sign, currency, and digits with everything that may stand between digits; what they mean is decided afterwards."""

_PLAIN = re.compile(r"\d*\.?\d+")
_GROUPED = re.compile(rf"[1-9]\d{{0,2}}([{_SEPARATORS}])\d{{3}}(?:\1\d{{3}})*(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"(?:\d+|[1-9]\d{0,2}([.'\u2019\u00a0\u202f\u2009])\d{3}(?:\1\d{3})*),\d+")
_GROUPED_BY_DOTS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3}){2,}")

_MARKER = re.compile(r"\banswer\b[^.\n\d]{0,40}?(?:\bis\b|:|=)", re.IGNORECASE)
_LONGEST = 400


def number(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the final number of the answer is within `tolerance` (default 0) of the expected one.

    The final number is the first one after the last "answer is" or "Answer:" (or after the last "=" in that line);
    without such words, the last number of all. Currency, percent sign, thousands separators, Markdown and a full
    stop at the end do not matter. Number words are not read. A date, a time, a fraction and a range like 10-20 are
    no numbers, and none is taken out of them.
    """
    wanted = expected_number(expected)
    if wanted is None:
        return no_expected("number", expected)
    found = final_number(answer)
    if found is None:
        return Grade(0.0, f"expected {expected}, got no number: {quoted(answer)}")
    value = value_of(found)
    if value is None:
        return Grade(0.0, f"expected {expected}, got {quoted(found)}, which is not one number")
    same = abs(value - wanted) <= Fraction(str(options.get("tolerance", 0)))
    return Grade(1.0, f"got {found}") if same else Grade(0.0, f"expected {expected}, got {found}")


def expected_number(expected: Any) -> Fraction | None:
    """What a case expects, from a number or from a text that holds exactly one; else None."""
    if isinstance(expected, bool):
        return None
    if isinstance(expected, int | float):
        return Fraction(str(expected)) if math.isfinite(expected) else None
    found = _numbers(expected) if isinstance(expected, str) else []
    return value_of(found[0]) if len(found) == 1 else None


def final_number(answer: str) -> str | None:
    """The digits, with sign and separators, that an answer ends up with; None when it has none."""
    markers = list(_MARKER.finditer(_plain(answer)))
    if markers:
        after = _plain(answer)[markers[-1].end() :].lstrip()
        line = after.partition("\n")[0]
        found = _numbers(line.rpartition("=")[2]) or _numbers(after)
        if found:
            return found[0]
    found = _numbers(answer)
    return found[-1] if found else None


def _plain(text: str) -> str:
    return _MARKDOWN.sub(" ", text.translate(_MINUS))


def _numbers(text: str) -> list[str]:
    return [
        ("-" if run["sign"] or run["late_sign"] else "") + run["digits"] + (run["exponent"] or "")
        for run in _RUN.finditer(_plain(text))
    ]


def value_of(digits: str) -> Fraction | None:
    """The value of digits with sign and separators; None when they are not one number, as in 10:30 or 1.2.3.

    "1,234" is a thousand and more, "17,6" and "0,500" have a decimal comma.
    """
    if len(digits) > _LONGEST:
        return None
    sign, rest = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    mantissa, e, exponent = rest.lower().partition("e")
    if _GROUPED.fullmatch(mantissa):
        mantissa = re.sub(rf"[{_SEPARATORS}]", "", mantissa)
    elif _DECIMAL_COMMA.fullmatch(mantissa):
        mantissa = re.sub(r"[^\d,]", "", mantissa).replace(",", ".")
    elif _GROUPED_BY_DOTS.fullmatch(mantissa):
        mantissa = mantissa.replace(".", "")
    return sign * Fraction(mantissa + e + exponent) if _PLAIN.fullmatch(mantissa) else None
