"""The comment on a pull request: the verdict first, short enough, and all that is not ours is only text."""

from __future__ import annotations

import re
from typing import Any

import pytest

from opro_action.report.comment import LIMIT, Ran, comment_key, comment_text, is_comment

KEY = comment_key("prompts", "evals/a.yaml")


def suite(**changes: Any) -> dict[str, Any]:
    found = {
        "suite": "evals/a.yaml", "verdict": "regressed", "reason": "2 cases broke", "score": 0.5, "ci95": [0.3, 0.7],
        "n": 20, "baseline": {"score": 0.9}, "delta": -0.4, "delta_ci95": None, "regressed_cases": ["c1", "c2"],
        "broken_must_pass": ["c2"], "cases": [{"id": f"c{i}", "explanation": f"said {i}"} for i in range(4)],
    }  # fmt: skip
    return {**found, **changes}


def text(*suites: dict[str, Any], verdict: str = "regressed", **changes: Any) -> str:
    check = {"verdict": verdict, "suites": suites or (suite(verdict=verdict),)}
    check, proposals = changes.pop("check", check), changes.pop("proposals", ())
    ran = Ran(**{"url": "https://hub/run/9", **changes})
    return comment_text(check, ran=ran, proposals=proposals, key=KEY)


@pytest.mark.parametrize(
    ("verdict", "first"),
    [
        ("regressed", "**Regressed**"),
        ("improved", "**Improved**"),
        ("unchanged", "**Unchanged**"),
        ("inconclusive", "**Inconclusive: lower, and it may be chance**"),
        ("no_baseline", "**Scored; there is no baseline to compare with**"),
    ],
)
def test_the_verdict_is_the_first_line(verdict: str, first: str) -> None:
    assert text(verdict=verdict).splitlines()[0] == first


def test_not_measured_are_the_first_words() -> None:
    assert text(verdict="unmeasured").startswith("NOT MEASURED")
    assert text(check=None, exit_code=3, words="No key").startswith("NOT MEASURED")


def test_a_search_that_could_not_measure_leaves_the_checks_verdict_in_the_first_line() -> None:
    shown = text(verdict="improved", exit_code=3, words="No key for anthropic/x")
    assert shown.startswith("**Improved**\n")
    assert "No key for anthropic/x" in shown
    assert "NOT MEASURED" not in shown


def test_it_names_the_commit_that_was_measured() -> None:
    assert "\nCommit `0123456` · [All of this run](https://hub/run/9)\n" in text(commit="0123456789abcdef" * 2)
    assert "\nCommit `0123456`\n" in text(commit="0123456789abcdef" * 2, url="")


def test_without_a_check_it_says_whether_there_was_a_search() -> None:
    assert text(check=None).startswith("**No prompt to check**\n")
    assert text(check=None, proposals=["[Opened](u)"]).startswith("**Searched**\n\n[Opened](u)\n")


def test_a_warning_stands_below_the_verdict_and_is_only_text() -> None:
    assert text(warnings=["`a` @b"]).startswith("**Regressed**\n\nWarning: \\`a\\` @\u2060b\n")


def test_another_failure_says_its_exit_code_and_last_words() -> None:
    shown = text(check=None, exit_code=2, words="evals/a.yaml:3: no such key")
    assert shown.startswith("**Not finished**: opro ended with exit code 2.\n")
    assert "evals/a.yaml:3: no such key" in shown


def test_broken_cases_are_listed_must_pass_first() -> None:
    assert "```text\n(must pass) c2: said 2\nc1: said 1\n```" in text()


def test_many_cases_are_counted() -> None:
    cases = [{"id": f"c{number}", "explanation": "x"} for number in range(40)]
    shown = text(suite(cases=cases, regressed_cases=[case["id"] for case in cases], broken_must_pass=[]))
    assert "and 30 more cases\n" in shown


def test_it_links_to_the_run_and_ends_with_its_marker() -> None:
    shown = text()
    assert "[All of this run](https://hub/run/9)" in shown
    assert shown.splitlines()[-1].startswith("<!-- opro-action:")
    assert is_comment(shown, KEY)
    assert not is_comment(shown, comment_key("prompts", "evals/b.yaml"))


def test_a_quoted_marker_does_not_make_a_comment_ours() -> None:
    ours = text()
    assert not is_comment(f"> {ours.splitlines()[-1]}\n\nI do not think so.", KEY)
    assert not is_comment("", KEY)


def test_it_stays_under_githubs_limit_and_keeps_its_marker() -> None:
    long = [suite(reason="@" * 5000, cases=[{"id": "c1", "explanation": "x" * 5000}]) for _ in range(300)]
    shown = text(*long, proposals=["line"] * 10, words="w" * 2000, exit_code=4)
    assert len(shown) <= LIMIT
    assert is_comment(shown, KEY)
    many = text(*(suite(regressed_cases=[], broken_must_pass=[]) for _ in range(60)))
    assert "And 10 more suites." in many


@pytest.mark.parametrize("nasty", ["@team", "Fixes #1", "<img src=x>", "<!-- x", "a | b\nc", "\u202ea", "::error::x\0"])
def test_nothing_of_a_result_is_markup(nasty: str) -> None:
    cases = [{"id": nasty, "explanation": nasty}]
    shown = text(suite(suite=nasty, reason=nasty, cases=cases, regressed_cases=[nasty]), check=None, words=nasty)
    shown += text(suite(suite=nasty, reason=nasty, cases=cases, regressed_cases=[nasty]))
    outside = re.sub(r"```text\n.*?\n```|`[^`\n]*`", "", shown, flags=re.DOTALL)
    assert not re.search(r"@\w|#\d|<img|<!-- x|\u202e|\0", outside)
    assert all(line.count(" | ") == 6 for line in shown.splitlines() if line.startswith("| "))
