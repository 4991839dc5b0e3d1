"""What has to hold of any verdict, whatever the scores: random suites of every kind."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from unit.gate.gate_builders import baseline, case, judged, scored

from opro_action.gate.verdict import Verdict
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.suite.suite import GateSpec

ORDER = ["regressed", "inconclusive", "unchanged", "improved"]
KINDS = ["binary", "thirds", "quarters", "graded"]


@dataclass(frozen=True)
class Scores:
    """One case: its scores before and now, its weight, and whether it must pass."""

    before: float
    now: float
    weight: float = 1.0
    must_pass: bool = False


def drawn(source: random.Random, kind: str) -> float:
    steps = {"binary": 1, "thirds": 3, "quarters": 4}.get(kind)
    return source.random() if steps is None else source.randint(0, steps) / steps


def suite(source: random.Random, kind: str) -> list[Scores]:
    n = source.choice([3, 6, 12, 25, 40])
    stay, weighted = source.random(), source.random() < 0.4
    found = []
    for _ in range(n):
        before = drawn(source, kind)
        now = before if source.random() < stay else drawn(source, kind)
        found.append(Scores(before, now, source.choice([0.0, 1.0, 2.5]) if weighted else 1.0, source.random() < 0.02))
    found[0] = replace(found[0], weight=1.0)
    return found


def gate(source: random.Random, *, floor: bool) -> GateSpec:
    return GateSpec(
        min_score=source.choice([None, 0.3]) if floor else None,
        max_drop=source.choice([0.0, 0.02, 0.1]),
        alpha=source.choice([0.05, 0.2]),
    )


def sides(cases: Sequence[Scores]) -> tuple[list[CaseResult], list[CaseResult]]:
    values = [case(f"c{i:02}", must_pass=one.must_pass, weight=one.weight) for i, one in enumerate(cases)]
    before = [scored(value, one.before) for value, one in zip(values, cases, strict=True)]
    return before, [scored(value, one.now) for value, one in zip(values, cases, strict=True)]


def verdict(cases: Sequence[Scores], wanted: GateSpec) -> Verdict:
    before, now = sides(cases)
    return judged(SuiteResult(tuple(now)), wanted, baseline=baseline(SuiteResult(tuple(before))))


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_never_depends_on_the_order_of_cases(kind: str) -> None:
    source = random.Random(1)
    for _ in range(60):
        before, now = sides(suite(source, kind))
        wanted = gate(source, floor=True)
        turned, shuffled = source.sample(before, len(before)), source.sample(now, len(now))
        one = judged(SuiteResult(tuple(now)), wanted, baseline=baseline(SuiteResult(tuple(before))))
        other = judged(SuiteResult(tuple(shuffled)), wanted, baseline=baseline(SuiteResult(tuple(turned))))

        assert one.score == pytest.approx(other.score)
        assert replace(one, score=None, ci95=None) == replace(other, score=None, ci95=None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_on_which_nothing_changed_never_turns_unchanged_into_regressed(kind: str) -> None:
    source, seen = random.Random(2), 0
    while seen < 60:
        cases, wanted = suite(source, kind), gate(source, floor=False)
        if verdict(cases, wanted).verdict != "unchanged":
            continue
        seen += 1
        same = drawn(source, kind)
        added = Scores(same, same, source.choice([0.5, 1.0, 4.0]), source.random() < 0.3)

        assert verdict([*cases, added], wanted).verdict == "unchanged"


@pytest.mark.parametrize("kind", KINDS)
def test_a_better_case_never_makes_the_verdict_worse(kind: str) -> None:
    source, seen = random.Random(3), set()
    for _ in range(150):
        cases, wanted = suite(source, kind), gate(source, floor=True)
        at = source.randrange(len(cases))
        better = list(cases)
        better[at] = replace(cases[at], now=max(cases[at].now, drawn(source, kind)))
        one, other = verdict(cases, wanted).verdict, verdict(better, wanted).verdict
        seen.add(one)

        assert ORDER.index(other) >= ORDER.index(one)
    assert seen == set(ORDER)


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_could_be_scored_it_is_unmeasured_whatever_the_rest(kind: str) -> None:
    source = random.Random(4)
    for _ in range(30):
        before, now = sides(suite(source, kind))
        nothing = SuiteResult(tuple(scored(result.case, None) for result in now))
        found = judged(nothing, gate(source, floor=True), baseline=baseline(SuiteResult(tuple(before))))

        assert (found.verdict, found.score, found.p_value) == ("unmeasured", None, None)
