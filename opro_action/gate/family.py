"""The suites of one run judged together, so that many of them do not make a false alarm likely: Holm's procedure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opro_action.gate.paired import PLACES, Paired
from opro_action.gate.power import TOO_FEW
from opro_action.suite.suite import GateSpec


@dataclass(frozen=True)
class Level:
    """What a suite's p has to be under: `value`, which is its gate's `alpha` shared among `suites` at its turn."""

    value: float
    suites: int = 1


def levels(compared: Sequence[Paired | None], gates: Sequence[GateSpec]) -> list[Level]:
    """The level of each suite, in order; drops and gains are two families.

    Holm (1979): the smallest p (as a share of its `alpha`) is compared with alpha / m, the next with alpha / (m - 1)
    and so on; all that follow the first that is not under its level keep that level. Counted among the m are only
    suites that could fail at all, had each of their differing cases gone the same way (Tarone 1990): the test is
    made given the sizes of the differences, so this choice takes nothing from its honesty.
    """
    found = [Level(gate.alpha) for gate in gates]
    for fell in (True, False):
        family = [
            (paired, i, gate)
            for i, (paired, gate) in enumerate(zip(compared, gates, strict=True))
            if paired is not None and _could_fail(paired, gate, fell)
        ]
        moved = [(p.p_moved / gate.alpha, i, gate.alpha) for p, i, gate in family if (p.delta < 0) is fell]
        left, open_ = len(family), True
        for share, i, alpha in sorted(moved):
            found[i] = Level(alpha / left, left)
            open_ = open_ and share < 1 / left
            left -= open_
    return found


def _could_fail(paired: Paired, gate: GateSpec, fell: bool) -> bool:
    sizes = [abs(difference) for difference in paired.weighted_differences if difference]
    significant = paired.n >= TOO_FEW and 0.5 ** len(sizes) < gate.alpha
    return significant and (not fell or sum(sizes) / sum(paired.weights) >= gate.max_drop - 10**-PLACES)
