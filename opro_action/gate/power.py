"""What a number of cases can show: the drop that would be found, and how many cases would settle a doubt."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from statistics import NormalDist

FEW = 20
"""Under so many cases the report says that they are few."""

TOO_FEW = 6
"""Under so many cases no two-sided sign-flip test can reach 0.05: nothing but a floor or must_pass can fail."""

POWER = 0.8
"""How often a drop has to be found for it to count as one that can be found."""

_SIMULATIONS = 200
"""Simulated checks: where 80 % of them are wanted, that is right to about 3 %."""


def flips_needed(alpha: float) -> int:
    """How many cases have to change, all in one direction, for a one-sided sign-flip p under `alpha`."""
    needed = 1
    while 0.5**needed >= alpha:
        needed += 1
    return needed


def smallest_change(weights: Sequence[float], *, alpha: float) -> float | None:
    """The smallest change of the mean score, in [0, 1], that cases of these weights can show at level `alpha`.

    At best: just `flips_needed` of the lightest cases change, all in one direction by a full score. None when the
    cases are too few for any test.
    """
    heavy = sorted(weight for weight in weights if weight > 0)
    needed = flips_needed(alpha)
    return math.fsum(heavy[:needed]) / math.fsum(heavy) if len(heavy) >= max(TOO_FEW, needed) else None


def cases_to_show(change: float, *, alpha: float) -> int:
    """How many cases of the same weight can show a change of the mean score as small as `change` (over 0)."""
    return max(TOO_FEW, math.ceil(flips_needed(alpha) / change - 1e-9))


def cases_to_settle(differences: Sequence[float], *, alpha: float) -> int | None:
    """About how many cases would give p < `alpha` if more of them went as these did (zeros included).

    Weighted cases: weight times difference. From the normal approximation of the sign-flip test with a continuity
    correction of the smallest difference. None when the sum is no drop: more of the same would not settle it.
    """
    drop = -math.fsum(differences)
    if drop <= 1e-9:
        return None
    z = NormalDist().inv_cdf(1 - alpha)
    squares = math.fsum(d * d for d in differences)
    smallest = min(abs(d) for d in differences if d)
    root = (z * math.sqrt(squares) + math.sqrt(z * z * squares + 4 * drop * smallest)) / (2 * drop)
    return max(TOO_FEW, math.ceil(len(differences) * max(1.0, root * root) - 1e-9))


def min_detectable_drop(
    scores: Sequence[float], differences: Sequence[float], *, total: float, alpha: float, seed: int = 0
) -> float | None:
    """The smallest true drop of the mean, in [0, 1], that four checks in five would have found at level `alpha`.

    By simulation. `scores` are what each case had to lose and `differences` what was seen of each, both times its
    weight; `total` is the weight of all. A drop takes any of the cases with something to lose to nothing, each as
    likely as the other; beside it answers flip to and fro as much as was seen (the rarer direction, mirrored).
    None when these cases cannot show any drop so often.
    """
    losable = sorted(score for score in scores if score > 0)
    if len(scores) < TOO_FEW or not losable:
        return None
    noise = _noise(differences)
    source = random.Random(seed)  # noqa: S311  a reproducible simulation, not a secret
    sizes = {round(size, 9) for size in (*losable, *noise)}
    found = sorted(_losses_found(losable, noise, len(sizes) == 1, alpha, source) for _ in range(_SIMULATIONS))
    share = found[math.ceil(POWER * _SIMULATIONS) - 1]
    return min(share * math.fsum(losable) / total, 1.0) if share <= 1 else None


def _noise(differences: Sequence[float]) -> list[float]:
    """Sizes of the differences that would have come about without a change: those against the trend, twice."""
    up = [d for d in differences if d > 0]
    down = [-d for d in differences if d < 0]
    return 2 * min(up, down, key=len)


def _losses_found(
    losable: Sequence[float], noise: Sequence[float], alike: bool, alpha: float, source: random.Random
) -> float:
    """The share of cases that a drop has to take in one simulated check to be found; infinite if it never is.

    Cases are lost in a random order, at moments spread evenly over [0, 1]: the check finds the drop at the moment
    of the first loss that brings p under `alpha`.
    """
    signed = [size if source.random() < 0.5 else -size for size in noise]
    needed = _alike(len(losable), signed, alpha) if alike else _unlike(losable, signed, alpha, source)
    return math.inf if needed is None else source.betavariate(needed, len(losable) - needed + 1)


def _alike(cases: int, noise: Sequence[float], alpha: float) -> int | None:
    """How many of `cases` have to be lost, where all differences have one size."""
    worse = sum(size < 0 for size in noise)
    return next((k for k in range(1, cases + 1) if worse + k >= _critical(len(noise) + k, alpha)), None)


def _critical(n: int, alpha: float) -> float:
    """How many of `n` differing cases have to be worse for p < `alpha`: exact for few, else within one."""
    if n <= 64:
        tail, worse = 0, n
        while worse >= 0 and (tail := tail + math.comb(n, worse)) < alpha * (1 << n):
            worse -= 1
        return worse + 1 if worse < n else math.inf
    return (n + 1 + NormalDist().inv_cdf(1 - alpha) * math.sqrt(n)) / 2


def _unlike(losable: Sequence[float], noise: Sequence[float], alpha: float, source: random.Random) -> int | None:
    """The same where sizes differ: the normal approximation, corrected for continuity by the usual size."""
    z, least = NormalDist().inv_cdf(1 - alpha), flips_needed(alpha)
    drop, squares = -math.fsum(noise), math.fsum(size * size for size in noise)
    for lost, size in enumerate(_shuffled(losable, source), start=1):
        drop, squares, differing = drop + size, squares + size * size, len(noise) + lost
        if differing >= least and drop - math.sqrt(squares / differing) > z * math.sqrt(squares):
            return lost
    return None


def _shuffled(values: Sequence[float], source: random.Random) -> Iterator[float]:
    """The values in a random order, made only as far as it is read."""
    left = list(values)
    while left:
        at = source.randrange(len(left))
        left[at], left[-1] = left[-1], left[at]
        yield left.pop()
