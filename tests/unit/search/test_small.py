"""The small-model profile: instructions by example, and the prompt's frame kept."""

from __future__ import annotations

from pathlib import Path

from builders import make_suite

from opro_action.scoring.results import Answer, CaseResult
from opro_action.search.showing import Brief
from opro_action.search.small import DEMONSTRATIONS, Small
from opro_action.search.trajectory import Attempt, Trajectory
from opro_action.suite.suite import Suite


def test_every_draft_ends_with_the_suites_own_task_and_shows_other_tasks_with_instructions(tmp_path: Path) -> None:
    suite = described(tmp_path)
    for draft in Small().drafts(brief(suite)):
        assert "Name the team." in draft.messages[-1].content
        assert [message.role for message in draft.messages[:-1]] == ["user", "assistant"] * 4
        assert {message.content for message in draft.messages[1::2]} <= {words for _, words in DEMONSTRATIONS}


def test_the_drafts_of_a_step_differ_and_come_at_several_temperatures(tmp_path: Path) -> None:
    drafts = Small().drafts(brief(described(tmp_path)))
    assert len({draft.messages for draft in drafts}) == len(drafts) == 8
    assert len({dict(draft.params)["temperature"] for draft in drafts}) == 3


def test_half_of_the_drafts_show_the_best_prompt_so_far_first(tmp_path: Path) -> None:
    suite = described(tmp_path, prompt="Say something.\n\n{{input}}\n")
    before = brief(suite).trajectory
    right = {case.id: CaseResult(case, (Answer("billing", 1.0, passed=True),)) for case in suite.cases}
    wrong = {case.id: CaseResult(case, (Answer("", 0.0, passed=False),)) for case in suite.cases}
    seed, best = (
        before.seed.with_results([*wrong.values()]),
        Attempt("Best words.\n\n{{input}}", 1).with_results([*right.values()]),
    )
    drafts = Small().drafts(Brief(suite, Trajectory(2, (seed, best)), suite.cases, step=2, ways=("rewrite",) * 8))
    first = [draft.messages[1].content for draft in drafts]
    assert first[1::2] == ["Best words."] * 4
    assert "Best words." not in first[0::2]


def test_another_seed_shows_other_demonstrations(tmp_path: Path) -> None:
    suites = [described(tmp_path / str(seed), optimize={"seed": seed}) for seed in (0, 1)]
    first, second = (Small().drafts(brief(suite)) for suite in suites)
    assert [draft.messages for draft in first] != [draft.messages for draft in second]


def described(folder: Path, **keys: object) -> Suite:
    return make_suite(folder, description="Name the team.", **keys)


def brief(suite: Suite) -> Brief:
    results = [CaseResult(case, (Answer("", 0.0, passed=False),)) for case in suite.cases]
    seed = Attempt(suite.prompt.text, 0, "file").with_results(results)
    return Brief(suite, Trajectory(len(suite.cases), (seed,)), suite.cases, step=1, ways=("rewrite",) * 8)
