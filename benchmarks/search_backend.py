"""The simulated task of the search benchmark: one world, asked in this process, graded by the project's own scorer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from opro_action.models.model import Message
from opro_action.scoring.results import Answer, CaseResult
from opro_action.scoring.scorers.choice import choice
from opro_action.suite.suite import Case, Suite
from opro_action.testing import SimulatedOptimizerModel, World, best_prompt, first_prompt, simulated_suite
from opro_action.testing.suites import number_of
from opro_action.testing.vocabulary import LABELS


@dataclass
class Simulated:
    """A backend for the evaluator of the peers, and what tells our own search its answers.

    Every arm gets a suite of so many `cases`; ours keeps a part of them for its decision.
    """

    world: World
    hand: str = "good"
    cases: int = 60
    _qualities: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._writer = SimulatedOptimizerModel(self.world, self.hand)

    def suite(self, **optimize: Any) -> Suite:
        return simulated_suite(self.world, cases=self.cases, **optimize)

    def result(self, text: str, case: Case, sample: int) -> CaseResult:
        return CaseResult(case, (self.answer(text, case, sample),))

    def answer(self, text: str, case: Case, sample: int) -> Answer:
        varied = sample if self.world.landscape.temperature else 0
        said = self.world.answer(text, number_of(case), varied)
        return graded(said, str(case.expected))

    def write(self, messages: Sequence[Message], sample: int) -> str:
        return self._writer.reply(messages, sample)

    def quality(self, text: str) -> float:
        """True quality, in [0, 1]."""
        if text not in self._qualities:
            self._qualities[text] = self.world.quality(text)
        return self._qualities[text]

    @property
    def seed_quality(self) -> float:
        return self.quality(first_prompt(self.world))

    @property
    def reachable(self) -> float:
        """The true quality of the best prompt that the world's sentences allow."""
        return self.quality(best_prompt(self.world))


@cache
def graded(said: str, expected: str) -> Answer:
    grade = choice(expected, said, {"of": list(LABELS)})
    return Answer(said, grade.score, grade.score == 1.0, grade.explanation)
