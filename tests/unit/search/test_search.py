"""The state machine, told answers by a world without a model."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from search_world import World, make_setup, share, tagged

from opro_action.errors import NotMeasured
from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.metaprompt import Draft
from opro_action.search.search import Score, Write
from opro_action.suite.suite import Case


def better(*words: str) -> list[str | None]:
    return [tagged(word) for word in words]


def test_a_clear_gain_is_proven_and_the_winner_is_the_best_of_the_search_split(tmp_path: Path) -> None:
    outcome = World(better("good 0.5", "best 0.9", "fair 0.7"), share).play(make_setup(tmp_path, candidates=3, steps=1))
    assert outcome.best.text == "best 0.9"
    assert outcome.evidence is not None
    assert outcome.evidence.evidence == "proven"
    assert outcome.stop.reason == "steps"


def test_the_files_prompt_is_scored_first_and_can_win(tmp_path: Path) -> None:
    world = World(better("worse 0.1", "worst 0.0"), share)
    outcome = world.play(make_setup(tmp_path, candidates=2, steps=1))
    assert world.scored[0].texts == ("seed prompt",)
    assert outcome.best is outcome.trajectory.seed
    assert outcome.evidence is not None
    assert outcome.evidence.evidence == "not_shown"


def test_without_a_better_candidate_the_holdout_is_not_looked_at(tmp_path: Path) -> None:
    world = World(better("same 0.2", "worse 0.1"), share)
    world.play(make_setup(tmp_path, candidates=2, steps=1))
    assert not any(ask.holdout for ask in world.scored)


def test_a_lead_that_does_not_count_is_told_from_one_that_luck_explains(tmp_path: Path) -> None:
    def reason(min_gain: float) -> str:
        world = World(better("a little better 0.3"), share)
        outcome = world.play(make_setup(tmp_path, candidates=1, steps=1, min_gain=min_gain))
        assert not any(ask.holdout for ask in world.scored)
        assert outcome.evidence is not None
        return outcome.evidence.reason

    assert reason(0.3).startswith("The only other prompt leads by 8.3 points on the search split, less than the 30.0")
    assert "which luck explains: it was not put to the holdout" in reason(0.02)


def test_the_holdout_is_looked_at_once_by_the_seed_and_the_winner_alone(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=2, steps=3)
    world = World(better("a 0.4", "b 0.5", "c 0.6", "d 0.7", "e 0.8", "f 0.9"), share)
    world.play(setup)
    looks = [ask for ask in world.scored if ask.holdout]
    assert [look.texts for look in looks] == [("seed prompt", "f 0.9")]
    assert looks[0].cases == setup.split.holdout


def test_no_holdout_case_is_ever_in_a_meta_prompt(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=2, steps=3)
    world = World(better("a 0.4", "b 0.5", "c 0.6", "d 0.7"), share)
    world.play(setup)
    read = "\n".join(
        message.content
        for ask in world.asked
        if isinstance(ask, Write)
        for draft in ask.drafts
        for message in draft.messages
    )
    assert not [case.id for case in setup.split.holdout if case.vars["input"] in read]
    assert any(case.vars["input"] in read for case in setup.split.search)


def test_a_model_that_is_not_deterministic_gives_three_answers_for_the_decision(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=1, steps=1, suite={"params": {"temperature": 0.7}})
    world = World(better("a 0.9"), share)
    world.play(setup)
    assert {(ask.holdout, ask.repeats) for ask in world.scored} == {(False, 1), (True, 3)}


def test_the_planned_calls_never_pass_the_cap_and_leave_room_for_the_decision(tmp_path: Path) -> None:
    for cap in range(110, 300, 7):
        setup = make_setup(tmp_path, candidates=2, steps=8, max_calls=cap)
        world = World(better(*(f"p 0.{i}" for i in range(3, 10))), share)
        outcome = world.play(setup)
        assert world.calls <= cap
        assert outcome.evidence is not None
        assert outcome.evidence.n == len(setup.split.holdout)


def test_steps_are_not_narrowed_for_more_of_them_than_may_be_made(tmp_path: Path) -> None:
    def width(**bounds: int) -> int:
        setup = make_setup(tmp_path, cases=60, max_calls=1500, **bounds)
        return setup.affordable(1, setup.seed_calls)

    assert width(steps=8) == 8
    assert width(steps=100) == width(steps=16) < 8


def test_the_estimate_is_what_a_search_of_all_steps_asks_for(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=2, steps=3, patience=9)
    world = World(better(*(f"p 0.{i}" for i in range(3, 9))), share)
    world.play(setup)
    assert world.calls == setup.most_calls


def test_a_budget_that_ends_in_the_middle_leaves_no_decision(tmp_path: Path) -> None:
    outcome = World(better("a 0.9"), share, calls_left=30).play(make_setup(tmp_path, candidates=2, steps=3))
    assert outcome.evidence is None
    assert outcome.stop.reason == "budget"


def test_a_seed_from_the_baseline_may_win(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=1, steps=1, seeds=(("accepted 0.9", "baseline"),))
    outcome = World(better("a 0.5"), share).play(setup)
    assert outcome.best.text == "accepted 0.9"
    assert outcome.best.origin == "baseline"


def test_a_seed_that_equals_the_files_prompt_is_scored_once(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=1, steps=1, seeds=(("seed prompt", "baseline"),))
    world = World(better("a 0.5"), share)
    world.play(setup)
    first = [ask for ask in world.scored if ask.step == 0 and not ask.holdout]
    assert [ask.texts for ask in first] == [("seed prompt",)]


def test_a_rejected_candidate_costs_no_call_and_is_told_to_the_optimizer_model(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=2, steps=2)
    world = World(["no tags here", *better("seed  PROMPT", "a 0.5", "b 0.6")], share)
    world.play(setup)
    assert {text for ask in world.scored for text in ask.texts} == {"seed prompt", "a 0.5", "b 0.6"}
    second = [ask for ask in world.asked if isinstance(ask, Write)][1].drafts[0]
    assert "no <prompt>…</prompt> in the reply (1); tried before (1)" in text_of(second)


def test_the_optimizer_model_reads_the_trajectory_worst_first_with_scores_as_integers(tmp_path: Path) -> None:
    world = World(better("b 0.9", "a 0.5", "c 0.95", "d 0.1"), share)
    outcome = world.play(make_setup(tmp_path, candidates=2, steps=2))
    read = text_of([ask for ask in world.asked if isinstance(ask, Write)][1].drafts[0])
    places = [read.index(text) for text in ("seed prompt", "a 0.5", "b 0.9")]
    assert places == sorted(places)
    scores = [round(100 * (attempt.score or 0)) for attempt in outcome.trajectory.scored[:3]]
    assert re.findall(r"score: (\S+)", read) == [str(score) for score in sorted(scores)]


def test_a_candidate_that_breaks_a_must_pass_case_cannot_win(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=1, steps=1)
    key = setup.split.search[0]
    suite = {"cases": [_case(case, must_pass=case.id == key.id) for case in setup.suite.cases]}
    setup = make_setup(tmp_path, candidates=1, steps=1, suite=suite)

    def right(text: str, case: Case) -> bool:
        return (text == "seed prompt") == (case.id == key.id)

    outcome = World(better("all others"), right).play(setup)
    assert outcome.best is outcome.trajectory.seed
    assert outcome.evidence is not None
    assert outcome.evidence.reason.endswith("the search split without failing a must_pass case.")


def _case(case: Case, *, must_pass: bool) -> dict[str, object]:
    return {"id": case.id, "input": case.vars["input"], "expected": case.expected, "must_pass": must_pass}


def test_cases_of_weight_0_come_last_so_that_they_eliminate_nobody(tmp_path: Path) -> None:
    cases = make_setup(tmp_path).suite.cases
    key = ("id", "input", "expected", "weight")
    listed = [
        dict(zip(key, (case.id, case.vars["input"], case.expected, int(i % 8 == 0)), strict=True))
        for i, case in enumerate(cases)
    ]
    world = World(better("all 1.0", "none 0.0", "half 0.5", "some 0.3"), share)
    outcome = world.play(make_setup(tmp_path, candidates=4, steps=1, suite={"cases": listed}))

    first = next(ask for ask in world.scored if ask.step == 1)
    weights = [case.weight for case in first.cases]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1
    assert outcome.trajectory.best.text == "all 1.0"


def test_ties_go_to_the_shorter_text(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=3, steps=1)
    outcome = World(better("one that is longer 0.7", "short 0.7", "another with more words 0.7"), share).play(setup)
    assert outcome.best.text == "short 0.7"


def test_a_prompt_that_cannot_be_scored_ends_the_search_as_not_measured(tmp_path: Path) -> None:
    class Down(World):
        def result(self, text: str, case: Case, repeats: int) -> CaseResult:
            return CaseResult(case, (Answer("", None, False, "503 from the provider"),))

    with pytest.raises(NotMeasured, match="24 of 24 cases have no score, the first because: 503 from the provider"):
        Down([], share).play(make_setup(tmp_path))


def test_a_holdout_that_cannot_be_scored_is_not_measured(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=1, steps=1)

    class DownLater(World):
        def result(self, text: str, case: Case, repeats: int) -> CaseResult:
            if case in setup.split.holdout and text != "seed prompt":
                return CaseResult(case, (Answer("", None, False, "503 from the provider"),))
            return super().result(text, case, repeats)

    with pytest.raises(NotMeasured, match="The holdout could not be measured: 16 of 16 cases have no score"):
        DownLater(better("a 0.9"), share).play(setup)


def test_a_stop_for_time_ends_the_search_with_a_decision(tmp_path: Path) -> None:
    setup = make_setup(tmp_path, candidates=1, steps=5)
    hurried = replace(setup, lacking=lambda step, writes, asks: "5 minutes" if step > 1 else None)
    outcome = World(better("a 0.9", "b 0.95"), share).play(hurried)
    assert outcome.stop.meaning == "Another step and the decision do not fit into 5 minutes."
    assert outcome.best.text == "a 0.9"
    assert outcome.evidence is not None
    assert outcome.evidence.evidence == "proven"


def test_the_same_answers_give_the_same_course(tmp_path: Path) -> None:
    def course() -> list[object]:
        world = World(better("a 0.4", "b 0.5", "c 0.6", "d 0.7"), share)
        world.play(make_setup(tmp_path, candidates=2, steps=2))
        return [ask for ask in world.asked if isinstance(ask, Score)]

    assert course() == course()


def text_of(draft: Draft) -> str:
    return "\n".join(message.content for message in draft.messages)
