"""The scorer `regex`, and the limits that keep a slow pattern from holding up a run."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import as_text, no_expected, quoted

LONGEST = 100_000
"""Longer answers, in characters, are not searched."""

SECONDS = 1.0
"""A search that takes longer is given up. Python's `re` has no limit of its own, and "(a+)+b" needs hours on 40 a's."""


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
        with time_limit(SECONDS):
            found = compiled.search(answer)
    except TimeoutError:
        return Grade(None, f"the pattern {quoted(pattern)} took over {SECONDS:g} s: write it without nested repeats")
    if found:
        return Grade(1.0, f"{quoted(pattern)} matches")
    return Grade(0.0, f"{quoted(pattern)} does not match {quoted(answer)}")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after `seconds`; no limit outside the main thread, or without SIGALRM.

    `re` looks for signals while it searches, so an alarm ends it. An alarm that somebody else had set stays set.
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGALRM, _give_up)
    others, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, others, interval)
        signal.signal(signal.SIGALRM, handler)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError
