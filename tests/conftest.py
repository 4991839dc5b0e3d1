"""What holds for every test."""

import pytest

pytest_plugins = ["pytester"]


SERVERS = ("OPRO_API_BASE", "OPRO_OPTIMIZER_API_BASE", "OPRO_JUDGE_API_BASE", "OPENAI_BASE_URL", "OPENAI_API_BASE")


@pytest.fixture(autouse=True)
def _as_on_a_persons_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `CI` is set, `opro check` refuses to record a baseline; the others name servers, and one cache for all."""
    for name in ("CI", "OPRO_CACHE_DIR", *SERVERS):
        monkeypatch.delenv(name, raising=False)
