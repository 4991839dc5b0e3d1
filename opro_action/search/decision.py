"""The decision: the winner of the search split against the file's prompt, once, on cases that the search never saw."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opro_action.errors import BudgetSpent, NotMeasured
from opro_action.gate.evidence import SLACK, Evidence, weigh
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.search.asks import Ask, Score
from opro_action.search.belief import Belief, believed
from opro_action.search.guards import Guarded, ask_guards
from opro_action.search.setup import Setup
from opro_action.search.stopping import Stop, points
from opro_action.search.trajectory import Attempt, Trajectory, breaks

WORTH_A_LOOK = 0.8
"""The holdout is looked at when the winner's expected lead is above so many of its standard deviations.

A smaller lead is what luck gives the best of a few: with a prompt at its ceiling it saves the calls of a look, and the
proposals that luck alone would open.
"""


@dataclass(frozen=True)
class Outcome:
    """How a search ended. `evidence` is None when the budget was spent before the decision."""

    trajectory: Trajectory
    stop: Stop
    best: Attempt
    evidence: Evidence | None
    seed_holdout: tuple[CaseResult, ...] = ()
    best_holdout: tuple[CaseResult, ...] = ()
    guarded: tuple[Guarded, ...] = ()


def decide(setup: Setup, trajectory: Trajectory, stop: Stop) -> Generator[Ask, Any, Outcome]:
    """Weigh the prompt that the search believes in most on the holdout, and ask the guards when that shows a gain.

    Raises NotMeasured when the holdout, or all that was tried, has no score.
    """
    check_scored([one for one in trajectory.attempts if one.step > 0 and not one.rejected], least=1)
    belief = believed(trajectory)
    reason = _not_worth_a_look(belief, trajectory, setup.suite.optimize.min_gain)
    if reason:
        return Outcome(trajectory, stop, trajectory.seed, Evidence("not_shown", reason))
    try:
        return (yield from _weighed(setup, Outcome(trajectory, stop, belief.best, None)))
    except BudgetSpent as spent:
        return Outcome(trajectory, Stop("budget", str(spent)), belief.best, None)


def check_scored(tried: Sequence[Attempt], *, least: int) -> None:
    """Raise NotMeasured when `least` prompts or more were tried and no case of any of them has a score.

    It is then not the wording that failed.
    """
    results = [result for attempt in tried for result in attempt.results.values()]
    if results and len(tried) >= least and all(result.score is None for result in results):
        raise NotMeasured(f"None of {len(tried)} candidates could be scored: {unscored(results)}")


def unscored(results: Sequence[CaseResult]) -> str:
    """How many have no score, and why the first has none."""
    reasons = [result.explanation for result in results if result.score is None]
    return f"{len(reasons)} of {len(results)} cases have no score, the first because: {reasons[0]}"


def _not_worth_a_look(belief: Belief, trajectory: Trajectory, min_gain: float) -> str | None:
    seed, winner = trajectory.seed, belief.best
    most, gain = ((one.score or 0.0) - (seed.score or 0.0) for one in (trajectory.best, winner))
    if most <= 0:
        higher = (one for one in trajectory.scored if (one.score or 0.0) > (seed.score or 0.0))
        kept = " without failing a must_pass case" if any(breaks(one, seed) for one in higher) else ""
        return f"No candidate scored higher than the current prompt on the search split{kept}."
    if most < min_gain - SLACK:
        why = f"less than the {points(min_gain)} that count (min_gain)"
    elif gain < min_gain - SLACK or belief.sureness(winner, seed) <= WORTH_A_LOOK:
        why = "which luck explains"
    else:
        return None
    others = len(trajectory.scored) - 1
    who = "The only other prompt" if others == 1 else f"The best of {others} other prompts"
    return f"{who} leads by {points(most)} on the search split, {why}: it was not put to the holdout."


def _weighed(setup: Setup, outcome: Outcome) -> Generator[Ask, Any, Outcome]:
    seed, best = outcome.trajectory.seed, outcome.best
    texts, repeats = (seed.text, best.text), setup.holdout_repeats
    of_seed, of_best = yield Score(best.step, texts, setup.split.holdout, repeats, holdout=True)
    for results in (of_seed, of_best):
        if not SuiteResult(results).measured:
            raise NotMeasured(f"The holdout could not be measured: {unscored(results)}")
    evidence = weigh(list(zip(of_seed, of_best, strict=True)), min_gain=setup.suite.optimize.min_gain)
    guarded: tuple[Guarded, ...] = ()
    if evidence.evidence != "not_shown":
        guarded = yield from ask_guards(setup.guards, texts, best.step)
        evidence = _guarded(evidence, guarded)
    return replace(
        outcome, evidence=evidence, seed_holdout=tuple(of_seed), best_holdout=tuple(of_best), guarded=guarded
    )


def _guarded(evidence: Evidence, guarded: Sequence[Guarded]) -> Evidence:
    worse = [one for one in guarded if one.kept.worse]
    if not worse:
        return evidence
    reason = f"{evidence.reason.rstrip('.')}, but {worse[0].name} got worse: {worse[0].kept.reason}."
    return replace(evidence, evidence="not_shown", reason=reason)
