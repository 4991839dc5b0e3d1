import pytest
from builders import graded, graded_by

from opro_action.errors import UsageError
from opro_action.scoring.scorers import SCORERS
from opro_action.suite.suite import Case, ScorerSpec

LABELS = ["billing", "bug", "feature"]
CHOICE = ScorerSpec("choice", {"of": LABELS})


def expecting(expected: object) -> Case:
    return Case("c", {"input": "?"}, expected)


@pytest.mark.parametrize("name", sorted(SCORERS))
@pytest.mark.parametrize("answer", ["anything", ""])
def test_a_case_without_what_the_scorer_needs_is_unscored_and_never_0(name: str, answer: str) -> None:
    options = {"of": LABELS} if name == "choice" else {}
    found = graded(ScorerSpec(name, options), expecting(None), answer)

    assert found.score is None
    assert "has no `expected`" in found.explanation


@pytest.mark.parametrize(("name", "expected"), [(name, "1") for name in sorted(SCORERS) if name != "choice"])
@pytest.mark.parametrize("answer", ["", " \n\t"])
def test_an_empty_answer_has_the_score_0(name: str, expected: str, answer: str) -> None:
    found = graded(ScorerSpec(name), expecting(expected), answer)

    assert (found.score, found.explanation) == (0.0, "the answer is empty")


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
