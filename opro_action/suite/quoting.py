"""What counts as quoting a case: its input or its long expected answer stands in a text, however it is written."""

from __future__ import annotations

import unicodedata

from opro_action.suite.suite import Case

LONG_INPUT = 16
"""Characters from which an input is no common word any more, so that a text holding it quotes the case."""

LONG_EXPECTED = 20
"""Characters from which an expected answer is more than a label, which a prompt has to name."""


def folded(text: str) -> str:
    """The text as a comparison sees it: compatibility forms, case and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def quotable(case: Case) -> tuple[str, ...]:
    """What of a case a prompt must not hold, normalised: its long inputs, and its expected answer when it is long."""
    values = [(folded(str(value)), LONG_INPUT) for value in case.vars.values()]
    if isinstance(case.expected, str):
        values.append((folded(case.expected), LONG_EXPECTED))
    return tuple(value for value, length in values if len(value) >= length)
