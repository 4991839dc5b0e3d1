"""Means and intervals of scores: Wilson's, Student's t; the standard library alone.

Scores lie in [0, 1], so differences lie in [-1, 1]; every interval is a 95 % one. Where cases have weights, they
are given beside the values, in the same order. No result depends on the order of the cases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from statistics import NormalDist

Interval = tuple[float, float]

_Z95 = NormalDist().inv_cdf(0.975)


def wilson(successes: float, n: float) -> Interval:
    """Wilson's 95 % score interval (1927) for a share; `n` may be an effective number. (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = successes / n, _Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def t_interval(values: Sequence[float], *, weights: Sequence[float] | None = None) -> Interval | None:
    """Student's 95 % interval of the mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    half = t_quantile(0.95, len(values) - 1) * standard_error(values, weights=weights)
    centre = mean(values, weights=weights)
    return centre - half, centre + half


def mean_interval(scores: Sequence[float], *, weights: Sequence[float] | None = None) -> Interval:
    """The 95 % interval of a mean score: Wilson's where all scores are 0 or 1, else Student's, within [0, 1].

    Weighted 0/1 scores count as Kish's effective number of cases, (sum w)^2 / sum w^2.
    """
    weights = weights or [1.0] * len(scores)
    if all(score in (0, 1) for score in scores):
        effective = sum(weights) ** 2 / sum(map(mul, weights, weights)) if scores else 0.0
        return wilson(mean(scores, weights=weights) * effective if scores else 0.0, effective)
    low, high = t_interval(scores, weights=weights) or (0.0, 1.0)
    return max(0.0, low), min(1.0, high)


def mean(values: Sequence[float], *, weights: Sequence[float] | None = None) -> float:
    """The weighted mean, the same to the last bit in any order; ZeroDivisionError for no values."""
    weights = weights or [1.0] * len(values)
    return math.fsum(map(mul, values, weights)) / math.fsum(weights)


def standard_error(values: Sequence[float], *, weights: Sequence[float] | None = None) -> float:
    """The standard error of the (weighted) mean; infinite for fewer than two values."""
    n = len(values)
    if n < 2:
        return math.inf
    weights = weights or [1.0] * n
    centre = mean(values, weights=weights)
    squares = math.fsum((w * (value - centre)) ** 2 for value, w in zip(values, weights, strict=True))
    return math.sqrt(squares * n / (n - 1)) / math.fsum(weights)


def t_quantile(confidence: float, df: int) -> float:
    """The t for which P(|T| <= t) = `confidence`, for Student's T with `df` degrees of freedom."""
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_within(middle, df) < confidence else (low, middle)
    return math.sqrt(df) * math.tan((low + high) / 2)


def _student_within(angle: float, df: int) -> float:
    """P(|T| <= sqrt(df) * tan(angle)): the finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    cosine = math.cos(angle)
    odd = df % 2
    term, total = (cosine if odd else 1.0), 0.0
    for power in range(odd, df - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    series = math.sin(angle) * total
    return 2 / math.pi * (angle + series) if odd else series
