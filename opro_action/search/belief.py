"""What all scores of a search together say of each prompt: what is worded alike is about equally good.

A score over a few dozen cases is off by several points, and the highest of many is the one that was luckiest. But most
candidates are relatives of each other, and a lucky one has relatives that were not. So a prompt's quality is estimated
from its own score and those of its relatives, by Gaussian process regression (Rasmussen & Williams 2006, ch. 2) over
the words that two texts share. No call is spent on it.

On 96 simulated searches with 60 cases the prompt so chosen was truly better than the highest score by 1.0 points with
1,000 calls and by 1.9 with 3,000; with few prompts to choose from it makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from operator import mul

from opro_action.search.trajectory import Attempt, Trajectory, lead, variance_of_mean

SPREAD = 0.15
"""The standard deviation that the qualities of prompts owe to their words. From 0.1 to 0.2 the choice is as good."""

OWN = 0.05
"""That of what a prompt owes to more than its words: their order, a line break, a sign between them.

Without it two prompts of the same words would be the same prompt, whatever they score.
"""

LEVEL = 1.0
"""That of their common level, of which nothing is known beforehand."""

MOST = 80
"""So many prompts are looked at: the work grows with the third power."""

TIE = 0.005
"""A prompt that is expected to be better by no more than this is as good as the other."""

Rows = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Belief:
    """The expected qualities of prompts, up to a level that all have in common, and how sure they are.

    The first `able` of the attempts may win. `alike` are the covariances of the qualities before anything was scored,
    `lower` is the triangle of the scores'.
    """

    attempts: tuple[Attempt, ...]
    able: int
    means: tuple[float, ...]
    alike: Rows
    lower: Rows

    @property
    def best(self) -> Attempt:
        """The one that is expected to be the best of those that may win."""
        return self._best_of(self.attempts[: self.able])

    @property
    def known(self) -> Attempt:
        """The one that is expected to be the best of those that were known before the search."""
        return self._best_of([one for one in self.attempts[: self.able] if one.step == 0])

    def sureness(self, ahead: Attempt, behind: Attempt) -> float:
        """The expected lead of one over another, in its own standard deviations."""
        one, other = self._place(ahead), self._place(behind)
        apart = [mine - theirs for mine, theirs in zip(self.alike[one], self.alike[other], strict=True)]
        told = _forward(self.lower, apart)
        variance = apart[one] - apart[other] - _dot(told, told)
        return (self.means[one] - self.means[other]) / sqrt(variance) if variance > 0 else 0.0

    def _best_of(self, attempts: Sequence[Attempt]) -> Attempt:
        """Within `TIE` the shorter text, then the earlier."""
        means = {one.text: self.means[self._place(one)] for one in attempts}
        least = max(means.values()) - TIE
        return min((one for one in attempts if means[one.text] >= least), key=lambda one: (len(one.text), one.step))

    def _place(self, attempt: Attempt) -> int:
        return next(place for place, one in enumerate(self.attempts) if one.text == attempt.text)


def believed(trajectory: Trajectory) -> Belief:
    """The belief from the scores of a trajectory: of the best ones that may win, and of others that met many cases."""
    able = sorted(trajectory.eligible, key=lambda one: (one.step > 0, -(one.score or 0.0)))[:MOST]
    winners = {one.text for one in trajectory.eligible}
    others = sorted((one for one in trajectory.scored if one.text not in winners), key=lambda one: -one.n_scored)
    attempts = (*able, *others)[:MOST]
    alike = _prior([attempt.text for attempt in attempts])
    lower = _cholesky(_covariances(alike, attempts))
    surprise = _solved(lower, [_estimate(trajectory, one) - 0.5 for one in attempts])
    return Belief(attempts, len(able), tuple(_dot(row, surprise) for row in alike), alike, lower)


def _prior(texts: Sequence[str]) -> Rows:
    """Covariances of the qualities before anything is scored."""
    rows: list[list[float]] = []
    for place, text in enumerate(texts):
        rows.append([SPREAD**2 * likeness(text, other) for other in texts[: place + 1]])
        rows[place][place] += OWN**2
    return [[rows[max(i, j)][min(i, j)] for j in range(len(texts))] for i in range(len(texts))]


def _covariances(alike: Rows, attempts: Sequence[Attempt]) -> Rows:
    """Of the scores: those of the qualities, the common level, and the noise of each score."""
    rows = [[value + LEVEL**2 for value in row] for row in alike]
    for index, attempt in enumerate(attempts):
        rows[index][index] += _noise(attempt)
    return rows


def likeness(one: str, other: str) -> float:
    """The cosine of two texts' sets of words, in [0, 1]."""
    mine, theirs = _words(one), _words(other)
    return len(mine & theirs) / sqrt(len(mine) * len(theirs)) if mine and theirs else float(one == other)


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def _estimate(trajectory: Trajectory, attempt: Attempt) -> float:
    """The score on all cases of the search split, as far as it is known."""
    if len(attempt.results) == trajectory.n:
        return attempt.score or 0.0
    ahead = lead(attempt, trajectory.best)
    return (trajectory.best.score or 0.0) + ahead.mean if ahead else attempt.score or 0.0


def _noise(attempt: Attempt) -> float:
    """The variance of a score by the choice of the cases."""
    results = attempt.results.values()
    return variance_of_mean([(result.score, result.case.weight) for result in results if result.score is not None])


def _cholesky(rows: Rows) -> list[list[float]]:
    """The lower triangle whose product with its transpose is the matrix."""
    lower: list[list[float]] = []
    for index, row in enumerate(rows):
        new: list[float] = []
        for column, above in enumerate(lower):
            new.append((row[column] - _dot(new, above)) / above[column])
        new.append(sqrt(row[index] - _dot(new, new)))
        lower.append(new)
    return lower


def _solved(lower: Rows, right: Sequence[float]) -> list[float]:
    """The solution of the equations whose matrix has this triangle."""
    halfway = _forward(lower, right)
    upper = [
        [lower[row][column] for row in range(len(lower) - 1, column - 1, -1)]
        for column in range(len(lower) - 1, -1, -1)
    ]
    return _forward(upper, halfway[::-1])[::-1]


def _forward(lower: Rows, right: Sequence[float]) -> list[float]:
    found: list[float] = []
    for row, value in zip(lower, right, strict=True):
        found.append((value - _dot(row, found)) / row[len(found)])
    return found


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    """The sum of products over the length of the shorter one."""
    total: float = sum(map(mul, one, other))
    return total
