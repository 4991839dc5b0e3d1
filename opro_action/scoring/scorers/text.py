"""Scorers that compare texts: `exact`, `iexact`, `contains`, `starts_with`, `ends_with`; and what all scorers share."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from opro_action.scoring.results import Grade
from opro_action.suite.quoting import folded
from opro_action.suite.suite import Written

_QUOTED = 80


def quoted(text: str) -> str:
    """A text for an explanation: on one line, in quotes, cut after 80 characters."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _QUOTED else f'"{line[: _QUOTED - 3]}..."'


def composed(text: str) -> str:
    """A text without the white space around it, each letter with its accents as one character."""
    return unicodedata.normalize("NFC", text).strip()


def unfenced(answer: str) -> str:
    """The content of an answer that is one code fence; any other answer as it is."""
    text = answer.strip()
    opening, _, rest = text.partition("\n")
    fenced = opening.startswith("```") and "`" not in opening[3:] and rest.endswith("```")
    return rest[:-3].rstrip(" \t").removesuffix("\n") if fenced else answer


def as_text(value: Any) -> str | None:
    """An expected value as an answer would write it: true, 18, billing; None when it is no plain value or empty."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Written):
        return value.source
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
    return _compared(expected=wanted, answer=answer, same=composed(answer) == composed(wanted))


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
    fold = folded if options.get("ignore_case") else composed
    missing = [text for text in all_of if fold(text) not in fold(answer)]
    if missing:
        return Grade(0.0, f"{quoted(missing[0])} is not in {quoted(answer)}")
    if any_of and not any(fold(text) in fold(answer) for text in any_of):
        return Grade(0.0, f"none of {', '.join(map(quoted, any_of))} is in {quoted(answer)}")
    return Grade(1.0, "contains what is expected")


def starts_with(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the answer begins with one of `any`; without these, with the case's expected text."""
    return _at_end("starts_with", str.startswith, expected, answer, options)


def ends_with(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the answer ends with one of `any`; without these, with the case's expected text."""
    return _at_end("ends_with", str.endswith, expected, answer, options)


def _at_end(
    scorer: str, stands: Callable[[str, str], bool], expected: Any, answer: str, options: Mapping[str, Any]
) -> Grade:
    """White space around texts does not matter; `ignore_case: true` compares as `iexact` does."""
    wanted = _texts(options.get("any", [expected]))
    if not wanted:
        return no_expected(scorer, options.get("any", expected))
    fold = folded if options.get("ignore_case") else composed
    found = next((text for text in wanted if stands(fold(answer), fold(text))), None)
    verb = scorer.replace("_", " ")
    if found is None:
        return Grade(0.0, f"{quoted(answer)} does not {verb.replace('s ', ' ', 1)} {' or '.join(map(quoted, wanted))}")
    return Grade(1.0, f"{verb} {quoted(found)}")


def _texts(values: Any) -> list[str] | None:
    """A list of texts, also from a single one; None when one is empty (it is in every answer) or no plain value."""
    listed = values if isinstance(values, list | tuple) else [] if values is None else [values]
    texts = [as_text(value) for value in listed]
    return None if None in texts else [text for text in texts if text is not None]
