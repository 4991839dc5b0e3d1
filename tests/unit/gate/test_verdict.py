import random
from dataclasses import replace

import pytest
from unit.gate.gate_builders import baseline, case, judged, result, scored

from opro_action.gate.verdict import Rule, Verdict, exit_code
from opro_action.scoring.results import SuiteResult
from opro_action.suite.suite import Case, GateSpec

GATE = GateSpec()
ORDER = ["regressed", "inconclusive", "unchanged", "improved"]


def after(before: list[float | None], now: list[float | None], gate: GateSpec = GATE) -> Verdict:
    return judged(result(now), gate, baseline=baseline(result(before)))


def ones(n: int, *, but: int = 0) -> list[float | None]:
    """n cases with score 1, the first `but` of them with 0."""
    return [*[0.0] * but, *[1.0] * (n - but)]


def test_nothing_changed() -> None:
    found = after(ones(40, but=10), ones(40, but=10))

    assert found.verdict == "unchanged"
    assert found.reason == "each of the 40 cases scored as before."
    assert (found.delta, found.p_value, found.regressed_cases) == (0, 1, ())


def test_a_drop_that_chance_does_not_explain_is_a_regression() -> None:
    found = after(ones(40), ones(40, but=5))

    assert found.verdict == "regressed"
    assert found.reason == (
        "the mean score fell by 12.5 points (5 worse and 0 better of 40 cases), more than chance explains (p = 0.031)."
    )
    assert (found.delta, found.p_value, found.baseline_score) == (-0.125, 1 / 32, 1)
    assert found.regressed_cases == ("c00", "c01", "c02", "c03", "c04")
    assert found.comparable


def test_a_drop_that_may_be_chance_is_inconclusive_and_says_what_would_settle_it() -> None:
    found = after(ones(40), ones(40, but=3))

    assert found.verdict == "inconclusive"
    assert found.min_detectable_drop == pytest.approx(0.168, abs=0.01)
    assert found.cases_to_settle == 60
    assert found.reason == (
        "the mean score fell by 7.5 points (3 worse and 0 better of 40 cases), which may be chance (p = 0.12): these "
        f"cases would show a drop of {found.min_detectable_drop:.1%} four times in five, and about 60 cases would "
        "settle this one."
    ).replace("%", " points")


def test_four_of_forty_may_be_chance_and_five_are_not() -> None:
    assert after(ones(40), ones(40, but=4)).verdict == "inconclusive"
    assert after(ones(40), ones(40, but=5)).verdict == "regressed"


def test_a_drop_smaller_than_max_drop_is_never_a_regression() -> None:
    found = after(ones(400), ones(400, but=7))

    assert found.p_value is not None
    assert found.p_value < 0.01
    assert found.verdict == "unchanged"
    assert "less than the 2.0 points that count (max_drop)" in found.reason


def test_a_drop_of_exactly_max_drop_counts() -> None:
    assert after(ones(50), ones(50, but=1)).verdict == "inconclusive"
    assert after(ones(250), ones(250, but=5)).verdict == "regressed"


def test_a_gain_that_chance_does_not_explain_is_an_improvement() -> None:
    found = after(ones(40, but=20), ones(40, but=12))

    assert found.verdict == "improved"
    assert found.p_value == 1 / 256
    assert len(found.improved_cases) == 8


def test_a_gain_that_may_be_chance_is_no_change() -> None:
    found = after(ones(40, but=20), ones(40, but=18))

    assert found.verdict == "unchanged"
    assert "rose by 5.0 points" in found.reason
    assert "may be chance (p = 0.25)" in found.reason


def test_alpha_decides_how_much_evidence_is_asked_for() -> None:
    before, now = ones(40), ones(40, but=5)

    assert after(before, now, GateSpec(alpha=0.01)).verdict == "inconclusive"


def test_a_broken_must_pass_case_is_a_regression_whatever_the_mean_does() -> None:
    kept, broke = result(ones(40, but=20), must_pass=("c39",)), ones(40)
    broke[39] = 0.0
    found = judged(result(broke, must_pass=("c39",)), GATE, baseline=baseline(kept))

    assert found.delta is not None
    assert found.delta > 0.4
    assert found.verdict == "regressed"
    assert found.broken_must_pass == ("c39",)
    assert found.reason == 'the must_pass case "c39" had passed and does not any more.'


def test_a_must_pass_case_that_had_not_passed_is_not_broken() -> None:
    failing = result(ones(40, but=1), must_pass=("c00",))

    assert judged(failing, GATE, baseline=baseline(failing)).verdict == "unchanged"


def test_without_a_baseline_no_must_pass_case_is_broken() -> None:
    found = judged(result(ones(40, but=1), must_pass=("c00",)), GATE)

    assert (found.verdict, found.broken_must_pass) == ("no_baseline", ())


