"""Scorers that compare texts: `exact`, `iexact` and `contains`; and the words that all scorers share."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from opro_action.scoring.results import Grade

_QUOTED = 80


def quoted(text: str) -> str:
    """A text for an explanation: on one line, in quotes, cut after 80 characters."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _QUOTED else f'"{line[: _QUOTED - 3]}..."'


def folded(text: str) -> str:
    """A text without what should not matter: Unicode form, case, and the kind and amount of white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def as_text(value: Any) -> str | None:
    """An expected value as an answer would write it: true, 18, billing; None when it is no plain value or empty."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value) if str(value).strip() else None
    return None


def no_expected(scorer: str, expected: Any) -> Grade:
    """Unscored: the case does not say, in a way that this scorer understands, what is expected."""
    if expected is None:
        return Grade(None, f"the case has no `expected`, which `{scorer}` needs")
    return Grade(None, f"`{scorer}` cannot use the case's `expected`: {quoted(str(expected))}")


def exact(expected: Any, answer: str, _options: Mapping[str, Any]) -> Grade:
    """1 when the answer is the expected text, white space around it and Unicode composition aside."""
    wanted = as_text(expected)
    if wanted is None:
        return no_expected("exact", expected)
    return _compared(expected=wanted, answer=answer, same=_composed(answer) == _composed(wanted))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def iexact(expected: Any, answer: str, _options: Mapping[str, Any]) -> Grade:
    """Like `exact`, but case, width and the kind of white space do not matter."""
    wanted = as_text(expected)
    if wanted is None:
        return no_expected("iexact", expected)
    return _compared(expected=wanted, answer=answer, same=folded(answer) == folded(wanted))


def _compared(*, expected: str, answer: str, same: bool) -> Grade:
    if same:
        return Grade(1.0, f"got {quoted(expected)}")
    return Grade(0.0, f"expected {quoted(expected)}, got {quoted(answer)}")


def contains(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the answer holds one of `any` and each of `all`; without these, the case's expected text.

    `ignore_case: true` compares as `iexact` does. A text is found inside a word too: for one of several labels,
    `choice` is the scorer.
    """
    any_of, all_of = _texts(options.get("any")), _texts(options.get("all"))
    if "any" not in options and "all" not in options:
        all_of = _texts([expected])
    if any_of is None or all_of is None or not any_of + all_of:
        unfit = {key: options[key] for key in ("any", "all") if key in options} or expected
        return no_expected("contains", unfit)
    fold = folded if options.get("ignore_case") else _composed
    missing = [text for text in all_of if fold(text) not in fold(answer)]
    if missing:
        return Grade(0.0, f"{quoted(missing[0])} is not in {quoted(answer)}")
    if any_of and not any(fold(text) in fold(answer) for text in any_of):
        return Grade(0.0, f"none of {', '.join(map(quoted, any_of))} is in {quoted(answer)}")
    return Grade(1.0, "contains what is expected")


def _texts(values: Any) -> list[str] | None:
    """A list of texts, also from a single one; None when one is empty (it is in every answer) or no plain value."""
    listed = values if isinstance(values, list | tuple) else [] if values is None else [values]
    texts = [as_text(value) for value in listed]
    return None if None in texts else [text for text in texts if text is not None]
