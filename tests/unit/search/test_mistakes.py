"""Failing cases in clusters."""

from __future__ import annotations

from builders import make_case

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.mistakes import mistakes, nobody_solves, unsolved
from opro_action.search.trajectory import Attempt, Trajectory
from opro_action.suite.suite import Case


def wrong(case: Case, answer: str, why: str = "") -> CaseResult:
    return CaseResult(case, (Answer(answer, 0.0, passed=False, explanation=why),))


def right(case: Case) -> CaseResult:
    return CaseResult(case, (Answer(str(case.expected), 1.0, passed=True),))


def test_cases_with_the_same_wrong_answer_are_one_mistake_and_the_most_common_comes_first() -> None:
    bugs = [wrong(make_case(f"b{i}", f"crash {i}", "bug"), "Billing") for i in range(3)]
    other = wrong(make_case("f", "wish", "feature"), "bug")
    found = mistakes([other, *bugs, right(make_case("ok"))], seed=0, salt="")
    assert [(one.count, one.shown.case.expected) for one in found] == [(3, "bug"), (1, "feature")]


def test_long_answers_are_told_apart_by_the_scorers_words_without_their_numbers_and_quotations() -> None:
    rambling = "a long answer that goes on and on"
    results = [
        wrong(make_case("a", "x", "17"), rambling, "expected 17, got no number"),
        wrong(make_case("b", "y", "9"), rambling, "expected 9, got no number"),
        wrong(make_case("c", "z", "3"), rambling, "expected 3, got several numbers"),
    ]
    assert [one.count for one in mistakes(results, seed=0, salt="")] == [2, 1]


def test_another_salt_shows_another_case_of_a_mistake() -> None:
    bugs = [wrong(make_case(f"b{i}", f"crash {i}", "bug"), "billing") for i in range(9)]
    shown = {mistakes(bugs, seed=1, salt=str(salt))[0].shown.case.id for salt in range(12)}
    assert len(shown) > 3


def test_a_case_is_unsolved_when_each_of_the_best_prompts_fails_it() -> None:
    hard, easy = make_case("hard", "hard one"), make_case("easy", "easy one")
    three = [Attempt(f"p{i}", i).with_results([wrong(hard, "bug"), right(easy)]) for i in range(3)]
    assert [result.case.id for result in unsolved(Trajectory(2, tuple(three)))] == ["hard"]
    assert unsolved(Trajectory(2, tuple(three[:2]))) == ()


def test_the_best_prompts_failures_are_shown_even_where_others_tie_with_it() -> None:
    a, b = make_case("a", "one"), make_case("b", "two")
    tied = [Attempt(f"a longer prompt {i}", i).with_results([wrong(a, "bug"), right(b)]) for i in range(3)]
    short = Attempt("short", 4).with_results([right(a), wrong(b, "bug")])
    assert unsolved(Trajectory(2, (*tied, short))) == ()


def test_nobody_solves_a_case_that_no_prompt_passed_however_few_cases_it_met() -> None:
    hard, easy = make_case("hard", "hard one"), make_case("easy", "easy one")
    seed = Attempt("seed", 0).with_results([wrong(hard, "bug"), wrong(easy, "bug")])
    partial = [Attempt(f"p{i}", 1, eliminated=True).with_results([wrong(hard, "bug")]) for i in range(2)]
    assert nobody_solves(Trajectory(2, (seed, *partial))) == ("hard",)
    assert nobody_solves(Trajectory(2, (seed, partial[0]))) == ()


def test_a_case_without_a_score_is_no_mistake_of_the_prompt() -> None:
    unscored = CaseResult(make_case("u", "crash", "bug"), (Answer("", None, passed=False, explanation="HTTP 503"),))
    assert mistakes([unscored], seed=0, salt="") == ()
    tried = tuple(Attempt(f"p{i}", i).with_results([unscored, right(make_case("ok"))]) for i in range(4))
    assert nobody_solves(Trajectory(2, tried)) == ()
