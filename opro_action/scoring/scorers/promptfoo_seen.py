"""What an assertion of promptfoo looks at: the answer after its transforms, and the options of its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opro_action.scoring.results import Grade
from opro_action.scoring.tools import Asked
from opro_action.suite.promptfoo.transforms import as_text, transformed
from opro_action.suite.suite import ScorerSpec

_NOT = "not-"


@dataclass(frozen=True)
class Seen:
    """An answer as one assertion sees it. `output` is the answer after the transforms, `text` the same as text."""

    asked: Asked
    options: Mapping[str, Any]
    output: Any
    text: str

    @property
    def kind(self) -> str:
        """The assertion's type without `not-`."""
        return str(self.options["type"]).removeprefix(_NOT)

    @property
    def negated(self) -> bool:
        return str(self.options["type"]).startswith(_NOT)

    @property
    def value(self) -> Any:
        return self.options.get("value")

    def threshold(self, usual: float) -> float:
        return float(self.options.get("threshold", usual))

    def verdict(self, found: bool, explanation: str) -> Grade:
        """1 or 0, the other way round for a negated type."""
        passed = found != self.negated
        return Grade(float(passed), explanation, passed)

    def measured(self, score: float, threshold: float, what: str) -> Grade:
        """A score that passes from `threshold` on; a negated type takes what is missing to 1, and passes below it."""
        passed = (score >= threshold) != self.negated
        compared = f"{what} {score:.2f} is {'at least' if score >= threshold else 'under'} {threshold:g}"
        return Grade(1 - score if self.negated else score, compared, passed)


def seen(asked: Asked, spec: ScorerSpec) -> Seen | Grade:
    """The answer as the assertion sees it; a failing grade for one that a transform does not fit."""
    output: Any = asked.answer
    try:
        for text in spec.options.get("transform", ()):
            output = transformed(text, output)
        return Seen(asked, spec.options, output, as_text(output))
    except ValueError as error:
        return Grade(0.0, str(error), passed=False)
    except RecursionError:
        return Grade(0.0, "the answer is nested too deeply for a transform", passed=False)


def without_weight(spec: ScorerSpec, found: Grade) -> Grade:
    """An assertion of weight 0 passes whatever it finds: it is there to be looked at."""
    if spec.weight or found.score is None:
        return found
    return Grade(found.score, found.explanation, passed=True)
