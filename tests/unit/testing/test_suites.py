"""The suite of a simulated task: the same as a value and as files."""

from __future__ import annotations

from pathlib import Path

from opro_action.suite.reading import read_suite
from opro_action.testing import World, simulated_suite, write_repository
from opro_action.testing.suites import number_of


def test_the_written_suite_is_the_one_in_memory(tmp_path: Path) -> None:
    world = World.named("long_tail", 4)
    path = write_repository(tmp_path, world, url="http://127.0.0.1:1/v1", cases=30, max_calls=700)
    written, made = read_suite(path, root=tmp_path), simulated_suite(world, cases=30, max_calls=700)
    assert [case.digest for case in written.cases] == [case.digest for case in made.cases]
    assert written.prompt.text == made.prompt.text
    assert written.optimize.max_calls == made.optimize.max_calls
    assert written.model.deterministic == made.model.deterministic
    assert written.scorers == made.scorers


def test_a_case_knows_the_number_of_its_message() -> None:
    world = World.named("easy", 0)
    suite = simulated_suite(world, cases=5, placeholder=True)
    assert [number_of(case) for case in suite.cases] == [0, 1, 2, 3, 4]
    assert suite.prompt.placeholders == {"input"}
