"""Several suites in one run: the level that each p is compared with."""

import random
from collections.abc import Sequence

from opro_action.gate.family import Level, levels
from opro_action.gate.paired import Pair, Paired, paired
from opro_action.suite.suite import GateSpec

GATE = GateSpec()


def moved(worse: int, better: int = 0, *, n: int = 40) -> Paired | None:
    """n cases of which some went from 1 to 0 and some from 0 to 1."""
    after = [0.0] * worse + [1.0] * better + [1.0] * (n - worse - better)
    before = [1.0] * worse + [0.0] * better + [1.0] * (n - worse - better)
    return paired(Pair(f"c{i:03}", b, a) for i, (b, a) in enumerate(zip(before, after, strict=True)))


def shared(*compared: Paired | None, gates: Sequence[GateSpec] | None = None) -> list[Level]:
    return levels(compared, gates or [GATE] * len(compared))


def test_one_suite_has_all_of_alpha() -> None:
    assert shared(moved(5)) == [Level(0.05, 1)]


def test_the_smallest_p_is_compared_with_alpha_shared_among_all_and_the_next_with_more() -> None:
    assert shared(moved(7), moved(9), moved(5)) == [
        Level(0.05 / 2, 2),
        Level(0.05 / 3, 3),
        Level(0.05, 1),
    ]


def test_after_the_first_that_is_not_under_its_level_the_others_keep_it() -> None:
    assert shared(moved(5), moved(5), moved(12)) == [
        Level(0.025, 2),
        Level(0.025, 2),
        Level(0.05 / 3, 3),
    ]


def test_a_suite_that_could_not_have_failed_takes_no_share() -> None:
    unchanged, few_differ, too_few, uncompared = moved(0), moved(2, 2), moved(5, n=5), None
    small = moved(3, 3, n=400)

    assert shared(moved(6), unchanged, few_differ, too_few, uncompared, small)[0] == Level(0.05, 1)
    assert shared(moved(6), moved(2, 3))[0] == Level(0.025, 2)


def test_drops_and_gains_are_two_families() -> None:
    found = shared(moved(6), moved(0, 6))

    assert found == [Level(0.025, 2), Level(0.025, 2)]
    assert shared(moved(6), moved(0, 6), gates=[GATE, GateSpec(max_drop=0.9)]) == [Level(0.05, 1), Level(0.025, 2)]


def test_each_suite_keeps_its_own_alpha() -> None:
    assert shared(moved(9), moved(9), gates=[GateSpec(alpha=0.1), GateSpec(alpha=0.01)]) == [
        Level(0.05, 2),
        Level(0.01, 1),
    ]


def test_of_ten_suites_without_a_change_hardly_any_run_has_a_false_alarm() -> None:
    source = random.Random(1)

    def alarm() -> bool:
        suites = [
            moved(worse, 14 - worse) for worse in (sum(source.random() < 0.5 for _ in range(14)) for _ in range(10))
        ]
        found = shared(*suites)
        return any(s and s.delta < 0 and s.p_moved < level.value for s, level in zip(suites, found, strict=True))

    assert sum(alarm() for _ in range(400)) / 400 <= 0.05 + 0.02
