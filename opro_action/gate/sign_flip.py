"""The sign-flip test of paired differences and the interval that agrees with it; the standard library alone.

Differences lie in [-1, 1]; weights are given beside them, in the same order. No result depends on the order of the
cases, and the seed only matters where patterns are drawn.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from operator import getitem
from typing import Literal, TypeVar

from opro_action.gate.statistics import Interval

Number = TypeVar("Number", int, float)
Alternative = Literal["less", "greater", "two-sided"]

DRAWS = 10_000
"""Random subsets drawn where there are too many to count."""

_LISTED_CASES = 20
"""Up to so many differing cases, every sign pattern is counted, whatever the sizes of the differences."""

_PACKED_BITS = 8_000_000
"""The largest number in which sign patterns are counted: one megabyte, and a fifth of a second at the worst."""

_UNITS = (5_040_000, 504_000, 50_400, 5_040, 840, 240, 120, 60, 36, 12, 6, 1)
"""Steps in 1 to which differences are rounded where exact ones do not fit: halves, thirds, fifths stay exact."""

_COARSEST = 32
"""Differences are not rounded to steps coarser than this share of the largest: p stays right to about 0.005."""

_DRAWN_ERROR = 3.0
"""Standard errors that are added to a drawn p, so that chance in the draws does not make evidence."""

_LISTED_SUBSETS = 14
"""Up to so many cases, an interval lists every subset (2**14) in place of drawing some."""

_FEW_TO_REACH_95 = 40
"""A tail of 2.5 % is one in 40."""


def sign_flip_p(
    differences: Sequence[float], *, weights: Sequence[float] | None = None, alternative: Alternative, seed: int = 0
) -> float:
    """The p-value of the sign-flip (paired permutation) test on the (weighted) sum of differences.

    Under no change each difference is as likely to have the other sign. Zeros say nothing, and the unit of the weights
    neither. All sign patterns are counted: for equal sizes (0/1 scores) that is McNemar's exact
    test, the binomial at any size; up to 20 differing cases of any kind, and any number whose sums coincide, are
    exact too; more are rounded to a fine common step, which moves p by less than 0.005. Above about 500 such
    cases `DRAWS` seeded patterns are drawn, and p is the upper end of what they leave open. The two-sided p is
    twice the smaller one-sided p, at most 1. No one-sided p for a drop falls when a difference rises.
    """
    values = _fractions(differences, weights)
    if alternative == "two-sided":
        total = sum(values)
        if not total:
            return 1.0
        alternative = "less" if total < 0 else "greater"
        return min(1.0, 2 * _one_sided_p(values, alternative, seed))
    return _one_sided_p(values, alternative, seed)


def _one_sided_p(values: Sequence[Fraction], alternative: Alternative, seed: int) -> float:
    if alternative == "greater":
        values = [-value for value in reversed(values)]
    return _share_of_subsets_not_negative(values, seed)


def _fractions(differences: Sequence[float], weights: Sequence[float] | None) -> list[Fraction]:
    """The differences times their weights, sorted, as exact numbers; the largest weight counts 1.

    Scores are means over a few answers and scorers, kept to six places: 0.333333 is 1/3 again here, so that two
    drops of a third and one of two thirds tie exactly, as they should.
    """
    values = [_fraction(difference) for difference in differences]
    if weights and len(set(weights)) > 1:
        heaviest = Fraction(repr(max(weights)))
        values = [value * Fraction(repr(w)) / heaviest for value, w in zip(values, weights, strict=True)]
    return sorted(values)


@lru_cache(maxsize=1024)
def _fraction(difference: float) -> Fraction:
    simple = Fraction(difference).limit_denominator(100)
    return simple if abs(simple - Fraction(difference)) < 1.1e-6 else Fraction(round(difference * 1_000_000), 1_000_000)


def _in_steps(values: Sequence[Fraction], unit: int) -> list[int]:
    """The values as whole numbers of steps, `unit` of which make 1; rounded where they are no whole number."""
    return [
        round(value * unit) if unit % value.denominator else value.numerator * (unit // value.denominator)
        for value in values
    ]


def _share_of_subsets_not_negative(values: Sequence[Fraction], seed: int) -> float:
    """Share of all subsets of the sorted `values` whose sum is >= 0.

    Flipping the signs of a subset gives a sum as low as the one seen exactly when that subset sums to >= 0: so
    this share is the one-sided p for a sum that is unusually low.
    """
    differing = [value for value in values if value]
    if len({abs(value) for value in differing}) <= 1:
        return _binomial_tail(len(differing), at_least=sum(value < 0 for value in differing))
    exact = math.lcm(*(value.denominator for value in differing))
    units = [exact] if len(differing) <= _LISTED_CASES else [exact, *(unit for unit in _UNITS if unit < exact)]
    for unit in units:
        steps = _in_steps(differing, unit)
        if sum(map(abs, steps)) * (len(steps) + 1) <= _PACKED_BITS:
            fine = unit == exact or max(map(abs, steps)) >= _COARSEST
            return _packed_share(steps) if fine else _drawn_share(values, seed)
    return _listed_share(_in_steps(differing, exact)) if units == [exact] else _drawn_share(values, seed)


def _binomial_tail(n: int, *, at_least: int) -> float:
    """P(heads >= at_least) in n throws of a fair coin."""
    ways, total = 1, 0
    for fewer in range(n - at_least + 1):
        total += ways
        ways = ways * (n - fewer) // (fewer + 1)
    return total / (1 << n)


def _packed_share(steps: Sequence[int]) -> float:
    """The share by the generating function of all subset sums, its coefficients packed into one whole number.

    A step and its negative give the same factor, 1 + x^|step|, up to a shift: the sum is >= 0 from the power on that
    is the sum of all negative steps. The coefficients there add up to the number modulo 2^width - 1.
    """
    width = len(steps) + 1
    packed = 1
    for step in sorted(map(abs, steps)):
        packed += packed << (step * width)
    least = -sum(step for step in steps if step < 0)
    return ((packed >> (least * width)) % ((1 << width) - 1)) / (1 << len(steps))


def _listed_share(steps: Sequence[int]) -> float:
    """The share by listing the subsets of each half, and pairing them by their sums."""
    left, right = _all_subset_sums(steps[::2]), sorted(_all_subset_sums(steps[1::2]))
    hits = sum(len(right) - bisect_left(right, -value) for value in left)
    return hits / (1 << len(steps))


def _drawn_share(values: Sequence[Fraction], seed: int) -> float:
    """The share among drawn subsets, with its error added.

    The values are sorted and zeros are among them, so that the same ranks are drawn after any one of them has risen.
    """
    sums = _random_subset_sums([list(map(float, values))], seed)
    hits = 1 + sum(total >= -1e-9 for (total,) in sums)
    return min(1.0, (hits + _DRAWN_ERROR * math.sqrt(hits)) / (DRAWS + 1))


def _random_subset_sums(columns: Sequence[Sequence[float]], seed: int) -> Iterable[tuple[float, ...]]:
    """For `DRAWS` random subsets of rows, the sum of each column over the rows in it.

    Eight rows share a table of their 256 subset sums, so that one random byte settles eight cases at once.
    """
    tables = [_byte_tables(column) for column in columns]
    source = random.Random(seed)  # noqa: S311  a reproducible simulation, not a secret
    for _ in range(DRAWS):
        subset = source.randbytes(len(tables[0]))
        yield tuple(sum(map(getitem, table, subset)) for table in tables)


def _byte_tables(column: Sequence[float]) -> list[list[float]]:
    tables = []
    for start in range(0, len(column), 8):
        sums = [0.0]
        for value in column[start : start + 8]:
            sums += [value + before for before in sums]
        tables.append(sums * (256 // len(sums)))
    return tables


def paired_interval(
    differences: Sequence[float], *, weights: Sequence[float] | None = None, seed: int = 0
) -> Interval | None:
    """The 95 % interval of the mean difference: the shifts that the two-sided sign-flip test does not reject.

    Its ends are quantiles of the means of all subsets of the differences (Hartigan 1969, "Using subsample values
    as typical values"), so it excludes 0 exactly when the two-sided p is under 0.05. With fewer than six cases no
    shift can be rejected and the interval is (-1, 1). None for no cases.
    """
    if not differences:
        return None
    weights = weights or [1.0] * len(differences)
    pairs = sorted(zip(differences, weights, strict=True))
    means = sorted(_subset_means(pairs, seed))
    beyond = -(-(len(means) + 1) // _FEW_TO_REACH_95) - 1
    low, high = (means[beyond - 1], means[-beyond]) if beyond else (-1.0, 1.0)
    p = sign_flip_p(differences, weights=weights, alternative="two-sided", seed=seed)
    low, high = _agreeing(low, high, means, excludes_zero=p < 0.05)
    return round(low, 9), round(high, 9)


def _agreeing(low: float, high: float, means: Sequence[float], *, excludes_zero: bool) -> Interval:
    """The interval where it may miss by a hair, from drawn subsets, what the exact test knows about 0.

    An interval that excludes 0 ends at a subset's mean beyond it, at the nearest at least.
    """
    if not excludes_zero:
        return min(low, 0.0), max(high, 0.0)
    if not low <= 0 <= high:
        return low, high
    if means[len(means) // 2] > 0:
        return next(mean for mean in means if mean > 0), high
    return low, next(mean for mean in reversed(means) if mean < 0)


def _subset_means(pairs: Sequence[tuple[float, float]], seed: int) -> Iterable[float]:
    """Weighted means of the subsets of (difference, weight) pairs, the empty one left out."""
    columns = [[d * w for d, w in pairs], [w for _, w in pairs]]
    if len(pairs) <= _LISTED_SUBSETS:
        sums: Iterable[tuple[float, ...]] = zip(*map(_all_subset_sums, columns), strict=True)
    else:
        sums = _random_subset_sums(columns, seed)
    return [round(total / weight, 12) for total, weight in sums if weight > 0]


def _all_subset_sums(column: Sequence[Number]) -> list[Number]:
    sums: list[Number] = [0]
    for value in column:
        sums += [value + before for before in sums]
    return sums
