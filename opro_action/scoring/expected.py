"""What the cases of a suite expect: the different answers, how common each is, and samples that keep their shares."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from opro_action.scoring.scorers.text import as_text
from opro_action.suite.quoting import folded
from opro_action.suite.suite import Case, Suite

MOST_LABELS = 20
"""More different expected answers than this are no closed set, unless a `choice` names them."""


_NAMING = frozenset({"equals", "contains", "icontains", "starts-with"})
"""Assertions of promptfoo whose value is what a right answer says."""


def expected_text(case: Case) -> str | None:
    """What the case expects, as an answer would write it: a mapping as JSON; None when it says nothing.

    A case of promptfoo says it in an assertion of its own.
    """
    if isinstance(case.expected, dict | list):
        return json.dumps(case.expected, ensure_ascii=False)
    if case.expected is None:
        named = (as_text(spec.options.get("value")) for spec in case.scorers if spec.options.get("type") in _NAMING)
        return next((text for text in named if text is not None), None)
    return as_text(case.expected)


def kinds(cases: Sequence[Case]) -> dict[str, float]:
    """Each different expected answer with the weight of its cases, the heaviest first. Case and space do not count."""
    shown: dict[str, str] = {}
    weights: dict[str, float] = defaultdict(float)
    for case in cases:
        text = expected_text(case)
        if text is not None:
            weights[shown.setdefault(folded(text), text)] += case.weight
    return dict(sorted(weights.items(), key=lambda kind: -kind[1]))


def chance(cases: Sequence[Case]) -> float | None:
    """The share of the most common expected answer, which an answer that never changes may earn.

    None when no case says what it expects.
    """
    found = kinds(cases)
    total = sum(case.weight for case in cases)
    return max(found.values()) / total if found and total else None


def options_of(suite: Suite) -> tuple[str, ...]:
    """The options that the suite's `choice` scorers name."""
    choices = [spec for spec in suite.scorers if spec.name == "choice" and not spec.negated]
    named = [as_text(option) for spec in choices for option in spec.options.get("of", ())]
    return tuple(option for option in named if option is not None)


def labels(suite: Suite) -> tuple[str, ...]:
    """The closed set of answers to this suite, the most common first; empty when its answers are open.

    It is closed when a `choice` names it, or when few different answers are expected, each of them about twice.
    """
    expected, options = list(kinds(suite.cases)), options_of(suite)
    if not options and (len(expected) > MOST_LABELS or 2 * len(expected) > len(suite.cases)):
        return ()
    return tuple({folded(text): text for text in [*options, *expected]}.values())


def stratified(cases: Sequence[Case], size: int) -> tuple[Case, ...]:
    """At most `size` cases, each expected answer in its proportion; the same ones whatever their order and names."""
    strata: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        strata[folded(expected_text(case) or "")].append(case)
    placed: list[tuple[float, str, Case]] = []
    for members in strata.values():
        shuffled = sorted(members, key=lambda case: case.digest)
        placed += [((index + 0.5) / len(members), case.digest, case) for index, case in enumerate(shuffled)]
    return tuple(case for *_, case in sorted(placed, key=lambda entry: entry[:2])[:size])
