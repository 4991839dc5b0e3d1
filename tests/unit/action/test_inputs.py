"""The inputs, and the command lines that they become."""

from __future__ import annotations

import re

import pytest
from action_world import inputs_env

from opro_action.action.arguments import check_arguments, search_arguments
from opro_action.action.inputs import read_inputs
from opro_action.action.job import Job
from opro_action.action.process import Done
from opro_action.errors import UsageError

SPENT = Done("check", 1, result={"usage": {"calls": 30, "cost_usd": 0.25}})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mode": "search"}, "input `mode` is 'search', and it can be `auto` or `check` or `optimize` or `publish`"),
        ({"on_unmeasured": "ignore"}, "input `on-unmeasured` is 'ignore', and it can be `fail` or `warn`"),
        ({"propose": "yes"}, "input `propose` is 'yes', and it can be `pull-request` or `none`"),
        ({"fail_on": "always"}, "input `fail-on` is 'always', and it can be `regressed` or `inconclusive` or `never`"),
        ({"comment": "yes"}, "input `comment` is 'yes', and it can be `false` or `true`"),
        ({"allow_head_code": "yes"}, "input `allow-head-code` is 'yes'"),
        ({"draft": "yes"}, "input `draft` is 'yes', and it can be"),
        ({"cache": "no"}, "input `cache` is 'no', and it can be"),
        ({"local_model": "yes"}, "input `local-model` is 'yes', and it can be"),
        ({"steps": "3"}, "input `steps` has no meaning in mode `check`: remove it or change `mode`"),
        ({"mode": "publish", "model": "m"}, "input `model` has no meaning in mode `publish`"),
        ({"mode": "publish"}, "mode `publish` needs input `results`"),
    ],
)
def test_an_input_that_cannot_be_followed_is_a_sentence(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        read_inputs(inputs_env(**changes))


def test_lists_are_separated_by_commas_or_lines() -> None:
    given = read_inputs(inputs_env(labels="opro, needs review\nprompts,", reviewers="ada", draft="true")).publishing
    assert (given.labels, given.reviewers, given.draft) == (("opro", "needs review", "prompts"), ("ada",), True)


def test_a_check_takes_suites_only_as_suites() -> None:
    inputs = read_inputs(inputs_env(suites="evals/a.yaml\n--no-cache", max_calls="50", model="m"))
    expected = ["--model=m", "--max-calls=50", "--", "evals/a.yaml", "--no-cache"]
    assert check_arguments(inputs, Job(check="all")) == expected


def test_a_check_of_a_change_looks_only_at_what_changed_where_the_base_is_here() -> None:
    inputs = read_inputs(inputs_env(mode="auto", steps="2"))
    assert check_arguments(inputs, Job(check="changed", base="abc")) == ["--base=abc", "--changed", "--"]
    assert check_arguments(inputs, Job(check="changed", base="")) == ["--"]
    assert check_arguments(inputs, Job(check="all", base="abc")) == ["--base=abc", "--"]


def test_a_search_passes_all_its_bounds() -> None:
    bounds = {"steps": "3", "max_calls": "9", "max_cost": "0.5", "max_minutes": "2", "optimizer_model": "o"}
    inputs = read_inputs(inputs_env(mode="optimize", **bounds))
    assert search_arguments(inputs, "evals/a.yaml", [], {}) == [
        "--optimizer-model=o", "--max-calls=9", "--max-cost=0.5", "--max-minutes=2", "--steps=3", "--", "evals/a.yaml",
    ]  # fmt: skip


def test_a_search_has_what_the_check_left_of_the_caps() -> None:
    inputs = read_inputs(inputs_env(mode="auto", max_calls="100", max_cost="1"))
    assert search_arguments(inputs, "a.yaml", [SPENT], {}) == ["--max-calls=70", "--max-cost=0.75", "--", "a.yaml"]
    earlier = [SPENT, Done("optimize", 0, result={"usage": {"total": {"calls": 60, "cost_usd": None}}})]
    assert search_arguments(inputs, "a.yaml", earlier, {}) == ["--max-calls=10", "--max-cost=0.75", "--", "a.yaml"]


def test_a_lower_cap_of_the_suite_holds() -> None:
    inputs = read_inputs(inputs_env(mode="auto", max_calls="100", max_cost="1"))
    lower: dict[str, float | None] = {"max-calls": 60, "max-cost": None}
    assert search_arguments(inputs, "a.yaml", [], lower) == ["--max-cost=1", "--", "a.yaml"]
    higher: dict[str, float | None] = {"max-calls": 400, "max-cost": 2.0}
    assert search_arguments(inputs, "a.yaml", [], higher) == ["--max-calls=100", "--max-cost=1", "--", "a.yaml"]


@pytest.mark.parametrize("caps", [{"max_calls": "30"}, {"max_cost": "0.2"}])
def test_no_search_begins_when_nothing_is_left(caps: dict[str, str]) -> None:
    assert search_arguments(read_inputs(inputs_env(mode="auto", **caps)), "a.yaml", [SPENT], {}) is None


def test_no_search_begins_under_a_cap_when_nobody_knows_what_was_spent() -> None:
    capped = read_inputs(inputs_env(mode="auto", max_calls="30"))
    assert search_arguments(capped, "a.yaml", [Done("check", 70)], {}) is None
    assert search_arguments(read_inputs(inputs_env(mode="auto")), "a.yaml", [Done("check", 1)], {}) == ["--", "a.yaml"]


def test_a_command_that_found_nothing_to_do_has_spent_nothing() -> None:
    capped = read_inputs(inputs_env(mode="auto", max_calls="30"))
    assert search_arguments(capped, "a.yaml", [Done("check", 0)], {}) == ["--max-calls=30", "--", "a.yaml"]
    assert search_arguments(capped, "a.yaml", [Done("check", 0), SPENT], {}) is None


def test_a_cap_that_is_no_number_is_left_to_the_command_to_explain() -> None:
    inputs = read_inputs(inputs_env(mode="auto", max_calls="many"))
    assert search_arguments(inputs, "a.yaml", [SPENT], {}) == ["--max-calls=many", "--", "a.yaml"]
