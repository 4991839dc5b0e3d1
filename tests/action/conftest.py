from collections.abc import Iterator
from pathlib import Path

import pytest
from act_runner import Runner
from fake_github import FakeGitHub


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """One for all runs: what the action installs takes most of a run. Hence their tests' `xdist_group`."""
    return Runner(tmp_path_factory.mktemp("act") / "runner")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "repo.git") as hub:
        yield hub
