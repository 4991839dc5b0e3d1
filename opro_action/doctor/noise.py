"""Findings on noise: how far two answers to one case, or two judgements of one answer, differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from opro_action.doctor.finding import Finding, line_of
from opro_action.gate.paired import points
from opro_action.scoring.results import Answer, CaseResult
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class Noise:
    """How two runs over the same `n` things differ: how many answers and scores, and by how much on average.

    `disagreement` is the mean absolute difference of the two scores, `spread` the root of the mean square.
    """

    n: int
    answers: int
    scores: int
    disagreement: float
    spread: float

    def wobble(self, cases: int) -> float:
        """By how much the mean score of so many cases moves between two runs (one standard deviation)."""
        return self.spread / math.sqrt(cases)


def noise_of(pairs: Sequence[tuple[Answer, Answer]]) -> Noise | None:
    """The noise in pairs of answers, or of judgements; None without a pair in which both are scored."""
    scored = [(a, b, abs(a.score - b.score)) for a, b in pairs if a.score is not None and b.score is not None]
    if not scored:
        return None
    gaps = [gap for *_, gap in scored]
    return Noise(
        n=len(scored),
        answers=sum(a.text.strip() != b.text.strip() for a, b, _ in scored),
        scores=sum(gap > 1e-9 for gap in gaps),
        disagreement=math.fsum(gaps) / len(gaps),
        spread=math.sqrt(math.fsum(gap * gap for gap in gaps) / len(gaps)),
    )


def noise_of_model(results: Sequence[CaseResult]) -> Noise | None:
    """From cases that were asked twice; a case with an answer of its own asks nobody."""
    pairs = [(result.answers[0], result.answers[1]) for result in results if result.case.answer is None]
    return noise_of(pairs)


def model_noise_findings(suite: Suite, noise: Noise) -> list[Finding]:
    """A warning when the suite's score moves by `max_drop` or more from run to run though nothing changed."""
    wobble = noise.wobble(len(suite.cases) * suite.repeats)
    if wobble <= suite.gate.max_drop:
        return []
    what = (
        f"Asked twice, {noise.scores} of {noise.n} cases got another score: the suite's score moves by about "
        f"{points(wobble)} from run to run, and max_drop is {points(suite.gate.max_drop)}."
    )
    line = line_of(suite, "params", "modelParameters", "model", "providers")
    return [Finding("warning", "model-noise", what, _steadier(suite), suite.path, line)]


def judge_noise_findings(suite: Suite, noise: Noise) -> list[Finding]:
    """A warning when the judge, asked twice, disagrees with itself by more than the effect that is gated."""
    if noise.disagreement <= suite.gate.max_drop:
        return []
    what = (
        f"Judged twice, {noise.scores} of {noise.n} answers got another score: the judge disagrees with itself by "
        f"{points(noise.disagreement)} on average, and max_drop is {points(suite.gate.max_drop)}."
    )
    remedy = "Give the judge temperature 0 and sharper anchors, take a stronger judge model, or raise `gate.max_drop`."
    line = line_of(suite, "scorers", "evaluators", "defaultTest", "tests")
    return [Finding("warning", "judge-noise", what, remedy, suite.path, line)]


def _steadier(suite: Suite) -> str:
    repeats = f"`repeats: {max(3, suite.repeats + 2)}`"
    if suite.model.deterministic:
        return f"The model varies at temperature 0 too: set {repeats}, add cases, or raise `gate.max_drop`."
    return f"Set `temperature: 0`, or {repeats}."
