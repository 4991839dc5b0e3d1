"""Tests and intervals for scores: sign flips, Wilson, Student's t; the standard library alone.

Scores lie in [0, 1], so differences lie in [-1, 1]; every interval is a 95 % one. Where cases have weights, they
are given beside the values, in the same order. No result depends on the order of the cases.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate
from operator import getitem, mul
from statistics import NormalDist
from typing import Literal

Alternative = Literal["less", "greater", "two-sided"]
Interval = tuple[float, float]

DRAWS = 10_000
"""Random subsets drawn where there are too many to count; a p near 0.05 is then right to about 0.004."""

_COUNTED_SUMS = 2_048
"""Different sums per half that are counted: enough for 20 differing cases of any kind, for far more 0/1 ones."""

_LISTED_SUBSETS = 14
"""Up to so many cases, an interval lists every subset (2**14) in place of drawing some."""

_FEW_TO_REACH_95 = 40
"""A tail of 2.5 % is one in 40."""

_Z95 = NormalDist().inv_cdf(0.975)


def sign_flip_p(differences: Sequence[float], *, alternative: Alternative, seed: int = 0) -> float:
    """The p-value of the sign-flip (paired permutation) test on the sum of differences.

    Under no change each difference is as likely to have the other sign. Zeros say nothing and are dropped. Weighted
    cases: give weight times difference. Equal sizes (0/1 scores) are McNemar's exact test, the binomial at any
    size; otherwise all sign patterns are counted, which is exact for 20 differing cases of any kind and for many
    more where sums coincide; else `DRAWS` seeded patterns are drawn and p = (hits + 1) / (draws + 1). The
    two-sided p is twice the smaller one-sided p, at most 1.
    """
    steps = _steps(differences)
    if alternative == "two-sided":
        direction: Alternative = "less" if sum(steps) < 0 else "greater"
        return min(1.0, 2 * sign_flip_p(differences, alternative=direction, seed=seed)) if sum(steps) else 1.0
    if alternative == "greater":
        steps = sorted(-step for step in steps)
    return _share_of_subsets_not_negative(steps, seed)


def _steps(differences: Iterable[float]) -> list[int]:
    """The differences that are not zero, sorted, as whole multiples of a common unit.

    Scores are means over a few answers and scorers, kept to six places: 0.333333 is 1/3 again here, so that two
    drops of a third and one of two thirds tie exactly, as they should.
    """
    exact = [Fraction(difference).limit_denominator(10_000) for difference in differences]
    unit = math.lcm(*(value.denominator for value in exact))
    return sorted(int(value * unit) for value in exact if value)


def _share_of_subsets_not_negative(steps: Sequence[int], seed: int) -> float:
    """Share of all subsets of `steps` whose sum is >= 0.

    Flipping the signs of a subset gives a sum as low as the one seen exactly when that subset sums to >= 0: so
    this share is the one-sided p for a sum that is unusually low.
    """
    sizes = {abs(step) for step in steps}
    if len(sizes) <= 1:
        return _binomial_tail(len(steps), at_least=sum(step < 0 for step in steps))
    left, right = _subset_sums(steps[::2]), _subset_sums(steps[1::2])
    if left is None or right is None:
        return _drawn_share(steps, seed)
    sums = sorted(right)
    counts_from = [*accumulate((right[value] for value in reversed(sums)), initial=0)][::-1]
    hits = sum(count * counts_from[bisect_left(sums, -value)] for value, count in left.items())
    return hits / (1 << len(steps))


def _binomial_tail(n: int, *, at_least: int) -> float:
    """P(heads >= at_least) in n throws of a fair coin."""
    ways, total = 1, 0
    for fewer in range(n - at_least + 1):
        total += ways
        ways = ways * (n - fewer) // (fewer + 1)
    return total / (1 << n)


def _subset_sums(steps: Sequence[int]) -> dict[int, int] | None:
    """How many subsets have which sum; None when there are too many different sums to count."""
    sums = {0: 1}
    for step in steps:
        grown = dict(sums)
        for value, count in sums.items():
            grown[value + step] = grown.get(value + step, 0) + count
        if len(grown) > _COUNTED_SUMS:
            return None
        sums = grown
    return sums


def _drawn_share(steps: Sequence[int], seed: int) -> float:
    largest = max(abs(step) for step in steps)
    sums = _random_subset_sums([[step / largest for step in steps]], seed)
    hits = sum(total >= -1e-9 for (total,) in sums)
    return (hits + 1) / (DRAWS + 1)


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
    p = sign_flip_p([d * w for d, w in pairs], alternative="two-sided", seed=seed)
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


def _all_subset_sums(column: Sequence[float]) -> list[float]:
    sums = [0.0]
    for value in column:
        sums += [value + before for before in sums]
    return sums


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


def flips_needed(alpha: float) -> int:
    """How many cases have to change, all in one direction, for a one-sided sign-flip p under `alpha`."""
    needed = 1
    while 0.5**needed >= alpha:
        needed += 1
    return needed


def min_detectable_drop(losable: Sequence[float], *, total: float, alpha: float) -> float | None:
    """The smallest drop of the mean that could have given p < `alpha`, had its cases gone from full score to none.

    `losable` are the weights of the cases that had something to lose, `total` the weight of all compared. It is
    reached when just `flips_needed` of the lightest cases fail and none improves. None when they are too few.
    """
    needed = flips_needed(alpha)
    return math.fsum(sorted(losable)[:needed]) / total if len(losable) >= needed else None


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
    return math.ceil(len(differences) * max(1.0, root * root) - 1e-9)
