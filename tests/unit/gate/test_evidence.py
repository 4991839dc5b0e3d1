import pytest
from unit.gate.gate_builders import case, scored

from opro_action.gate.evidence import Evidence, weigh
from opro_action.scoring.results import CaseResult


def pairs(*groups: tuple[int, float | None, float | None]) -> list[tuple[CaseResult, CaseResult]]:
    """Groups of (how many cases, score of the seed, score of the best)."""
    scores = [(seed, best) for count, seed, best in groups for _ in range(count)]
    return [(scored(case(f"h{i:02}"), seed), scored(case(f"h{i:02}"), best)) for i, (seed, best) in enumerate(scores)]


def weighed(*groups: tuple[int, float | None, float | None], min_gain: float = 0.02) -> Evidence:
    return weigh(pairs(*groups), min_gain=min_gain)


def test_a_gain_that_chance_does_not_explain_is_proven() -> None:
    found = weighed((6, 0, 1), (14, 1, 1))

    assert found.evidence == "proven"
    assert found.reason == "the holdout score rose by 30.0 points over 20 cases (p = 0.016)."
    assert (found.seed_score, found.best_score, found.p_value) == (0.7, 1, 1 / 64)
    assert found.delta == pytest.approx(0.3)
    assert len(found.fixed) == 6


def test_a_gain_above_its_standard_error_is_promising() -> None:
    found = weighed((3, 0, 1), (17, 1, 1))

    assert found.evidence == "promising"
    assert found.p_value == 0.125
    assert "may be chance but is above its standard error of 8.2 points" in found.reason


def test_a_gain_within_its_standard_error_is_not_shown() -> None:
    found = weighed((3, 0, 1), (2, 1, 0), (15, 1, 1))

    assert found.evidence == "not_shown"
    assert "within its standard error" in found.reason
    assert len(found.broken) == 2


def test_a_gain_under_min_gain_is_not_shown_however_certain() -> None:
    found = weighed((20, 0.5, 0.51))

    assert (found.evidence, found.p_value) == ("not_shown", 2**-20)
    assert "less than the 2.0 points that count (min_gain)" in found.reason


def test_a_gain_of_exactly_min_gain_counts() -> None:
    assert weighed((20, 0.5, 0.52)).evidence == "proven"


@pytest.mark.parametrize("best", [0.0, 1.0])
def test_no_gain_is_not_shown(best: float) -> None:
    found = weighed((20, 1, best))

    assert (found.evidence, found.reason) == ("not_shown", "the holdout score did not rise over 20 cases.")


def test_a_broken_must_pass_case_ends_any_proposal() -> None:
    guarded = case("guarded", must_pass=True)
    found = weigh([*pairs((15, 0, 1)), (scored(guarded, 1.0), scored(guarded, 0.0))], min_gain=0.02)

    assert found.p_value is not None
    assert found.p_value < 0.001
    assert (found.evidence, found.broken_must_pass) == ("not_shown", ("guarded",))
    assert "must_pass" in found.reason


def test_five_cases_prove_nothing() -> None:
    assert weighed((5, 0, 1)).evidence == "promising"


def test_one_case_promises_nothing() -> None:
    assert weighed((1, 0, 1)).evidence == "not_shown"


@pytest.mark.parametrize("groups", [((20, 0.0, None),), ((18, 0.0, 1.0), (1, None, 1.0)), ()])
def test_too_much_unscored_on_either_side_is_not_shown(
    groups: tuple[tuple[int, float | None, float | None], ...],
) -> None:
    found = weighed(*groups)

    assert (found.evidence, found.delta) == ("not_shown", None)
    assert "could not be scored" in found.reason


def test_one_unscored_case_of_forty_is_left_out() -> None:
    assert weighed((39, 0, 1), (1, None, 1)).n == 39