def test_must_pass_comes_before_the_floor() -> None:
    now = result(ones(40, but=20), must_pass=("c00",))
    found = judged(now, GateSpec(min_score=0.9), baseline=baseline(result(ones(40), must_pass=("c00",))))

    assert "must_pass" in found.reason


def test_a_score_under_the_floor_is_a_regression_even_without_a_baseline() -> None:
    found = judged(result(ones(40, but=10)), GateSpec(min_score=0.8))

    assert found.verdict == "regressed"
    assert found.reason == "the score 0.750 is under the floor of 0.8 (min_score)."
    assert exit_code(found, GATE) == 1


def test_a_score_at_the_floor_is_not_under_it() -> None:
    assert judged(result(ones(10, but=3)), GateSpec(min_score=0.7)).verdict == "no_baseline"


def test_the_floor_comes_before_the_comparison() -> None:
    found = after(ones(40, but=30), ones(40, but=20), GateSpec(min_score=0.8))

    assert (found.verdict, found.p_value) == ("regressed", 1 / 1024)


def test_without_a_baseline_the_reason_is_said() -> None:
    found = judged(result(ones(40)), GATE, baseline=baseline(result(ones(40))), why_not="the model was a, is b")

    assert (found.verdict, found.comparable, found.why_not) == ("no_baseline", False, "the model was a, is b")
    assert found.reason == "nothing to compare with: the model was a, is b."
    assert found.delta is None


@pytest.mark.parametrize(
    "scores",
    [[None], [None] * 40, [1.0] * 18 + [None], [1.0] * 37 + [None] * 3, []],
    ids=["1", "40", "19", "3of40", "0"],
)
def test_too_much_unscored_is_unmeasured_whatever_the_rest(scores: list[float | None]) -> None:
    found = judged(result(scores), GateSpec(min_score=0.99), baseline=baseline(result(ones(40))))

    assert found.verdict == "unmeasured"
    assert found.score is None
    assert exit_code(found, GATE) == 3


def test_unmeasured_names_the_first_case_and_why() -> None:
    found = judged(SuiteResult((scored(case("a"), 1.0), scored(case("b"), None))), GATE)

    assert found.reason == '1 of 2 cases could not be scored (first "b": no answer), so nothing is decided.'


def test_a_few_unscored_cases_are_left_out_of_the_comparison() -> None:
    now = ones(40)
    now[0] = None
    found = after(ones(40), now)

    assert (found.verdict, found.n, found.unscored, found.n_common) == ("unchanged", 39, 1, 39)


def test_twelve_cases_are_said_to_be_few() -> None:
    assert after(ones(12), ones(12)).reason.endswith("; 12 cases are few: 20 to 50 are needed for a firm answer.")


def test_under_six_cases_no_drop_fails_and_the_reason_says_so() -> None:
    found = after(ones(5), ones(5, but=5))

    assert found.verdict == "inconclusive"
    assert found.min_detectable_drop is None
    assert "with 5 cases no test can tell a drop from chance, so only min_score and must_pass can fail" in found.reason


def test_under_six_cases_the_floor_and_must_pass_still_fail() -> None:
    assert after(ones(5), ones(5, but=3), GateSpec(min_score=0.5)).verdict == "regressed"
    before, now = result(ones(5), must_pass=("c00",)), result(ones(5, but=1), must_pass=("c00",))
    assert judged(now, GATE, baseline=baseline(before)).verdict == "regressed"


def test_added_removed_and_changed_cases_are_named_and_the_common_ones_compared() -> None:
    before = [case("kept"), case("removed"), case("changed", expected="yes")]
    now = [case("kept"), case("added"), case("changed", expected="no")]
    found = judged(
        SuiteResult(tuple(scored(c, 1.0) for c in now)),
        GATE,
        baseline=baseline(SuiteResult(tuple(scored(c, 0.0) for c in before))),
    )

    assert (found.added, found.removed, found.changed) == (("added",), ("removed",), ("changed",))
    assert (found.n, found.n_common, found.delta) == (3, 1, 1)


def test_no_common_case_is_no_baseline() -> None:
    found = judged(result({"new": 1.0}), GATE, baseline=baseline(result({"old": 1.0})))

    assert (found.verdict, found.comparable, found.removed) == ("no_baseline", False, ("old",))


def test_a_third_kept_to_six_places_is_no_difference() -> None:
    thirds = [1 / 3, 2 / 3] * 10
    found = after(list(thirds), list(thirds))

    assert (found.verdict, found.delta, found.p_value) == ("unchanged", 0, 1)


def test_weights_count_in_the_mean_and_the_test() -> None:
    names = [f"c{i:02}" for i in range(40)]
    weights: dict[str, float] = {name: 10.0 if name == "c00" else 1.0 for name in names}
    before, now = ones(40), ones(40)
    now[0] = 0.0
    found = judged(
        result(dict(zip(names, now, strict=True)), weights=weights),
        GATE,
        baseline=baseline(result(dict(zip(names, before, strict=True)), weights=weights)),
    )

    assert found.delta == round(-10 / 49, 6)
    assert (found.verdict, found.p_value) == ("inconclusive", 0.5)


