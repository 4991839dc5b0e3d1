"""What counts as quoting a case: its input or its long expected answer stands in a text, however it is written."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Sequence

from opro_action.suite.suite import Case

LONG_INPUT = 16
"""Characters from which an input is no common word any more, so that a text holding it quotes the case."""

LONG_EXPECTED = 20
"""Characters from which an expected answer is more than a label, which a prompt has to name."""


def folded(text: str) -> str:
    """The text as a comparison sees it: compatibility forms, case and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def quotable(case: Case, common: Collection[str] = ()) -> tuple[str, ...]:
    """What of a case a prompt must not hold, normalised: its long inputs, and its expected answer when it is long.

    What is `common` is no case's own.
    """
    values = [(folded(str(value)), LONG_INPUT) for value in case.vars.values()]
    if isinstance(case.expected, str):
        values.append((folded(case.expected), LONG_EXPECTED))
    return tuple(value for value, length in values if len(value) >= length and value not in common)


def common_texts(cases: Sequence[Case]) -> frozenset[str]:
    """What a prompt may hold though cases have it, normalised: vars and expected answers that several cases share.

    The same case twice shares nothing. Where at least two cases come to an expected answer, all of those are labels,
    one that a single case expects among them.
    """
    askers: dict[tuple[str | None, str], set[tuple[str, ...]]] = defaultdict(set)
    for case in cases:
        said: list[tuple[str | None, str]] = [(name, folded(str(value))) for name, value in case.vars.items()]
        asked = tuple(text for _, text in said)
        if isinstance(case.expected, str):
            said.append((None, folded(case.expected)))
        for key in said:
            askers[key].add(asked)
    answers = {text: len(found) for (name, text), found in askers.items() if name is None}
    labels = answers if 2 * len(answers) <= sum(answers.values()) else {}
    return frozenset([*labels, *(text for (_, text), found in askers.items() if len(found) > 1)])
