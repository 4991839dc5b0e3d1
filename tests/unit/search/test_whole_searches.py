"""Whole searches without a model or a clock: what holds for each of them, whatever comes back in whatever order."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from search_world import World, make_setup, tagged

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.search import Ask, Outcome, Score, Setup, Write, search
from opro_action.search.split import order
from opro_action.suite.suite import Case


def drawn(*parts: str) -> float:
    """A number in [0, 1) that depends on nothing but the parts."""
    return int(order(0, *parts)[:8], 16) / 2**32


@dataclass
class Noisy(World):
    """Each candidate is as good as `gains` says at its number; a case is hard or easy, and each answer has noise."""

    gains: tuple[float, ...] = ()
    base: float = 0.6
    noise: float = 0.3

    def answer(self, ask: Ask) -> Any:
        if isinstance(ask, Write):
            return [tagged(f"wording {ask.step} {i} of {self.base}") for i in range(len(ask.drafts))]
        return super().answer(ask)

    def result(self, text: str, case: Case, repeats: int) -> CaseResult:
        words = text.split()
        gain = self.gains[(int(words[1]) * 8 + int(words[2])) % len(self.gains)] if text != "seed prompt" else 0.0
        hardness = 0.35 * (drawn("case", case.id) - 0.5) * 2
        answers = []
        for repeat in range(repeats):
            luck = self.noise * (drawn("answer", str(self.seed), text, case.id, str(repeat)) - 0.5) * 2
            right = self.base + gain - hardness + luck > drawn("bar", case.id) * 0.2 + 0.5
            answers.append(Answer("a" if right else "b", float(right), right, "because"))
        return CaseResult(case, tuple(answers))

    seed: int = 0


def played(folder: Path, seed: int, gains: tuple[float, ...], **optimize: Any) -> tuple[Outcome, Noisy]:
    world = Noisy([], lambda text, case: True, gains=gains, seed=seed)
    return world.play(make_setup(folder, cases=60, seed=seed, **optimize)), world


def test_where_no_wording_is_better_a_gain_is_proven_in_at_most_1_of_20_searches(tmp_path: Path) -> None:
    found = [played(tmp_path / str(seed), seed, (0.0,))[0].evidence for seed in range(60)]
    strengths = [evidence.evidence for evidence in found if evidence]
    assert strengths.count("proven") <= 3
    assert strengths.count("promising") <= 12


def test_where_some_wordings_are_much_better_most_searches_prove_it(tmp_path: Path) -> None:
    gains = (0.0, -0.1, 0.3, 0.0, -0.2, 0.05, 0.0, -0.1)
    found = [played(tmp_path / str(seed), seed, gains)[0].evidence for seed in range(20)]
    strengths = [evidence.evidence for evidence in found if evidence]
    assert strengths.count("proven") >= 12


def test_where_nothing_is_to_gain_a_search_ends_long_before_its_budget(tmp_path: Path) -> None:
    spent = []
    for seed in range(20):
        outcome, world = played(tmp_path / str(seed), seed, (-0.15,), max_calls=2000, steps=50)
        assert outcome.stop.reason == "no_headroom"
        spent.append(world.calls)
    assert sorted(spent)[10] < 500


def shuffled(machine_setup: Setup, world: World, dice: random.Random) -> Outcome:
    """Play with the results of each question handed over in another order within the trajectory's own bookkeeping."""
    machine = search(machine_setup)
    try:
        ask = next(machine)
        while True:
            told = world.answer(ask)
            if isinstance(ask, Score) and not ask.holdout:
                told = [tuple(dice.sample(results, len(results))) for results in told]
            ask = machine.send(told)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def test_the_decision_does_not_depend_on_the_order_in_which_answers_arrive(tmp_path: Path) -> None:
    gains = (0.0, -0.1, 0.2, 0.0, -0.2, 0.1, 0.0, -0.1)
    setup = make_setup(tmp_path, cases=60)
    straight = Noisy([], lambda text, case: True, gains=gains).play(setup)
    for seed in range(5):
        other = shuffled(setup, Noisy([], lambda text, case: True, gains=gains), random.Random(seed))
        assert other.evidence == straight.evidence
        assert other.best.text == straight.best.text
        assert [a.text for a in other.trajectory.attempts] == [a.text for a in straight.trajectory.attempts]


@pytest.mark.parametrize("selection", ["halving", "race", "full"])
def test_a_search_told_the_same_again_after_a_stop_at_any_place_asks_the_same(tmp_path: Path, selection: str) -> None:
    setup = make_setup(tmp_path, cases=40, candidates=4, steps=2, selection=selection)
    gains = (0.0, -0.1, 0.2, 0.0)
    whole = Noisy([], lambda text, case: True, gains=gains)
    whole.play(setup)
    again = Noisy([], lambda text, case: True, gains=gains)
    again.play(replace(setup))
    assert again.asked == whole.asked


def test_only_what_met_every_case_of_the_search_split_can_win(tmp_path: Path) -> None:
    for seed in range(10):
        outcome, world = played(tmp_path / str(seed), seed, (0.1, -0.1, 0.3, 0.0), candidates=8, steps=3)
        assert len(outcome.best.results) == outcome.trajectory.n
        for attempt in outcome.trajectory.candidates:
            assert attempt.eliminated == (len(attempt.results) < outcome.trajectory.n)
        assert world.calls <= 664
