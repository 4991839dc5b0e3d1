"""When a search ends, and what the reader is told."""

from __future__ import annotations

from dataclasses import replace

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.stopping import Look, stop_before
from opro_action.search.trajectory import Attempt, Trajectory
from opro_action.suite.suite import Case, OptimizeSpec

CASES = tuple(Case(f"c{i}", {"input": str(i)}, "a") for i in range(100))
SPEC = OptimizeSpec(steps=20)


def attempt(right: int, step: int = 0, *, met: int = 100) -> Attempt:
    results = [CaseResult(case, (Answer("", float(i < right), i < right),)) for i, case in enumerate(CASES[:met])]
    return Attempt(f"{step} {right} {met}", step, "optimizer" if step else "file").with_results(results)


def reason(step: int, *attempts: Attempt, spec: OptimizeSpec = SPEC) -> str | None:
    stop = stop_before(Look(step, Trajectory(100, attempts), spec, spent=1.0))
    return stop.reason if stop else None


def meaning(step: int, *attempts: Attempt, spec: OptimizeSpec = SPEC) -> str:
    stop = stop_before(Look(step, Trajectory(100, attempts), spec, spent=1.0))
    assert stop is not None
    return stop.meaning


def test_a_search_with_room_goes_on() -> None:
    assert reason(1, attempt(50)) is None
    assert reason(3, attempt(50), attempt(60, 1), attempt(70, 2)) is None


def test_the_target_ends_a_search_at_once() -> None:
    assert reason(1, attempt(100)) == "target"
    assert "the target is 1: there is nothing to look for" in meaning(1, attempt(100))
    reached = meaning(2, attempt(50), attempt(92, 1), spec=replace(SPEC, target=0.9))
    assert reached == "The search score 0.92 reached the target of 0.9."


def test_a_prompt_that_misses_one_case_ends_the_search_unless_it_was_known_before() -> None:
    assert reason(2, attempt(50), attempt(99, 1)) == "target"
    assert "misses no more than one of 100 cases" in meaning(2, attempt(50), attempt(99, 1))
    assert reason(2, attempt(50), attempt(98, 1)) is None
    assert reason(2, attempt(99), attempt(98, 1)) is None


def test_many_cases_that_miss_a_little_are_no_single_missed_case() -> None:
    nearly = [CaseResult(case, (Answer("", 0.992, passed=True),)) for case in CASES]
    assert reason(2, attempt(50), Attempt("graded", 1).with_results(nearly), spec=replace(SPEC, target=1)) is None


def test_among_a_handful_of_cases_one_is_too_much_to_miss() -> None:
    few = Trajectory(10, (attempt(5, met=10), attempt(9, 1, met=10)))
    assert stop_before(Look(2, few, SPEC, spent=0.1)) is None


def test_a_seed_that_a_perfect_prompt_would_hardly_beat_ends_before_a_candidate_is_written() -> None:
    assert reason(1, attempt(99)) == "no_headroom"
    assert "would gain 1.0 points, less than the 2.0 points that count (min_gain)" in meaning(1, attempt(99))
    assert reason(1, attempt(97)) is None
    assert reason(1, attempt(90), spec=replace(SPEC, min_gain=0.1)) is None


def test_sixteen_candidates_without_gain_say_that_the_wording_is_not_the_bottleneck() -> None:
    tried = [attempt(50, 1, met=20 + i) for i in range(16)]
    assert reason(3, attempt(60), *tried[:15]) is None
    assert reason(3, attempt(60), *tried) == "no_headroom"
    said = meaning(3, attempt(60), *tried)
    assert said.startswith("16 candidates, best gain 0.0 points, the prompts already known at 0.60.")
    assert said.endswith("look at the task, the model, the data or the scorer.")


def test_a_large_budget_looks_longer_before_it_says_that_there_is_no_headroom() -> None:
    tried = Trajectory(100, (attempt(90), *(attempt(80, 1, met=20 + i) for i in range(16))))
    assert stop_before(Look(3, tried, SPEC, spent=0.15)) is None
    assert stop_before(Look(3, tried, SPEC, spent=0.2)) is not None


