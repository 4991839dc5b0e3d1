"""A search in which nothing can be scored any more ends as not measured, and not as one that found nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from search_world import World, make_setup, share, tagged

from opro_action.errors import NotMeasured
from opro_action.scoring.results import Answer, CaseResult
from opro_action.suite.suite import Case


class Gone(World):
    """A task model that is away from the `after`-th candidate on."""

    after = 0

    def result(self, text: str, case: Case, repeats: int) -> CaseResult:
        if text == "seed prompt" or int(text.split()[0][1:]) < self.after:
            return super().result(text, case, repeats)
        return CaseResult(case, (Answer("", None, False, "the server is away"),) * repeats)


def replies() -> list[str | None]:
    return [tagged(f"p{i} 0.{i % 10}") for i in range(40)]


@pytest.mark.parametrize("after", [0, 4])
def test_a_step_of_which_nothing_has_a_score_ends_the_search(tmp_path: Path, after: int) -> None:
    world = Gone(replies(), share)
    world.after = after
    with pytest.raises(NotMeasured, match=r"None of 4 candidates could be scored: .* the server is away"):
        world.play(make_setup(tmp_path, candidates=4, steps=5))
    assert len(world.replies) == 40 - after - 4


def test_of_candidates_that_come_alone_the_end_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="None of 3 candidates could be scored"):
        Gone(replies(), share).play(make_setup(tmp_path, candidates=1, steps=3))


def test_one_candidate_without_a_score_among_others_is_left_behind(tmp_path: Path) -> None:
    world = Gone(replies(), share)
    world.after = 3
    outcome = world.play(make_setup(tmp_path, candidates=4, steps=1))
    assert len(outcome.trajectory.candidates) == 3
