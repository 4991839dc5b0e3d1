"""When a search ends, and what that means to the person who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from opro_action.gate.evidence import SLACK
from opro_action.gate.power import FEW
from opro_action.search.belief import believed
from opro_action.search.trajectory import Trajectory
from opro_action.suite.suite import OptimizeSpec

StopReason = Literal["target", "no_headroom", "patience", "plateau", "steps", "budget"]

HEADROOM_CANDIDATES = 16
"""After so many scored candidates it can be said that there is no headroom."""

HEADROOM = (1 / 3, 1 / 2)
"""Where less than the first of these is left to be gained, fewer candidates will do; above the second it takes more.

Both in proportion: where most cases fail, a few vain candidates say little of the wording; at a score of 0.9 they say
much.
"""

HEADROOM_LEAST = 8
"""But they are never fewer than these."""

HEADROOM_SHARE = 1 / 6
"""Nor is it said before this share of the budget is spent: what more money is for is to look longer."""

SURE = 1.0
"""There is headroom where the expected lead over the known prompts is above so many standard deviations.

These numbers are a balance: on the simulator, with 60 cases and 2,000 calls, a search with nothing to find ends after
about a fifth of its budget, and with 3,000 calls no end at all would bring three points more.
"""

FARTHER = 4
PATIENCE_CANDIDATES = 96
"""Without a setting, patience ends when `FARTHER` times as many candidates as it took to find the best prompt, and at
least `PATIENCE_CANDIDATES`, brought nothing better; a search in which they brought next to nothing is on a plateau.

Gains come at ever greater distances.
"""

ELSEWHERE = "The wording is not the bottleneck: look at the task, the model, the data or the scorer."


@dataclass(frozen=True)
class Stop:
    """Why a search ended: a word for programs and a sentence for people."""

    reason: StopReason
    meaning: str


@dataclass(frozen=True)
class Look:
    """What a rule may look at, before `step` (1, 2, ...) is begun. `spent` is a share of the budget of calls."""

    step: int
    trajectory: Trajectory
    spec: OptimizeSpec
    spent: float

    @property
    def seed(self) -> float:
        """The best search score of the prompts that were known before: the file's, the baseline's, past winners."""
        return self.trajectory.best_after(0)

    @property
    def best(self) -> float:
        return self.trajectory.best.score or 0.0

    @cached_property
    def headroom(self) -> bool:
        """Whether a candidate is better than all that was known before, beyond what luck explains."""
        if self.best - self.seed < self.spec.min_gain / 2:
            return False
        belief = believed(self.trajectory)
        return belief.sureness(belief.best, belief.known) > SURE


Rule = Callable[[Look], Stop | None]


def stop_before(look: Look) -> Stop | None:
    """The first rule that ends the search here, if any does."""
    return next((stop for rule in RULES if (stop := rule(look))), None)


def target(look: Look) -> Stop | None:
    """The best prompt reached the suite's target."""
    if look.best < look.spec.target:
        return None
    if look.trajectory.best is look.trajectory.seed:
        return Stop(
            "target",
            f"The current prompt scores {look.best:.2f} on the search split, and the target is "
            f"{look.spec.target:g}: there is nothing to look for.",
        )
    return Stop("target", f"The search score {look.best:.2f} reached the target of {look.spec.target:g}.")


def nearly_all(look: Look) -> Stop | None:
    """A prompt was found that misses one case at most: the scores could hardly tell a better one from it."""
    n, best = look.trajectory.n, look.trajectory.best
    missed = sum(result.score is not None and result.score < 1 for result in best.results.values())
    if n < FEW or best.step == 0 or missed > 1 or round((1 - look.best) * n, 6) > 1:
        return None
    return Stop(
        "target",
        f"The search score {look.best:.2f} misses no more than one of {n} cases: "
        "a better prompt could hardly be told from this one.",
    )


def no_room(look: Look) -> Stop | None:
    """A perfect prompt would gain less than what counts."""
    if look.step > 1 or 1 - look.seed >= look.spec.min_gain - SLACK:
        return None
    return Stop(
        "no_headroom",
        f"The prompts already known score {look.seed:.3f}: a perfect one would gain {points(1 - look.seed)}, less than "
        f"the {points(look.spec.min_gain)} that count (min_gain). {ELSEWHERE}",
    )


def no_headroom(look: Look) -> Stop | None:
    """The first candidates brought next to nothing."""
    tried, gain = len(look.trajectory.candidates), look.best - look.seed
    if tried < _enough(1 - look.seed) or look.spent < HEADROOM_SHARE or look.headroom:
        return None
    luck = ", which luck explains" if gain >= look.spec.min_gain / 2 else ""
    what = f"{tried} candidates, best gain {points(gain)}{luck}, the prompts already known at {look.seed:.2f}"
    return Stop("no_headroom", f"{what}. {ELSEWHERE}")


def _enough(missing: float) -> int:
    """How many vain candidates it takes, where so much of the score is `missing`."""
    little, much = HEADROOM
    share = min(1.0, missing / little) * max(1.0, missing / much)
    return max(HEADROOM_LEAST, round(HEADROOM_CANDIDATES * share))


def patience(look: Look) -> Stop | None:
    """Many candidates, for what it took to get here, without any gain; or as many as the suite's `patience` says."""
    since, steps = look.trajectory.since_best, look.spec.patience
    if steps is None:
        enough = max(FARTHER * (len(look.trajectory.candidates) - since), PATIENCE_CANDIDATES)
    else:
        enough = max(steps * look.spec.candidates, HEADROOM_CANDIDATES)
    if since < enough:
        return None
    return Stop("patience", f"{since} candidates in a row brought no gain over {look.best:.2f}.")


def plateau(look: Look) -> Stop | None:
    """Gains so small that going on is not worth its calls."""
    late = max(PATIENCE_CANDIDATES, len(look.trajectory.candidates) * FARTHER // (1 + FARTHER))
    begin = look.trajectory.step_before(late)
    if begin is None or (gain := look.best - look.trajectory.best_after(begin)) >= look.spec.min_gain / 2:
        return None
    what = f"The last {late} candidates gained {points(gain)} together"
    return Stop("plateau", f"{what}, and reached {look.best:.2f}.")


def steps(look: Look) -> Stop | None:
    """The suite's upper bound."""
    if look.step <= look.spec.steps:
        return None
    return Stop("steps", f"All {look.spec.steps} steps were made.")


RULES: tuple[Rule, ...] = (target, nearly_all, no_room, no_headroom, patience, plateau, steps)


def points(share: float) -> str:
    """A difference of scores as a person reads it: 0.004 is "0.4 points"."""
    return f"{100 * share:.1f} points"
