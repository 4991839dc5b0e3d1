"""Failing cases in clusters, so that the optimizer model is shown each mistake once, the most common first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from opro_action.scoring.results import CaseResult
from opro_action.search.split import order
from opro_action.search.trajectory import Trajectory
from opro_action.suite.quoting import LONG_EXPECTED, folded

GOOD = 3
"""So many of the best prompts have to fail a case before it is called unsolved."""

_LOOSE = re.compile(r"\d+(?:[.,]\d+)*|\"[^\"]{12,}\"|'[^']{12,}'")


@dataclass(frozen=True)
class Mistake:
    """Failing cases that went wrong in the same way; `shown` is the one that stands for them."""

    shown: CaseResult
    count: int


def mistakes(results: Sequence[CaseResult], *, seed: int, salt: str) -> tuple[Mistake, ...]:
    """The failing ones of `results` in clusters, the largest first. Another `salt` shows other cases of a cluster.

    Two failures are the same mistake when both expect the same short answer and got the same answer, or else when
    the scorer's words are the same but for numbers and long quotations.
    """
    clusters: dict[str, list[CaseResult]] = defaultdict(list)
    for result in results:
        if result.failed:
            clusters[_signature(result)].append(result)
    found = [_mistake(members, seed, salt) for members in clusters.values()]
    return tuple(sorted(found, key=lambda one: (-one.count, order(seed, salt, one.shown.case.digest))))


def unsolved(trajectory: Trajectory, *, good: int = GOOD) -> tuple[CaseResult, ...]:
    """The best prompt's results on the cases that each of the `good` best prompts fails; none with fewer prompts."""
    best = sorted(trajectory.eligible, key=lambda one: (-(one.score or 0.0), one is not trajectory.best))[:good]
    if len(best) < good:
        return ()
    return tuple(
        result for id_, result in trajectory.best.results.items() if all(one.results[id_].failed for one in best)
    )


def nobody_solves(trajectory: Trajectory, *, least: int = GOOD) -> tuple[str, ...]:
    """Ids of the cases that at least `least` prompts met and none passed: what no wording has changed so far."""
    met: Counter[str] = Counter()
    passed: set[str] = set()
    for attempt in trajectory.scored:
        met.update(id_ for id_, result in attempt.results.items() if result.score is not None)
        passed.update(id_ for id_, result in attempt.results.items() if result.passed)
    return tuple(id_ for id_ in trajectory.seed.results if met[id_] >= least and id_ not in passed)


def _mistake(members: Sequence[CaseResult], seed: int, salt: str) -> Mistake:
    return Mistake(min(members, key=lambda result: order(seed, salt, result.case.digest)), len(members))


def _signature(result: CaseResult) -> str:
    wrong = next((answer for answer in result.answers if not answer.passed), None)
    expected = "" if result.case.expected is None else folded(str(result.case.expected))
    answer = folded(wrong.text) if wrong else ""
    if expected and len(expected) < LONG_EXPECTED and len(answer) < LONG_EXPECTED:
        return f"{expected}\0{answer}"
    return folded(_LOOSE.sub("…", result.explanation))
