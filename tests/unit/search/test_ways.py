"""The ways to write candidates and their shares."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from search_world import World, make_setup, share, tagged

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.search import Write
from opro_action.search.trajectory import Attempt, Trajectory, Way
from opro_action.search.ways import ways_of_step
from opro_action.suite.suite import Case, OptimizeSpec

CASES = tuple(Case(f"c{i}", {"input": str(i)}, "a") for i in range(10))


def attempt(text: str, right: int, step: int = 0, way: Way | None = None) -> Attempt:
    results = [CaseResult(case, (Answer("", float(i < right), i < right),)) for i, case in enumerate(CASES)]
    return Attempt(text, step, "optimizer" if step else "file", way=way).with_results(results)


def counts(trajectory: Trajectory, spec: OptimizeSpec | None = None, *, steps: int = 50) -> Counter[Way]:
    spec = spec or OptimizeSpec()
    drawn = [ways_of_step(spec, trajectory, step, candidates=spec.candidates) for step in range(1, steps + 1)]
    return Counter(way for ways in drawn for way in ways)


START = Trajectory(10, (attempt("seed", 5),))


def test_a_run_begins_with_rewrites_and_repairs_before_edits_and_restarts() -> None:
    found = counts(START)
    assert found["rewrite"] > found["repair"] > found["edit"] >= found["restart"] * 0.8 > 0


def test_every_step_gets_each_share_to_within_one_candidate() -> None:
    for step in range(1, 30):
        ways = ways_of_step(OptimizeSpec(), START, step, candidates=8)
        assert len(ways) == 8
        assert 2 <= ways.count("rewrite") <= 4


def test_only_the_ways_that_the_suite_allows_are_taken() -> None:
    assert set(counts(START, OptimizeSpec(ways=("edit", "restart")))) == {"edit", "restart"}


def test_nothing_is_repaired_when_nothing_failed_and_nothing_short_is_shortened() -> None:
    assert not {"repair", "shorten"} & set(counts(Trajectory(10, (attempt("seed", 10),))))
    longer = START.plus([attempt("a prompt that became much longer than the seed", 7, 1, "edit")])
    assert counts(longer)["shorten"] > 0


def test_the_only_way_that_is_allowed_but_not_possible_gives_rewrites() -> None:
    assert set(counts(START, OptimizeSpec(ways=("shorten",)))) == {"rewrite"}


def test_a_way_that_paid_off_is_taken_more_often_and_one_that_did_not_less() -> None:
    paid = [attempt(f"e{i}", 6 + i, i, "edit") for i in range(1, 4)]
    failed = [replace(attempt(f"r{i}", 0, i, "rewrite"), results={}) for i in range(1, 4)]
    before, after = counts(START), counts(START.plus([*paid, *failed]))
    assert after["edit"] > 2 * before["edit"]
    assert 0 < after["rewrite"] < before["rewrite"]


def test_demos_are_a_way_only_when_the_suite_asks_for_them() -> None:
    assert counts(START)["demos"] == 0
    assert counts(START, OptimizeSpec(demos=2))["demos"] > 0


def test_each_candidate_remembers_its_way(tmp_path: Path) -> None:
    world = World([tagged(f"p{i} 0.5") for i in range(8)], share)
    outcome = world.play(make_setup(tmp_path, candidates=8, steps=1))
    (write,) = [ask for ask in world.asked if isinstance(ask, Write)]
    tried = [one for one in outcome.trajectory.attempts if one.step == 1]
    assert [one.way for one in tried] == [draft.way for draft in write.drafts]
