"""The split into search and holdout cases."""

from __future__ import annotations

from collections import Counter

import pytest
from builders import make_case, make_cases

from opro_action.errors import UsageError
from opro_action.search.split import holdout_share, split_cases


def test_no_case_is_in_both_parts_and_none_is_lost() -> None:
    cases = make_cases(47)
    split = split_cases(cases, holdout=0.4, seed=3)
    ids = [case.id for case in (*split.search, *split.holdout)]
    assert sorted(ids) == sorted(case.id for case in cases)
    assert len(split.holdout) == 19


def test_each_part_holds_each_expected_answer_in_proportion() -> None:
    for seed in range(20):
        split = split_cases(make_cases(60), holdout=0.4, seed=seed)
        counts = Counter(case.expected for case in split.holdout)
        assert all(7 <= counts[label] <= 9 for label in ("billing", "bug", "feature"))


def test_reordering_and_renaming_cases_moves_none() -> None:
    cases = make_cases(30)
    renamed = [make_case(f"new-{i}", str(case.vars["input"]), case.expected) for i, case in enumerate(reversed(cases))]
    before = {case.digest for case in split_cases(cases, holdout=0.4, seed=0).holdout}
    assert {case.digest for case in split_cases(renamed, holdout=0.4, seed=0).holdout} == before


def test_cases_that_ask_the_same_are_on_the_same_side_whatever_they_expect() -> None:
    cases = [make_case(f"{label}-{i}", f"ticket {i}", label) for i in range(20) for label in ("billing", "urgent")]
    for seed in range(10):
        split = split_cases(cases, holdout=0.4, seed=seed)
        assert not {case.asked for case in split.search} & {case.asked for case in split.holdout}
        assert len(split.holdout) == 16
        assert len(split.search) == 24


def test_another_seed_gives_another_split() -> None:
    parts = {tuple(case.id for case in split_cases(make_cases(40), holdout=0.4, seed=s).holdout) for s in range(5)}
    assert len(parts) == 5


def test_too_few_cases_are_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"at least 10 cases .* has 9: add cases"):
        split_cases(make_cases(9), holdout=0.4, seed=0)


def test_half_of_a_small_suite_is_held_out_and_less_of_a_large_one() -> None:
    assert [round(holdout_share(n) * n) for n in (20, 40, 60, 72, 90, 120, 300)] == [10, 20, 30, 36, 36, 36, 90]
    assert len(split_cases(make_cases(60), holdout=None, seed=0).holdout) == 30


def test_as_many_cases_as_a_split_has_to_search_on_are_the_same_again_though_some_are_alike() -> None:
    cases = [make_case(f"{name}-{i}", f"ticket {i}", "ab"[i % 2]) for i in range(40) for name in ("first", "second")]
    whole = split_cases(cases, holdout=0.4, seed=0)
    for most in range(1, len(whole.search) + 1):
        split = whole.searching(most, seed=0)
        assert most <= len(split.search) <= most + 1
        assert whole.searching(len(split.search), seed=0) == split.searching(len(split.search), seed=0) == split
