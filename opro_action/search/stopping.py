"""When a search ends, and what that means to the person who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from opro_action.search.trajectory import Trajectory
from opro_action.suite.suite import OptimizeSpec

StopReason = Literal["target", "no_headroom", "patience", "steps", "budget", "interrupt"]

HEADROOM_CANDIDATES = 16
"""After this many scored candidates without any gain the wording is taken not to be the bottleneck."""


@dataclass(frozen=True)
class Stop:
    """Why a search ended: a word for programs and a sentence for people."""

    reason: StopReason
    meaning: str


def stop_before(step: int, trajectory: Trajectory, spec: OptimizeSpec) -> Stop | None:
    """Whether the search ends before `step` (1, 2, ...) is begun."""
    for rule in (_target, _no_headroom, _patience):
        stop = rule(step, trajectory, spec)
        if stop:
            return stop
    if step > spec.steps:
        return Stop("steps", f"All {spec.steps} steps were made.")
    return None


def _target(step: int, trajectory: Trajectory, spec: OptimizeSpec) -> Stop | None:
    score = trajectory.best.score or 0.0
    if score < spec.target:
        return None
    if trajectory.best is trajectory.seed:
        return Stop("target", f"The current prompt scores {score:.2f} on the search split: there is nothing to gain.")
    return Stop("target", f"The search score {score:.2f} reached the target of {spec.target:g}.")


def _no_headroom(step: int, trajectory: Trajectory, spec: OptimizeSpec) -> Stop | None:
    tried = [attempt for attempt in trajectory.scored if attempt.origin == "optimizer"]
    seed, best = trajectory.best_after(0), trajectory.best.score or 0.0
    if len(tried) < HEADROOM_CANDIDATES or best > seed:
        return None
    return Stop(
        "no_headroom",
        f"{len(tried)} candidates, none better than the {seed:.2f} of the prompts already known: "
        "the wording is not the bottleneck; look at the task, the model or the data.",
    )


def _patience(step: int, trajectory: Trajectory, spec: OptimizeSpec) -> Stop | None:
    if step <= spec.patience:
        return None
    before, now = trajectory.best_after(step - 1 - spec.patience), trajectory.best.score or 0.0
    if now > before:
        return None
    return Stop("patience", f"{spec.patience} steps in a row brought no gain over {now:.2f}.")