def test_the_more_a_prompt_leaves_to_be_gained_the_more_candidates_it_takes() -> None:
    tried = [attempt(20, 1, met=10 + i) for i in range(24)]
    assert reason(5, attempt(25), *tried[:23]) is None
    assert reason(5, attempt(25), *tried) == "no_headroom"


def test_where_little_is_left_to_be_gained_fewer_candidates_say_it() -> None:
    tried = [attempt(60, 1, met=20 + i) for i in range(12)]
    assert reason(3, attempt(75), *tried[:11]) is None
    assert reason(3, attempt(75), *tried) == "no_headroom"
    assert reason(3, attempt(95), *tried[:7]) is None
    assert reason(3, attempt(95), *tried[:8]) == "no_headroom"


def test_a_gain_that_the_best_of_many_has_by_luck_is_no_headroom() -> None:
    tried = [replace(attempt(85, 1), text=f"p{i}") for i in range(16)]
    lucky = replace(attempt(90, 1), text="lucky", results=exchanged(attempt(92, 1), 8))
    assert (lucky.score, reason(3, attempt(90), *tried, lucky)) == (0.92, "no_headroom")
    assert "17 candidates, best gain 2.0 points, which luck explains, the" in meaning(3, attempt(90), *tried, lucky)
    assert reason(3, attempt(80), *tried, attempt(90, 1)) is None


def exchanged(found: Attempt, count: int) -> dict[str, CaseResult]:
    """The results of a prompt with 92 right, so many of them wrong and as many wrong ones right: the score stays."""
    flipped = {*range(count), *range(92, 92 + count)}
    return {
        id_: CaseResult(result.case, (Answer("", 1 - (result.score or 0.0), not result.passed),))
        if int(id_[1:]) in flipped
        else result
        for id_, result in found.results.items()
    }


def test_patience_counts_the_candidates_since_the_last_gain() -> None:
    spec = replace(SPEC, patience=3, candidates=6)
    tried = [attempt(60, 2, met=20 + i) for i in range(18)]
    assert reason(3, attempt(50), attempt(70, 1), *tried[:17], spec=spec) is None
    assert meaning(3, attempt(50), attempt(70, 1), *tried, spec=spec) == (
        "18 candidates in a row brought no gain over 0.70."
    )


def test_patience_without_a_setting_grows_with_what_it_took_to_find_the_best() -> None:
    early = [attempt(50), attempt(70, 1)]
    tried = [attempt(60, 2, met=20 + i // 2) for i in range(130)]
    assert reason(3, *early, *tried[:95]) is None
    assert reason(3, *early, *tried[:96]) == "patience"
    late = [attempt(50), *(attempt(55, 1, met=20 + i) for i in range(29)), attempt(70, 1)]
    assert reason(3, *late, *tried[:110]) is None
    assert reason(3, *late, *tried[:120]) == "patience"


def test_small_gains_are_a_plateau() -> None:
    spec = replace(SPEC, patience=13)
    first = [attempt(50), attempt(70, 1)]
    tried = [attempt(60, 2, met=20 + i // 2) for i in range(95)]
    assert reason(4, *first, *tried, attempt(72, 3), spec=spec) is None
    assert meaning(4, *first, *tried, attempt(60, 3), spec=spec) == (
        "The last 96 candidates gained 0.0 points together, and reached 0.70."
    )


def test_a_plateau_of_a_long_search_is_four_fifths_of_it() -> None:
    spec = replace(SPEC, patience=99)
    first = [attempt(50), *(attempt(55, 1, met=20 + i) for i in range(29)), attempt(70, 2)]
    tried = [attempt(60, 3, met=20 + i // 2) for i in range(120)]
    assert reason(4, *first, *tried[:100], spec=spec) is None
    assert meaning(4, *first, *tried, spec=spec).startswith("The last 120 candidates gained 0.0 points")


def test_the_steps_are_bounded() -> None:
    rising = [attempt(50 + 2 * step, step) for step in range(9)]
    assert reason(8, *rising, spec=OptimizeSpec(steps=8)) is None
    assert reason(9, *rising, spec=OptimizeSpec(steps=8)) == "steps"
