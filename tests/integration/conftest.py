"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from plans import BASE_FILES


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "repo.git") as hub:
        hub.push("main", BASE_FILES)
        yield hub
        assert hub.objects.fsck() == ""
