"""How much the best of many noisy scores overstates itself, by selection alone."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def expected_inflation(score: float, *, n: int, tried: int) -> float:
    """Expected excess, in [0, 1], of the best of `tried` equally good prompts with mean `score` on `n` cases.

    The normal approximation to the maximum (Blom 1958, for the expected order statistic) of binomial scores.
    An upper bound: real candidates differ, and their errors are correlated since they share the cases.
    """
    if n < 1:
        return 0.0
    return min(luck_of_the_best(tried) * sqrt(score * (1 - score) / n), 1.0)


def luck_of_the_best(tried: int) -> float:
    """By how many standard errors the best of `tried` equally good prompts is expected above their mean."""
    return NormalDist().inv_cdf((tried - 0.375) / (tried + 0.25)) if tried > 1 else 0.0
