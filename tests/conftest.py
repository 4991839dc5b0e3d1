"""What holds for every test."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _not_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """`opro check` refuses to record a baseline where `CI` is set; the tests run as on a person's machine."""
    monkeypatch.delenv("CI", raising=False)
