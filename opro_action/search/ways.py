"""The ways to write a candidate, and how many of a step's candidates are written in which way.

A rewrite is OPRO's own: read the trajectory, write a better prompt. A repair starts from the failures of the best
prompt, an edit changes one thing in it, a restart leaves all wordings behind, shortening keeps what it says. The way
`demos` asks no model: it puts other examples into the best prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opro_action.search.split import order
from opro_action.search.trajectory import Trajectory, Way
from opro_action.suite.suite import OptimizeSpec

SHARES: Mapping[Way, float] = {
    "rewrite": 0.35,
    "repair": 0.3,
    "edit": 0.15,
    "restart": 0.15,
    "shorten": 0.05,
    "demos": 0.25,
}
"""The shares that a run begins with, of those that are possible and wanted."""

WORTH_SHORTENING = 1.25
"""A best prompt that is so many times as long as the file's may say the same in fewer words."""


def ways_of_step(spec: OptimizeSpec, trajectory: Trajectory, step: int, *, candidates: int) -> tuple[Way, ...]:
    """The way of each of a step's `candidates`.

    Drawn by systematic sampling (one seeded offset, equal distances), so that each way gets its share to within one
    candidate, and over the steps on average exactly. All of it follows from the trajectory: a resumed search draws the
    same.
    """
    shares = _shares(spec, trajectory)
    offset = int(order(spec.seed, "ways", str(step))[:8], 16) / 2**32
    points = [(index + offset) / candidates for index in range(candidates)]
    return tuple(_at(point * sum(shares.values()), shares) for point in points)


def _at(point: float, shares: Mapping[Way, float]) -> Way:
    passed = 0.0
    for way, share in shares.items():
        passed += share
        if point < passed:
            return way
    return [*shares][-1]


def _shares(spec: OptimizeSpec, trajectory: Trajectory) -> dict[Way, float]:
    """The first shares of the ways that are possible now, times what each has earned per candidate in this run."""
    possible = [way for way in SHARES if _possible(way, spec, trajectory)] or ["rewrite"]
    return {way: SHARES[way] * _earned(trajectory, way) for way in possible}


def _possible(way: Way, spec: OptimizeSpec, trajectory: Trajectory) -> bool:
    best = trajectory.best
    if way == "demos":
        return spec.demos > 0
    if way not in spec.ways:
        return False
    if way == "repair":
        return any(result.failed for result in best.results.values())
    if way == "shorten":
        return len(best.text) > WORTH_SHORTENING * len(trajectory.seed.text)
    return True


def _earned(trajectory: Trajectory, way: Way) -> float:
    """Mean reward of the way's candidates, as if four more had earned one between them: never 0, slow to move.

    A new best prompt earns 1, one that met every case 1/4, any other 0.
    """
    tried = sum(attempt.way == way for attempt in trajectory.attempts)
    finished = [attempt for attempt in trajectory.eligible if attempt.way == way]
    won = sum((attempt.score or 0.0) > trajectory.best_after(attempt.step - 1) for attempt in finished)
    return (1 + 0.75 * won + 0.25 * len(finished)) / (4 + tried)


def names(ways: Sequence[Way]) -> str:
    """The ways of a step with their numbers, as progress messages say them."""
    return ", ".join(f"{ways.count(way)} {way}" for way in SHARES if way in ways)
