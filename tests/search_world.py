"""A search without a model: a world that tells the state machine what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builders import make_suite

from opro_action.errors import BudgetSpent
from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.demos import set_aside
from opro_action.search.metaprompt import Large
from opro_action.search.search import Ask, Outcome, Score, Setup, Write, search
from opro_action.search.selection import selection_of
from opro_action.search.split import split_cases
from opro_action.suite.suite import Case

Right = Callable[[str, Case], bool]


def make_setup(folder: Path, *, cases: int = 40, seeds: Any = (), suite: Any = None, **optimize: Any) -> Setup:
    """A setup over `cases` cases with the labels a and b; `optimize` are keys of that section of the suite."""
    listed = [
        {"id": f"c{i}", "input": f"the input of case number {i:03}", "expected": "ab"[i % 2]} for i in range(cases)
    ]
    keys: dict[str, Any] = {"params": {"temperature": 0}, "cases": listed, "optimize": optimize, **(suite or {})}
    made = make_suite(folder, prompt="seed prompt\n", **keys)
    split = set_aside(split_cases(made.cases, holdout=made.optimize.holdout, seed=made.optimize.seed), made)
    return Setup(made, split, Large(), selection_of(made.optimize), seeds)


@dataclass
class World:
    """Writes the next of `replies` per draft, and scores by whether a prompt is `right` on a case.

    `asked` keeps every question. After `calls_left` calls the budget is spent.
    """

    replies: list[str | None]
    right: Right
    calls_left: int = 1_000_000
    asked: list[Ask] = field(default_factory=list)

    def play(self, setup: Setup) -> Outcome:
        machine = search(setup)
        try:
            ask = next(machine)
            while True:
                self.asked.append(ask)
                cost = len(ask.drafts) if isinstance(ask, Write) else ask.calls
                if cost > self.calls_left:
                    ask = machine.throw(BudgetSpent("The budget is spent."))
                    continue
                self.calls_left -= cost
                ask = machine.send(self.answer(ask))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def answer(self, ask: Ask) -> Any:
        if isinstance(ask, Write):
            return [self.replies.pop(0) if self.replies else "<prompt>seed prompt</prompt>" for _ in ask.drafts]
        return [tuple(self.result(text, case, ask.repeats) for case in ask.cases) for text in ask.texts]

    def result(self, text: str, case: Case, repeats: int) -> CaseResult:
        passed = self.right(text, case)
        return CaseResult(case, (Answer("an answer", float(passed), passed, "because"),) * repeats)

    @property
    def calls(self) -> int:
        return sum(len(ask.drafts) if isinstance(ask, Write) else ask.calls for ask in self.asked)

    @property
    def scored(self) -> list[Score]:
        return [ask for ask in self.asked if isinstance(ask, Score)]


def tagged(text: str) -> str:
    return f"<prompt>{text}</prompt>"


def share(text: str, case: Case) -> bool:
    """Right on the share of cases that the prompt's last word names, as `better 0.7`; `seed prompt` on 0.2."""
    wanted = 0.2 if text == "seed prompt" else float(text.split()[-1])
    return int(case.id[1:]) * 7 % 20 < 20 * wanted
