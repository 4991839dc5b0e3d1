"""What a number of cases can show at all, before any of them is scored."""

from __future__ import annotations

import math
from collections.abc import Sequence

from opro_action.gate.statistics import flips_needed, min_detectable_drop
from opro_action.gate.verdict import TOO_FEW


def smallest_change(weights: Sequence[float], *, alpha: float) -> float | None:
    """The smallest change of the mean score, in [0, 1], that cases of these weights can show at level `alpha`.

    At best: every case may change, and those that do, all change in one direction by a full score. None when the
    cases are too few for any test.
    """
    heavy = [weight for weight in weights if weight > 0]
    if len(heavy) < TOO_FEW:
        return None
    return min_detectable_drop(heavy, total=math.fsum(heavy), alpha=alpha)


def cases_to_show(change: float, *, alpha: float) -> int:
    """How many cases of the same weight can show a change of the mean score as small as `change` (over 0)."""
    return max(TOO_FEW, math.ceil(flips_needed(alpha) / change - 1e-9))
