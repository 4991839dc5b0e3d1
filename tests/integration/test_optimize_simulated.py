"""The whole program against the simulator over HTTP: what it claims is held against the true quality of the prompts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opro_action.cli import main
from opro_action.testing import Landscape, World, first_prompt, write_repository
from opro_action.testing.server import SimulatorServer


def printed(
    folder: Path, capsys: pytest.CaptureFixture[str], world: World, hand: str = "good", *, form: str, **optimize: Any
) -> tuple[str, SimulatorServer]:
    """What `opro optimize` on the suite of a world prints in a format, and the server that answered."""
    with SimulatorServer(world, hand) as server:
        suite = write_repository(folder, world, url=server.url, **optimize)
        (folder / ".git").mkdir()
        with pytest.raises(SystemExit) as end:
            main(["optimize", str(suite), f"--format={form}"])
    assert end.value.code == 0
    return capsys.readouterr().out, server


def optimized(
    folder: Path, capsys: pytest.CaptureFixture[str], world: World, hand: str = "good", **optimize: Any
) -> tuple[dict[str, Any], SimulatorServer]:
    """The result of `opro optimize` on the suite of a world, and the server that answered."""
    text, server = printed(folder, capsys, world, hand, form="json", **optimize)
    result: dict[str, Any] = json.loads(text)
    return result, server


def test_a_proven_winner_is_truly_better_and_every_call_is_accounted_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(Landscape("generous", kinds=2, share=0.8, rule=5.0, trap=-2.5), 0)
    result, server = optimized(tmp_path, capsys, world, max_calls=500)
    assert result["evidence"] == "proven"
    first, best = world.quality(first_prompt(world)), world.quality(result["best"]["text"])
    assert best > first + 0.15
    assert result["best"]["holdout_score"] == pytest.approx(best, abs=0.2)
    assert result["usage"]["task"]["calls"] == server.task_calls
    assert result["usage"]["optimizer"]["calls"] == server.writer_calls
    assert server.task_calls + server.writer_calls <= 500


def test_a_score_that_looks_like_luck_does_not_win_and_the_report_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, _ = printed(tmp_path, capsys, World.named("easy", 5), form="text", max_calls=400)
    chosen = re.search(r"search score  0\.\d\d → (0\.\d\d) \(too high by up to \d+ points, as the best of many\)", text)
    luckier = re.search(r"the highest search score was (0\.\d\d), but prompts like it do worse: it was taken", text)
    assert chosen
    assert luckier
    assert luckier[1] > chosen[1]


def test_a_prompt_at_its_ceiling_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, _ = optimized(tmp_path, capsys, World.named("no_headroom", 1), max_calls=400)
    assert (result["evidence"], result["accepted"]) == ("not_shown", False)


def test_the_faults_of_optimizer_models_are_caught_before_a_call_is_spent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World.named("easy", 2)
    for hand, reason in (("copies", "quotes a case"), ("garbled", "no <prompt>")):
        result, _ = optimized(tmp_path / hand, capsys, world, hand, max_calls=300)
        reasons = [candidate.get("rejected") or "" for candidate in result["candidates"]]
        assert any(reason in found for found in reasons)
        assert not any("Message 0" in candidate["text"] for candidate in result["candidates"] if candidate["n_scored"])
