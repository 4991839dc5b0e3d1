from typing import Any

import pytest
from builders import graded, graded_by

from opro_action.errors import UsageError
from opro_action.scoring.scorers import SCORERS
from opro_action.suite.suite import Case, ScorerSpec

LABELS = ["billing", "bug", "feature"]
CHOICE = ScorerSpec("choice", {"of": LABELS})


def expecting(expected: object) -> Case:
    return Case("c", {"input": "?"}, expected)


OPTIONS: dict[str, dict[str, Any]] = {"choice": {"of": LABELS}, "json_schema": {"schema": {"type": "integer"}}}
ALL = sorted(set(SCORERS))


@pytest.mark.parametrize("name", sorted(set(ALL) - {"json_schema"}))
@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("answer", ["anything", ""])
def test_a_case_without_what_the_scorer_needs_is_unscored_and_never_0(name: str, negated: bool, answer: str) -> None:
    found = graded(ScorerSpec(name, OPTIONS.get(name, {}), negated=negated), expecting(None), answer)

    assert found.score is None
    assert "has no `expected`" in found.explanation


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("answer", ["", " \n\t"])
def test_an_empty_answer_has_the_score_0_of_a_negated_scorer_too(name: str, negated: bool, answer: str) -> None:
    expected = "bug" if name == "choice" else "1"
    found = graded(ScorerSpec(name, OPTIONS.get(name, {}), negated=negated), expecting(expected), answer)

    assert (found.score, found.explanation) == (0.0, "the answer is empty")


@pytest.mark.parametrize(
    ("name", "expected", "right", "wrong"),
    [
        ("exact", "bug", "bug", "a bug"),
        ("iexact", "bug", "BUG", "a bug"),
        ("contains", "bug", "a bug", "billing"),
        ("starts_with", "bug", "bug!", "a bug"),
        ("ends_with", "bug", "a bug", "bug!"),
        ("regex", "b.g", "a bug", "billing"),
        ("choice", "bug", "a bug", "billing"),
        ("number", 18, "18", "17.6"),
        ("json_equal", {"a": 1}, '{"a": 1}', "{}"),
        ("json_schema", None, "18", '"18"'),
        ("levenshtein", "bug", "bug", "xyz"),
        ("rouge_l", "one bug", "One bug.", "nothing"),
    ],
)
def test_a_negated_scorer_turns_the_score_round(name: str, expected: Any, right: str, wrong: str) -> None:
    spec = ScorerSpec(name, OPTIONS.get(name, {}), negated=True)

    assert graded(ScorerSpec(name, OPTIONS.get(name, {})), expecting(expected), right).score == 1
    assert graded(spec, expecting(expected), right).score == 0
    assert graded(spec, expecting(expected), right).explanation.startswith("not wanted: ")
    assert graded(spec, expecting(expected), wrong).score == 1


def test_a_negated_scorer_passes_from_its_own_threshold() -> None:
    spec = ScorerSpec("levenshtein", threshold=0.5, negated=True)

    assert graded_by([spec], expecting("abcd"), "abxy")[:2] == (0.5, True)
    assert graded_by([spec], expecting("abcd"), "abcx")[:2] == (0.25, False)


def test_an_unknown_scorer_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match="there is no scorer 'exakt'; there are exact, iexact, "):
        graded(ScorerSpec("exakt"), expecting("a"), "a")


def test_one_scorer_gives_its_own_score_and_explanation() -> None:
    assert graded_by([CHOICE], expecting("bug"), "a bug") == (1.0, True, 'got "bug"')
    assert graded_by([CHOICE], expecting("bug"), "billing") == (0.0, False, 'expected "bug", got "billing"')


def test_several_scorers_are_averaged_by_weight_and_each_must_pass() -> None:
    specs = [ScorerSpec("contains", weight=3), ScorerSpec("exact", weight=1)]

    score, passed, explanation = graded_by(specs, expecting("bug"), "a bug")

    assert (score, passed) == (0.75, False)
    assert explanation == 'exact: expected "bug", got "a bug"'


def test_a_threshold_says_from_which_score_a_scorer_has_passed() -> None:
    specs = [ScorerSpec("contains"), ScorerSpec("exact", threshold=0.0)]

    assert graded_by(specs, expecting("bug"), "a bug")[:2] == (0.5, True)


def test_one_scorer_that_cannot_judge_leaves_the_answer_unscored() -> None:
    specs = [ScorerSpec("exact"), ScorerSpec("number")]

    score, passed, explanation = graded_by(specs, expecting("bug"), "bug")

    assert (score, passed) == (None, False)
    assert explanation == 'number: `number` cannot use the case\'s `expected`: "bug"'


def test_an_explanation_is_short_and_on_one_line() -> None:
    explanation = graded(ScorerSpec("exact"), expecting("a"), "one\ntwo\n" * 1000).explanation

    assert explanation.startswith('expected "a", got "one two one')
    assert "\n" not in explanation
    assert len(explanation) < 120
