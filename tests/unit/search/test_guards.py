"""Further suites and models that a winner must not make worse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from builders import make_cases
from search_world import World, make_setup, share, tagged

from opro_action.gate.evidence import kept
from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.guards import Guard
from opro_action.search.setup import Setup
from opro_action.suite.suite import Case

OTHERS = tuple(replace(case, id=f"other-{case.id}") for case in make_cases(20))


def guarded(folder: Path, **optimize: Any) -> Setup:
    setup = make_setup(folder, candidates=1, steps=1, **optimize)
    return replace(setup, guards=(Guard("evals/other.yaml", setup.suite, OTHERS, 1),))


def right_unless_other(text: str, case: Case) -> bool:
    return text == "seed prompt" if case.id.startswith("other") else share(text, case)


def right_everywhere(text: str, case: Case) -> bool:
    return True if case.id.startswith("other") else share(text, case)


def test_a_winner_that_makes_another_suite_worse_is_not_accepted(tmp_path: Path) -> None:
    outcome = World([tagged("a 0.9")], right_unless_other).play(guarded(tmp_path))
    assert outcome.evidence is not None
    assert outcome.evidence.evidence == "not_shown"
    assert "but evals/other.yaml got worse: the score fell by 100.0 points over 20 cases" in outcome.evidence.reason
    assert [one.kept.worse for one in outcome.guarded] == [True]


def test_a_winner_that_keeps_every_other_suite_is_accepted_with_what_they_scored(tmp_path: Path) -> None:
    outcome = World([tagged("a 0.9")], right_everywhere).play(guarded(tmp_path))
    assert outcome.evidence is not None
    assert outcome.evidence.evidence == "proven"
    (seen,) = outcome.guarded
    assert (seen.name, seen.kept.n, seen.kept.delta, seen.kept.worse) == ("evals/other.yaml", 20, 0.0, False)


def test_guards_are_asked_for_the_winner_alone_and_only_after_a_gain_was_shown(tmp_path: Path) -> None:
    world = World([tagged("a 0.9")], right_everywhere)
    world.play(guarded(tmp_path))
    assert [ask.texts for ask in world.scored if ask.of] == [("seed prompt", "a 0.9")]
    lost = World([tagged("a 0.1")], right_everywhere)
    lost.play(guarded(tmp_path))
    assert not [ask for ask in lost.scored if ask.of]


def test_the_calls_of_guards_are_kept_back_from_the_search(tmp_path: Path) -> None:
    plain = make_setup(tmp_path, candidates=1, steps=1)
    assert guarded(tmp_path).decision_calls == plain.decision_calls + 40
    for cap in range(150, 260, 9):
        world = World([tagged(f"a 0.{i}") for i in range(3, 9)], right_everywhere)
        outcome = world.play(guarded(tmp_path, max_calls=cap))
        assert world.calls <= cap
        assert outcome.evidence is not None


def result(case: Case, score: float | None) -> CaseResult:
    return CaseResult(case, (Answer("", score, score == 1.0),))


def test_a_small_or_uncertain_drop_is_no_worsening() -> None:
    cases = make_cases(40)
    one_lost = [(result(case, 1.0), result(case, float(case.id != "case-0"))) for case in cases]
    assert not kept(one_lost, max_drop=0.03).worse
    assert not kept(one_lost, max_drop=0.02).worse
    three_lost = [(result(case, 1.0), result(case, float(int(case.id[5:]) > 2))) for case in cases]
    assert kept(three_lost, max_drop=0.02).worse


def test_a_broken_must_pass_case_is_a_worsening_and_so_is_what_cannot_be_measured() -> None:
    cases = (replace(make_cases(1)[0], must_pass=True), *make_cases(30)[1:])
    broken = [(result(case, 1.0), result(case, float(case.id != "case-0"))) for case in cases]
    assert kept(broken, max_drop=0.1).reason == 'must_pass cases broke: "case-0"'
    lost = [(result(case, 1.0), result(case, None)) for case in cases]
    assert kept(lost, max_drop=0.1).worse
