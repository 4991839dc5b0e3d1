"""What all scores together say of each prompt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy
import pytest

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.belief import believed, likeness
from opro_action.search.trajectory import Attempt, Trajectory
from opro_action.suite.suite import Case

CASES = tuple(Case(f"c{i}", {"input": str(i)}, "a") for i in range(40))


def attempt(text: str, right: Callable[[int], bool], *, step: int = 1, met: int = 40) -> Attempt:
    results = [CaseResult(case, (Answer("", float(right(i)), right(i)),)) for i, case in enumerate(CASES[:met])]
    return Attempt(text, step, "optimizer" if step else "file").with_results(results)


def first(count: int) -> Callable[[int], bool]:
    return lambda i: i < count


def last(count: int) -> Callable[[int], bool]:
    return lambda i: i >= 40 - count


SEED = attempt("Say what it is.", first(16), step=0)


def test_of_unrelated_prompts_the_highest_score_is_believed_in() -> None:
    best = attempt("Name the colour", first(28))
    tried = Trajectory(40, (SEED, attempt("Answer in one word", first(20)), best, attempt("Think twice", last(24))))
    assert believed(tried).best is best


def test_a_lucky_prompt_whose_relatives_fail_is_believed_in_less_than_one_whose_relatives_do_well() -> None:
    lucky = attempt("alpha beta gamma delta", first(28))
    failed = [attempt(f"alpha beta gamma {word}", last(14)) for word in ("one", "two", "three", "four")]
    steady = attempt("red green blue white", last(27))
    others = [attempt(f"red green blue {word}", first(26)) for word in ("five", "six", "seven", "eight")]
    tried = Trajectory(40, (SEED, lucky, *failed, steady, *others))

    assert tried.best is lucky
    assert believed(tried).best is steady


def test_what_was_scored_on_a_part_of_the_cases_cannot_win_but_speaks_for_its_relatives() -> None:
    one, other = attempt("alpha beta gamma", first(25)), attempt("red green blue", last(25))
    relatives = [attempt(f"red green {word}", last(30), met=20) for word in ("five", "six", "seven")]
    alone, together = Trajectory(40, (SEED, one, other)), Trajectory(40, (SEED, one, other, *relatives))
    before, after = believed(alone), believed(together)

    assert before.sureness(other, one) == pytest.approx(0)
    assert after.sureness(other, one) > 0.3
    assert after.best is other


def test_as_good_as_another_is_no_worse_so_that_the_shorter_text_wins() -> None:
    longer = attempt("alpha beta gamma delta", first(28))
    tried = Trajectory(40, (SEED, longer, attempt("red green", last(28))))
    assert believed(tried).best.text == "red green"


def test_the_same_words_in_another_order_are_another_prompt() -> None:
    one = attempt("Which label fits? Answer with bug, billing or feature, nothing else.", first(12), step=0)
    other = attempt("Answer with nothing else: bug, billing or feature. Which label fits?", first(36))
    belief = believed(Trajectory(40, (one, other)))

    assert likeness(one.text, other.text) == 1
    assert belief.best is other
    assert belief.sureness(other, one) > 2


def test_cases_of_weight_0_say_nothing_of_a_prompt() -> None:
    def half_weighed(one: Attempt) -> Attempt:
        results = [
            replace(one.results[case.id], case=replace(case, weight=float(i < 20))) for i, case in enumerate(CASES)
        ]
        return one.with_results(results)

    whole = Trajectory(40, (half_weighed(SEED), half_weighed(attempt("alpha beta", last(30)))))
    half = Trajectory(20, (attempt(SEED.text, first(16), step=0, met=20), attempt("alpha beta", last(30), met=20)))
    sure = [believed(tried).sureness(tried.attempts[1], tried.seed) for tried in (whole, half)]
    assert sure[0] == pytest.approx(sure[1])


def test_a_lead_is_the_surer_the_more_cases_and_relatives_speak_for_it() -> None:
    winner = attempt("alpha beta gamma", first(26))
    relatives = [attempt(f"alpha beta {word}", first(25)) for word in ("five", "six", "seven")]
    few, many = Trajectory(40, (SEED, winner)), Trajectory(40, (SEED, winner, *relatives))

    assert 0 < believed(few).sureness(winner, SEED) < believed(many).sureness(winner, SEED)
    assert believed(few).sureness(SEED, winner) == -believed(few).sureness(winner, SEED)
    assert believed(few).sureness(SEED, SEED) == 0


def test_it_is_gaussian_process_regression_as_the_textbook_has_it() -> None:
    tried = (attempt(f"alpha {'beta ' * i}{i}", first(14 + 3 * i)) for i in range(5))
    found = believed(Trajectory(40, (SEED, *tried)))
    attempts = found.attempts

    scores = numpy.array([one.score for one in attempts], dtype=float)
    likenesses = numpy.array([[likeness(one.text, other.text) for other in attempts] for one in attempts])
    prior = 0.15**2 * likenesses + 0.05**2 * numpy.identity(len(attempts))
    noise = numpy.diag([(score * (1 - score) + 0.25 / 40) / 40 for score in scores])
    told = numpy.linalg.solve(prior + 1 + noise, numpy.column_stack([scores - 0.5, prior]))
    means, left = prior @ told[:, 0], prior - prior @ told[:, 1:]

    assert found.means == pytest.approx(means)
    error = (left[1, 1] + left[0, 0] - 2 * left[0, 1]) ** 0.5
    assert found.sureness(attempts[1], SEED) == pytest.approx((means[1] - means[0]) / error)


def test_of_very_many_prompts_the_known_and_the_best_are_looked_at() -> None:
    parts = [attempt(f"part {i}", first(5), met=8) for i in range(60)]
    whole = [attempt(f"whole {i}", first(16 + i % 2)) for i in range(158)]
    found = believed(Trajectory(40, (*parts, *whole, SEED)))
    assert [one.text for one in found.attempts] == [SEED.text, *(one.text for one in whole if one.score == 17 / 40)]
    assert found.able == 80

    few = believed(Trajectory(40, (SEED, *parts, *whole[:30])))
    assert (few.able, len(few.attempts)) == (31, 80)
    assert few.known is SEED


def test_likeness_goes_from_nothing_shared_to_the_same_words() -> None:
    assert likeness("Name the colour.", "name THE colour") == pytest.approx(1)
    assert likeness("Name the colour.", "Think twice.") == 0
    assert likeness("one two", "two three") == pytest.approx(0.5)
    assert likeness("", "") == 1
    assert likeness("", "one") == 0


def test_unscored_cases_are_left_out() -> None:
    scored = attempt("alpha", first(20))
    unknown = CaseResult(CASES[39], (Answer("", None, False),))
    partly = replace(scored, results={**scored.results, "c39": unknown})
    tried = Trajectory(40, (SEED, partly))
    assert believed(tried).best is partly
