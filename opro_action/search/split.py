"""The split of a suite's cases: some drive the search, the others are looked at once, for the decision."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from opro_action.errors import UsageError
from opro_action.suite.suite import Case, content_digest

ENOUGH = 36
"""In a holdout of so many cases five that change for the better, 14 points, prove a gain when none changes back."""

SEARCHED = 30
PER_SEARCHED = 60
"""A search has one case of its split for so many calls of its budget, `SEARCHED` at least, if there are as many.

More cases make each candidate dearer, and so their number smaller. On the simulator, with 120 cases, the gain is the
same from 30 to 84 of them with 1,000 calls, and from 50 to 75 with 3,000; and with fewer of them it costs less to find
out that a prompt is at its ceiling.
"""

MIN_CASES = 10
"""Fewer cases than this cannot be split into two parts that each say something."""


@dataclass(frozen=True)
class Split:
    """The parts in the order of the suite; no case is in two of them.

    `demos` are set aside to stand in prompts as examples, and for `spare` ones the budget is too small: no prompt is
    scored on either.
    """

    search: tuple[Case, ...]
    holdout: tuple[Case, ...]
    demos: tuple[Case, ...] = ()
    spare: tuple[Case, ...] = ()

    def searching(self, most: int, seed: int) -> Split:
        """The split with so many cases to search on, stratified; the others are spare.

        Cases of the same content stay together, so that there may be more; asked for that many it is the same again.
        """
        cases = (*self.search, *self.spare)
        chosen = _first(stratified_order(cases, seed, "searched"), most, lambda case: case.digest)
        return replace(
            self,
            search=tuple(case for case in cases if case.digest in chosen),
            spare=tuple(case for case in cases if case.digest not in chosen),
        )


def split_cases(cases: Sequence[Case], *, holdout: float | None, seed: int) -> Split:
    """Split stratified by expected answer, so that both parts hold each kind of case in the suite's proportion.

    `holdout` is the share of the second part. Which case goes where depends on the seed and the cases' content
    alone: reordering or renaming cases does not move them. Cases that ask the same stay together, so that the holdout
    has no question that the search knows. Raises UsageError for fewer than `MIN_CASES` cases.
    """
    if len(cases) < MIN_CASES:
        raise UsageError(
            f"A search needs at least {MIN_CASES} cases to keep some of them unseen, "
            f"this suite has {len(cases)}: add cases."
        )
    share = holdout_share(len(cases)) if holdout is None else holdout
    held = _first(stratified_order(cases, seed), _held_count(len(cases), share), lambda case: case.asked)
    search = tuple(case for case in cases if case.asked not in held)
    if not search:
        raise UsageError(f"All {len(cases)} cases of this suite ask the same: add others.")
    return Split(search, holdout=tuple(case for case in cases if case.asked in held))


def holdout_share(n: int) -> float:
    """The share of `n` cases that is kept for the decision by default: half, but no more than it takes.

    On the simulator the true gain at ten calls per case is flat around these shares: the differences between 0.3, 0.4
    and a half are within its noise.
    """
    return min(0.5, max(0.3, ENOUGH / n))


def searched(cap: int) -> int:
    """How many cases a search has at most whose budget is `cap` calls."""
    return max(SEARCHED, cap // PER_SEARCHED)


def stratified_order(cases: Sequence[Case], seed: int, *salt: str) -> tuple[Case, ...]:
    """All cases so that any beginning holds every stratum in proportion (to within one case).

    Another `salt` gives another order under the same seed.
    """
    strata: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        strata[_stratum(case)].append(case)
    placed = [entry for name, members in strata.items() for entry in _placed(members, name, seed, salt)]
    return tuple(case for _, _, case in sorted(placed, key=lambda entry: (entry[0], entry[1])))


def order(seed: int, *parts: str) -> str:
    """A sort key that looks random, is the same on every machine, and needs no generator that keeps state."""
    return hashlib.sha256("\0".join((str(seed), *parts)).encode()).hexdigest()


def _held_count(n: int, share: float) -> int:
    return min(max(round(n * share), 1), n - 1)


def _first(ordered: Sequence[Case], count: int, name: Callable[[Case], str]) -> frozenset[str]:
    """The names of the first cases that make up `count`, with all others of the same names."""
    twins, found = Counter(map(name, ordered)), set()
    for case in ordered:
        if count <= 0:
            break
        if name(case) not in found:
            found.add(name(case))
            count -= twins[name(case)]
    return frozenset(found)


def _stratum(case: Case) -> str:
    expected = content_digest(case.expected)
    return expected if case.expected is not None else "\0".join(case.tags)


def _placed(members: Sequence[Case], name: str, seed: int, salt: tuple[str, ...]) -> list[tuple[float, str, Case]]:
    shuffled = sorted(members, key=lambda case: order(seed, *salt, case.digest))
    shift = int(order(seed, *salt, "stratum", name)[:8], 16) / 2**32
    return [((index + shift) / len(members), name, case) for index, case in enumerate(shuffled)]