def test_a_case_without_weight_says_nothing_of_the_score_but_must_still_pass() -> None:
    names = [f"c{i:02}" for i in range(40)]
    weights: dict[str, float] = {name: float(name >= "c20") for name in names}
    before = result(dict.fromkeys(names, 1.0), weights=weights, must_pass=("c00",))
    without = judged(
        result(dict(zip(names, ones(40, but=1), strict=True)), weights=weights), GATE, baseline=baseline(before)
    )
    guarded = judged(
        result(dict(zip(names, ones(40, but=1), strict=True)), weights=weights, must_pass=("c00",)),
        GATE,
        baseline=baseline(before),
    )

    assert (without.verdict, without.delta) == ("unchanged", 0)
    assert guarded.verdict == "regressed"


def test_repeats_are_averaged_before_cases_are_compared() -> None:
    def repeated(*answers: float) -> SuiteResult:
        return SuiteResult(tuple(scored(case(f"c{i:02}"), *answers) for i in range(20)))

    found = judged(repeated(1, 0, 1), GATE, baseline=baseline(repeated(1, 1, 1)))

    assert found.delta == pytest.approx(-1 / 3, abs=1e-5)
    assert (found.verdict, found.p_value) == ("regressed", 2**-20)


def test_a_graded_must_pass_case_is_broken_when_it_stops_passing() -> None:
    lenient: Case = case("c", must_pass=True)
    before, now = scored(lenient, 0.9), scored(lenient, 0.5)
    passed = replace(before, answers=(replace(before.answers[0], passed=True),))

    assert judged(SuiteResult((now,)), GATE, baseline=baseline(SuiteResult((passed,)))).broken_must_pass == ("c",)


def test_inconclusive_passes_unless_the_gate_says_otherwise() -> None:
    found = after(ones(40), ones(40, but=3))

    assert exit_code(found, GATE) == 0
    assert exit_code(found, GateSpec(on_inconclusive="fail")) == 1


@pytest.mark.parametrize("rule", ["gain", "no_change", "nothing_to_compare"])
def test_everything_else_passes(rule: Rule) -> None:
    found = after(ones(40), ones(40))

    assert exit_code(replace(found, rule=rule), GateSpec(on_inconclusive="fail")) == 0


def test_the_verdict_does_not_depend_on_the_order_of_cases() -> None:
    source = random.Random(1)
    for n in (8, 24, 60):
        before = result([round(source.random(), 3) for _ in range(n)])
        now = result([round(source.random(), 3) for _ in range(n)])
        shuffled = SuiteResult(tuple(source.sample(now.cases, n)))
        turned = SuiteResult(tuple(source.sample(before.cases, n)))
        one, other = judged(now, GATE, baseline=baseline(before)), judged(shuffled, GATE, baseline=baseline(turned))

        assert replace(one, score=None) == replace(other, score=None)
        assert one.score == pytest.approx(other.score)


def test_a_better_case_never_makes_the_verdict_worse() -> None:
    source = random.Random(2)
    seen = set()
    for _ in range(60):
        n = source.randint(3, 16)
        before: list[float | None] = [float(source.random() < 0.6) for _ in range(n)]
        lean = source.choice([0.1, 0.6, 0.9])
        now: list[float | None] = [float(source.random() < lean) for _ in range(n)]
        better = list(now)
        better[source.randrange(n)] = 1.0
        gate = GateSpec(min_score=source.choice([None, 0.3]))
        one, other = after(before, now, gate).verdict, after(before, better, gate).verdict
        seen.add(one)

        assert ORDER.index(other) >= ORDER.index(one)
    assert seen == set(ORDER)


def test_a_drop_of_just_max_drop_in_thirds_counts() -> None:
    now: list[float | None] = [*[2 / 3] * 6, *[1.0] * 94]
    assert after(ones(100), now).verdict == "regressed"


def test_the_unit_of_the_weights_changes_nothing() -> None:
    before = [1.0] * 8 + [1 / 3] + [1.0] * 11
    now = [2 / 3] * 8 + [1.0] + [1.0] * 11
    ps = set()
    for weight in (1.0, 5.0, 0.01, 1e-6, 3):
        weights = {f"c{i:02}": weight for i in range(20)}
        ps.add(judged(result(now, weights=weights), GATE, baseline=baseline(result(before, weights=weights))).p_value)
    assert len(ps) == 1


def test_a_must_pass_case_without_a_score_is_not_measured() -> None:
    scores: list[float | None] = [1.0] * 40
    now = [None, *scores[1:]]
    assert after(scores, now).verdict == "unchanged"
    guarded = {"must_pass": ("c00",)}
    found = judged(result(now, **guarded), GATE, baseline=baseline(result(scores, **guarded)))
    assert found.verdict == "unmeasured"
    assert 'first must_pass case "c00"' in found.reason
