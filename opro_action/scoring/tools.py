"""What a scorer may use besides the text of an answer: the whole question, other models, files of the repository."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from opro_action.errors import UsageError
from opro_action.models.model import Completion, Message, Model
from opro_action.scoring.results import Grade
from opro_action.suite.suite import Case, ModelSpec, ScorerSpec


def _no_model(spec: ModelSpec) -> Model:
    raise UsageError(f"a scorer asks {spec.id}, and no model can be asked here; check the suite with `opro check`.")


@dataclass(frozen=True)
class Tools:
    """`connect` gives the model for a spec in the role of the judge, `judge` is the one to ask by default.

    Judge calls go through the same cache and budget as all others. `root` is the repository's folder.
    """

    connect: Callable[[ModelSpec], Model] = _no_model
    judge: ModelSpec | None = None
    root: Path = Path()


@dataclass(frozen=True)
class Asked:
    """One answer with all that a scorer may want to know of it: the case, the messages sent and the completion."""

    case: Case
    completion: Completion
    messages: tuple[Message, ...] = ()
    repeat: int = 0

    @property
    def answer(self) -> str:
        return self.completion.text


WideScorer = Callable[[Asked, ScorerSpec, Tools], Awaitable[Grade]]
"""A scorer that looks further than the expected value and the answer's text."""
