"""From a suite to the setup of its search, and what is refused before anything is spent."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_suite, write, write_suite

from opro_action.errors import FileError, UsageError
from opro_action.gate.baseline import as_text, baseline_of
from opro_action.gate.fingerprint import fingerprint
from opro_action.scoring.results import Answer, CaseResult, SuiteResult
from opro_action.search.candidates import TURNED_DOWN, Rules, rejection
from opro_action.search.declined import keep_closed, known_versions
from opro_action.search.demos import demo_section, with_section
from opro_action.search.history import Version, to_lines
from opro_action.search.prepare import prepare, writer_named, writer_of
from opro_action.search.selection import Halving
from opro_action.suite.prompt import Frame, digest
from opro_action.suite.suite import ModelSpec, Suite


def cases(count: int) -> list[dict[str, Any]]:
    return [{"id": f"c{i}", "input": f"the input number {i:03}", "expected": "ab"[i % 2]} for i in range(count)]


def suite_of(folder: Path, count: int = 40, **keys: Any) -> Suite:
    return make_suite(folder, **{"cases": cases(count), "params": {"temperature": 0}, **keys})


def test_fewer_than_20_cases_are_refused_with_what_they_could_show(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        prepare(suite_of(tmp_path, 19))
    said = str(refused.value)
    assert "19 cases are too few to search: a holdout of 10 can prove only a gain of 50 points or more" in said
    assert said.endswith("or search all the same with --allow-few.")
    assert prepare(suite_of(tmp_path, 19), allow_few=True).split.holdout
    assert prepare(suite_of(tmp_path, 20))


def test_the_default_budget_is_about_ten_answers_per_case(tmp_path: Path) -> None:
    for count in (20, 60, 200):
        setup = prepare(suite_of(tmp_path, count))
        assert 10 * count <= setup.cap <= 10 * count + 64
        assert setup.most_calls <= setup.cap
    assert prepare(suite_of(tmp_path, optimize={"max_calls": 777})).cap == 777


def test_a_budget_decides_how_many_cases_are_searched_on(tmp_path: Path) -> None:
    for calls, searched in ((400, 30), (3600, 60), (9000, 84)):
        split = prepare(suite_of(tmp_path, 120, optimize={"max_calls": calls})).split
        assert (len(split.search), len(split.spare), len(split.holdout)) == (searched, 84 - searched, 36)
    ids = [case.id for part in (split.search, split.spare, split.holdout) for case in part]
    assert sorted(ids) == sorted(case.id for case in suite_of(tmp_path, 120).cases)


def test_cases_to_search_on_are_stratified_and_kept_in_order(tmp_path: Path) -> None:
    split = prepare(suite_of(tmp_path, 120, optimize={"max_calls": 400})).split
    assert sum(case.expected == "a" for case in split.search) == 15
    numbers = [int(case.id[1:]) for case in split.search]
    assert numbers == sorted(numbers)


def test_a_holdout_that_is_set_leaves_all_other_cases_to_the_search(tmp_path: Path) -> None:
    split = prepare(suite_of(tmp_path, 120, optimize={"max_calls": 600, "holdout": 0.4})).split
    assert (len(split.search), len(split.spare)) == (72, 0)


def test_a_tight_budget_has_fewer_answers_per_case_in_the_decision(tmp_path: Path) -> None:
    warm = {"temperature": 1}
    assert prepare(suite_of(tmp_path, 60, params=warm)).holdout_repeats == 3
    for calls, repeats in ((300, 1), (400, 2), (600, 3)):
        suite = suite_of(tmp_path, 60, optimize={"max_calls": calls}, params=warm)
        assert prepare(suite).holdout_repeats == repeats
    assert prepare(suite_of(tmp_path, 60, optimize={"max_calls": 300})).holdout_repeats == 1


@pytest.mark.parametrize(
    ("count", "keys", "cap"),
    [
        (200, {"optimize": {"holdout": 0.1}, "params": {"temperature": 1}}, 130),
        (2000, {"scorers": {"similar": {"model": "openai/vectors"}}, "repeats": 3}, 20),
        (40, {}, 1),
    ],
)
def test_the_cap_that_is_named_where_one_is_too_low_is_high_enough(
    tmp_path: Path, count: int, keys: dict[str, Any], cap: int
) -> None:
    def capped(calls: int) -> Suite:
        return suite_of(tmp_path, count, **{**keys, "optimize": {**keys.get("optimize", {}), "max_calls": calls}})

    with pytest.raises(UsageError, match=rf"max_calls is {cap}, but .* takes \d+ calls; set max_calls") as refused:
        prepare(capped(cap))
    named = int(str(refused.value).split(" takes ")[1].split()[0])
    setup = prepare(capped(named))
    assert setup.least_calls <= setup.cap == named
    with pytest.raises(UsageError, match=f"takes {named} calls"):
        prepare(capped(named - 1))


def test_halving_is_the_default_selection(tmp_path: Path) -> None:
    assert prepare(suite_of(tmp_path)).selection == Halving()


def test_the_task_model_writes_without_what_shapes_its_answers(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, model="openai/small", params={"temperature": 0, "max_tokens": 4, "user": "ci"})
    assert writer_of(suite) == ModelSpec("openai/small", {"temperature": 1.0, "user": "ci"})
    named = suite_of(tmp_path, optimize={"model": "openai/large"})
    assert writer_of(named) == ModelSpec("openai/large")


def test_another_writer_is_asked_at_the_server_of_writers_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"api_key_env": "TASK_KEY"}
    task, writer = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"
    suite = suite_of(tmp_path, model="openai/small", params=params)
    monkeypatch.setenv("OPRO_API_BASE", task)
    named = writer_named(suite, "other/large")
    assert (named.params, named.api_key_env) == ({"api_base": task}, "TASK_KEY")

    monkeypatch.setenv("OPRO_OPTIMIZER_API_BASE", writer)
    named = writer_named(suite, "other/large")
    assert (named.params, named.api_key_env) == ({"api_base": writer}, None)
    bound = suite_of(tmp_path, model="openai/small", params={**params, "api_base": task})
    named = writer_named(bound, "other/large")
    assert (named.params, named.api_key_env) == ({"api_base": task}, "TASK_KEY")
    own = suite_of(tmp_path, optimize={"model": "openai/large"})
    assert writer_named(own, "openai/larger") == ModelSpec("openai/larger")


def test_further_suites_of_the_same_prompt_and_further_models_become_guards(tmp_path: Path) -> None:
    others = [{"id": f"o{i}", "input": f"another input {i}", "expected": "a"} for i in range(4)]
    write_suite(tmp_path, name="other", cases=[*others, *cases(10)], prompt="Other.\n")
    same = (tmp_path / "evals/other.yaml").read_text().replace("other.md", "routing.md")
    write(tmp_path / "evals/same.yaml", same)
    setup = prepare(suite_of(tmp_path, optimize={"also": ["same.yaml"], "models": ["openai/b"]}))
    names = [(guard.name, guard.suite.model.id) for guard in setup.guards]
    assert names == [("evals/same.yaml", "scripted/test"), ("the model openai/b", "openai/b")]
    unseen = [case.id for case in setup.split.holdout if case.id in {f"c{i}" for i in range(10)}]
    assert [case.id for case in setup.guards[0].cases] == ["o0", "o1", "o2", "o3", *unseen]
    assert setup.guards[1].cases == setup.split.holdout


def test_a_further_suite_with_no_case_of_its_own_is_refused(tmp_path: Path) -> None:
    searched = prepare(suite_of(tmp_path)).split.search
    seen = [each for each in cases(40) if each["id"] in {case.id for case in searched}]
    write_suite(tmp_path, name="other", cases=seen)
    same = (tmp_path / "evals/other.yaml").read_text().replace("other.md", "routing.md")
    write(tmp_path / "evals/same.yaml", same)
    with pytest.raises(UsageError, match="the search works on each of its cases"):
        prepare(suite_of(tmp_path, optimize={"also": ["same.yaml"]}))


def test_a_suite_of_another_prompt_is_no_guard(tmp_path: Path) -> None:
    write_suite(tmp_path, name="other", cases=cases(10))
    with pytest.raises(UsageError, match=r"optimize.also names evals/other.yaml, whose prompt is another one"):
        prepare(suite_of(tmp_path, optimize={"also": ["other.yaml"]}))


def test_a_further_suite_outside_of_the_repository_is_refused(tmp_path: Path) -> None:
    outside = write_suite(tmp_path / "outside", cases=cases(10))
    assert outside.exists()
    with pytest.raises(FileError, match="lies outside the repository"):
        prepare(suite_of(tmp_path / "repository", optimize={"also": ["../../outside/evals/routing.yaml"]}))


def version(text: str, score: float, evidence: str) -> Version:
    return Version(digest(text), text, score, 20, "holdout", "2026-01-01T00:00:00Z", None, evidence, "optimizer", "f")


def with_history(folder: Path, *versions: Version) -> Suite:
    suite = suite_of(folder)
    write(suite.history_path, "".join(json.dumps(asdict(one)) + "\n" for one in versions))
    return suite


def test_the_best_past_winners_are_seeds_whatever_they_were_measured_with(tmp_path: Path) -> None:
    found = [version(f"winner {i}", 0.5 + i / 10, "proven") for i in range(4)]
    suite = with_history(tmp_path, *found, version("no winner", 0.99, "not_shown"))
    assert prepare(suite).seeds == (("winner 3", "history"), ("winner 2", "history"), ("winner 1", "history"))


def test_a_past_winner_that_shows_cases_of_this_split_is_no_seed(tmp_path: Path) -> None:
    plain = prepare(suite_of(tmp_path, optimize={"demos": 2}))
    pool, held = demo_section(plain.split.demos[:2]), demo_section(plain.split.holdout[:2])
    shown = [with_section("Name it.", section, Frame()) for section in (pool, held)]
    suite = suite_of(tmp_path, optimize={"demos": 2})
    write(suite.history_path, to_lines([version(text, 0.9, "proven") for text in shown]))
    assert prepare(suite).seeds == ((shown[0], "history"),)


def test_cases_that_are_all_the_same_cannot_be_split(tmp_path: Path) -> None:
    same = [{"id": f"c{i}", "input": "the one input", "expected": "a"} for i in range(30)]
    with pytest.raises(UsageError, match="All 30 cases of this suite ask the same: add others"):
        prepare(suite_of(tmp_path, cases=same))


def test_a_part_without_any_weight_is_refused(tmp_path: Path) -> None:
    light = [{**case, "weight": 0} for case in cases(40)]
    suite = suite_of(tmp_path)
    held = {case.id for case in prepare(suite).split.holdout}
    for name, heavy in (("search", held), ("holdout", {case["id"] for case in light} - held)):
        listed = [{**case, "weight": int(case["id"] in heavy)} for case in light]
        with pytest.raises(UsageError, match=rf"each of the 20 {name} cases has weight 0.*another seed"):
            prepare(make_suite(tmp_path, cases=listed))


def test_embeddings_count_as_the_calls_that_they_are(tmp_path: Path) -> None:
    assert prepare(suite_of(tmp_path, scorers={"similar": {"model": "openai/vectors"}})).calls_per_answer == 3
    assert prepare(suite_of(tmp_path, scorers=["exact", {"rubric": "It is polite."}])).calls_per_answer == 2


def test_other_models_are_graded_by_the_judge_of_the_suite(tmp_path: Path) -> None:
    setup = prepare(suite_of(tmp_path, scorers=[{"rubric": "Polite."}], optimize={"models": ["scripted/other"]}))
    judge = setup.guards[0].suite.judge
    assert judge is not None
    assert judge.id == setup.suite.model.id


def test_other_models_have_neither_price_nor_key_of_the_suites_own(tmp_path: Path) -> None:
    params = {"temperature": 0, "api_key_env": "MY_KEY", "price": {"input": 1, "output": 2.5}}
    suite = suite_of(tmp_path, params=params, optimize={"models": ["openai/b", "scripted/test"]})
    other, same = [guard.suite.model for guard in prepare(suite).guards]
    assert other == ModelSpec("openai/b", {"temperature": 0})
    assert same == suite.model


def test_what_a_person_turned_down_is_neither_a_seed_nor_tried_again(tmp_path: Path) -> None:
    suite = with_history(tmp_path, version("refused", 0.9, "proven"), version("refused", 0.9, "declined"))
    setup = prepare(suite)
    assert (setup.seeds, setup.declined) == ((), ("refused",))
    rules = Rules.around(suite.prompt, suite.cases, None)
    assert rejection(" Refused ", rules, (), setup.declined) == TURNED_DOWN


def test_a_closed_proposal_counts_for_every_suite_of_its_prompt_and_for_no_other(tmp_path: Path) -> None:
    suite = with_history(tmp_path, version("better", 0.9, "proven"))
    keep_closed(suite.root, "prompts/routing.md", [version("refused", 0.8, "declined")])
    keep_closed(suite.root, "prompts/other.md", [version("better", 0.9, "declined")])
    setup = prepare(suite)
    assert (setup.seeds, setup.declined) == ((("better", "history"),), ("refused",))


def test_a_past_winner_that_was_closed_is_no_seed_however_it_is_spaced(tmp_path: Path) -> None:
    suite = with_history(tmp_path, version("Closed  words", 0.9, "proven"), version("better", 0.8, "proven"))
    keep_closed(suite.root, "prompts/routing.md", [version("closed words", 0.9, "declined")])
    assert prepare(suite).seeds == (("better", "history"),)


def test_the_baselines_prompt_is_no_seed_once_a_person_turned_it_down(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    result = SuiteResult(tuple(CaseResult(case, (Answer("a", 1.0, True, ""),)) for case in suite.cases))
    accepted = replace(suite, prompt=replace(suite.prompt, text="accepted once"))
    baseline = baseline_of(accepted, result, fingerprint(accepted, suite.model))
    write(suite.baseline_path, as_text(baseline))
    assert prepare(suite).seeds == (("accepted once", "baseline"),)
    keep_closed(suite.root, "prompts/routing.md", [version("accepted once", 0.9, "declined")])
    assert prepare(suite).seeds == ()


def test_the_text_that_the_file_has_now_is_not_kept_out(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    keep_closed(suite.root, "prompts/routing.md", [version(suite.prompt.text, 0.9, "declined")])
    assert known_versions(suite) == ()


def test_what_the_history_has_as_declined_is_not_added_to_it_again(tmp_path: Path) -> None:
    suite = with_history(tmp_path, version("refused", 0.9, "declined"))
    again = version("refused", 0.8, "declined")
    keep_closed(suite.root, "prompts/routing.md", [again, version("new", 0.7, "declined")])
    assert [one.text for one in known_versions(suite)] == ["refused", "new"]


def test_nothing_is_written_where_nothing_was_closed(tmp_path: Path) -> None:
    keep_closed(tmp_path, "prompts/routing.md", [])
    assert list(tmp_path.iterdir()) == []
