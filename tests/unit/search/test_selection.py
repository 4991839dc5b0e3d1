"""Selection: halving and races on common cases, against an incumbent whose results are never paid again."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from builders import make_cases

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.selection import Batch, Block, FullEvaluation, Halving, Race, Selection, levels, selection_of
from opro_action.search.trajectory import Attempt
from opro_action.suite.suite import Case, OptimizeSpec

SELECTIONS: tuple[Selection, ...] = (FullEvaluation(), Halving(), Race())


def scored(attempt: Attempt, cases: Sequence[Case], quality: float) -> Attempt:
    """Right on a share of the cases that is the same in each beginning of them, for each prompt on other cases."""
    shift = sum(map(ord, attempt.text))
    results = []
    for index, case in enumerate(cases):
        right = ((index + shift) * 7) % 10 < 10 * quality
        results.append(CaseResult(case, (Answer("", float(right), right),)))
    return attempt.with_results(results)


class Recording:
    """A selection, and the blocks that it asked for."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.blocks: list[Block] = []

    def next_block(self, batch: Batch) -> Block | None:
        block = self.selection.next_block(batch)
        self.blocks += [block] if block else []
        return block

    def most_answers(self, candidates: int, n: int) -> int:
        return self.selection.most_answers(candidates, n)


def played(selection: Selection, qualities: dict[str, float], *, n: int = 40, incumbent: float = 0.5) -> list[Attempt]:
    """The batch after the selection has had all that it asked for, and what it asked for."""
    cases = make_cases(n)
    known = {case.id: index for index, case in enumerate(cases)}
    best = scored(Attempt("incumbent", 0, "file"), cases, incumbent)
    batch = [Attempt(text, 1) for text in qualities]
    while block := selection.next_block(Batch(tuple(batch), best, cases)):
        whole = {attempt.text: scored(attempt, cases, qualities.get(attempt.text, 0.0)) for attempt in block.attempts}
        met = {
            text: [one.results[case.id] for case in sorted(block.cases, key=lambda case: known[case.id])]
            for text, one in whole.items()
        }
        batch = [attempt.with_results(met[attempt.text]) if attempt.text in met else attempt for attempt in batch]
    return batch


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_best_of_a_batch_meets_every_case(selection: Selection) -> None:
    batch = played(selection, {"a": 0.2, "b": 0.9, "c": 0.5, "d": 0.3, "e": 0.4, "f": 0.6, "g": 0.1, "h": 0.5})
    finished = [attempt for attempt in batch if len(attempt.results) == 40]
    assert max(finished, key=lambda attempt: attempt.score or 0.0).text == "b"


def test_halving_takes_well_under_half_the_answers_of_full_evaluation() -> None:
    qualities = {chr(97 + index): 0.4 + 0.05 * index for index in range(8)}
    paid = {
        type(selection).__name__: sum(len(a.results) for a in played(selection, qualities)) for selection in SELECTIONS
    }
    assert paid["FullEvaluation"] == 320
    assert paid["Halving"] < 160


def test_all_candidates_meet_the_same_first_block() -> None:
    cases = make_cases(40)
    incumbent = scored(Attempt("incumbent", 0), cases, 0.5)
    block = Halving().next_block(Batch((Attempt("a", 1), Attempt("b", 1)), incumbent, cases))
    assert block == Block((Attempt("a", 1), Attempt("b", 1)), cases[:8])


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_incumbent_is_never_asked_again(selection: Selection) -> None:
    recording = Recording(selection)
    played(recording, {"a": 0.5, "b": 0.6, "c": 0.5, "d": 0.4})
    asked = [attempt.text for block in recording.blocks for attempt in block.attempts]
    assert set(asked) == {"a", "b", "c", "d"}


def test_a_candidate_that_is_clearly_behind_the_incumbent_is_dropped_after_the_first_block() -> None:
    for selection in (Halving(), Race()):
        (lost,) = played(selection, {"bad": 0.0})
        assert len(lost.results) == 8


def test_a_candidate_as_good_as_the_incumbent_runs_to_the_end() -> None:
    for selection in (Halving(), Race()):
        (kept,) = played(selection, {"incumbent": 0.5})
        assert len(kept.results) == 40


def test_a_candidate_that_breaks_a_must_pass_case_is_dropped() -> None:
    cases = tuple(Case(case.id, case.vars, case.expected, must_pass=case.id == "case-0") for case in make_cases(40))
    incumbent = scored(Attempt("incumbent", 0), cases, 1.0)
    broken = scored(Attempt("x", 1), cases[:8], 1.0)
    wrong = CaseResult(cases[0], (Answer("", 0.0, passed=False),))
    assert Race().next_block(Batch((broken.with_results([wrong]),), incumbent, cases)) is None


def test_an_empty_batch_asks_for_nothing() -> None:
    cases = make_cases(20)
    for selection in SELECTIONS:
        assert selection.next_block(Batch((), scored(Attempt("incumbent", 0), cases, 0.5), cases)) is None


@pytest.mark.parametrize("n", [2, 7, 8, 9, 12, 20, 36, 57, 100, 333])
def test_the_blocks_end_with_every_case_and_each_is_larger_than_the_last(n: int) -> None:
    sizes = levels(n)
    assert sizes[-1] == n
    assert list(sizes) == sorted(set(sizes))


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_answers_never_pass_what_was_planned_and_survivors_are_never_ragged(selection: Selection) -> None:
    dice = random.Random(5)
    for _ in range(60):
        n, k = dice.randint(2, 70), dice.randint(1, 12)
        batch = played(selection, {f"p{i}": dice.random() for i in range(k)}, n=n, incumbent=dice.random())
        assert sum(len(attempt.results) for attempt in batch) <= selection.most_answers(k, n)
        assert {len(attempt.results) for attempt in batch} <= {*levels(n), 0}
        for attempt in batch:
            met = [int(id_.split("-")[1]) for id_ in attempt.results]
            assert sorted(met) == list(range(len(met)))


@pytest.mark.parametrize("selection", SELECTIONS)
def test_what_comes_next_does_not_depend_on_the_order_in_which_results_came_in(selection: Selection) -> None:
    cases = make_cases(30)
    incumbent = scored(Attempt("incumbent", 0), cases, 0.5)
    batch = tuple(scored(Attempt(f"p{i}", 1), cases[:8], i / 8) for i in range(8))
    turned = tuple(
        Attempt(one.text, 1, results=dict(sorted(one.results.items(), key=lambda entry: hash(entry[0]))))
        for one in batch
    )
    first = selection.next_block(Batch(batch, incumbent, cases))
    second = selection.next_block(Batch(turned, incumbent, cases))
    assert (first is None) == (second is None)
    if first and second:
        assert [a.text for a in first.attempts] == [a.text for a in second.attempts]
        assert first.cases == second.cases


def test_auto_takes_halving_for_a_batch_and_a_race_for_single_proposals() -> None:
    assert selection_of(OptimizeSpec(candidates=8)) == Halving()
    assert selection_of(OptimizeSpec(candidates=1)) == Race()
    assert selection_of(OptimizeSpec(selection="full")) == FullEvaluation()
