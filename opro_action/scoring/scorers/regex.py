"""The scorer `regex`: a pattern that matches somewhere in the answer, within limits of length and time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opro_action.scoring.limit import limited, time_limit
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import as_text, no_expected, quoted

LONGEST = 100_000
"""Longer answers, in characters, are not searched."""

SECONDS = 1.0
"""A search that takes longer is given up. Python's `re` has no limit of its own, and "(a+)+b" needs hours on 40 a's."""

_FEW = 1_000_000
"""A search of so many steps takes about 0.05 s."""

_REPEAT = re.compile(r"[*+?{]")


def regex(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the option `pattern`, or else the case's expected text, matches anywhere in the answer (`re.search`)."""
    pattern = as_text(options.get("pattern", expected))
    if pattern is None:
        return no_expected("regex", expected)
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return Grade(None, f"the pattern {quoted(pattern)} is not a regular expression: {error}")
    if len(answer) > LONGEST:
        return Grade(None, f"the answer has {len(answer)} characters; `regex` searches at most {LONGEST}")
    try:
        found = searched(compiled, answer)
    except TimeoutError:
        return Grade(None, f"the pattern {quoted(pattern)} took over {SECONDS:g} s: write it without nested repeats")
    if found:
        return Grade(1.0, f"{quoted(pattern)} matches")
    return Grade(0.0, f"{quoted(pattern)} does not match {quoted(answer)}")


def searched(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a pattern matches anywhere in a text; raises TimeoutError after `SECONDS`."""
    if _is_quick(pattern.pattern, text):
        return pattern.search(text) is not None
    return limited(SECONDS, _search, pattern, text)


def _search(pattern: re.Pattern[str], text: str) -> bool:
    with time_limit(SECONDS):
        return pattern.search(text) is not None


def _is_quick(pattern: str, text: str) -> bool:
    """Whether no search can take long: without groups none is repeated, and each repeat tries every length at most."""
    return "(" not in pattern and (len(text) + 1) ** (len(_REPEAT.findall(pattern)) + 1) <= _FEW
