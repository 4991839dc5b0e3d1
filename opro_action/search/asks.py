"""What a search asks for: candidates to be written, and texts to be scored."""

from __future__ import annotations

from dataclasses import dataclass

from opro_action.search.metaprompt import Draft
from opro_action.suite.suite import Case


@dataclass(frozen=True)
class Write:
    """Asks for one reply of the optimizer model to each draft; answered by their texts, None for a failed call.

    Every step begins with it; `candidates` is how many the step has, those that need no model included.
    """

    step: int
    drafts: tuple[Draft, ...]
    candidates: int


@dataclass(frozen=True)
class Score:
    """Asks for the results of each text on each case; answered by one tuple of results per text.

    `of` names the further suite or model that is asked (see `opro_action.search.guards`), "" for the suite itself.
    """

    step: int
    texts: tuple[str, ...]
    cases: tuple[Case, ...]
    repeats: int
    holdout: bool = False
    of: str = ""

    @property
    def calls(self) -> int:
        return len(self.texts) * len(self.cases) * self.repeats


Ask = Write | Score
