"""The fixture `opro`: checks within tests that are written in Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opro_action.api.results import CheckResult, error_of
from opro_action.errors import UsageError
from opro_action.pytest_plugin.hooks import run_of


class Opro:
    """Checks suites with the options, the budget and the cache of this run; the marker `opro` says which by default."""

    def __init__(self, ask: Callable[[dict[str, Any]], dict[str, Any]], rootdir: Path, marked: dict[str, Any]) -> None:
        self._ask = ask
        self._rootdir = rootdir
        self._marked = marked

    def check(
        self,
        suite: str | Path | None = None,
        *,
        prompt: str | Path | None = None,
        model: str | None = None,
        repeats: int | None = None,
        base: str | None = None,
    ) -> CheckResult:
        """As `opro_action.check`; paths are relative to the rootdir. Without a suite it is the marker's."""
        suite = suite or self._marked.get("suite")
        if suite is None:
            raise UsageError("opro.check(): name a suite here, or with @pytest.mark.opro(suite=...).")
        prompt = prompt or self._marked.get("prompt")
        wanted = {"suite": self._path(suite), "prompt": self._path(prompt) if prompt else None}
        found = self._ask({"check": {**wanted, "model": model, "repeats": repeats, "base": base}})
        if "error" in found:
            raise error_of(found["exit_code"], found["error"])
        return CheckResult.of(found)

    async def acheck(self, suite: str | Path | None = None, **rest: Any) -> CheckResult:
        """`check` for asynchronous tests."""
        return await asyncio.to_thread(self.check, suite, **rest)

    def _path(self, path: str | Path) -> str:
        return str(self._rootdir / path)


def opro_of(request: pytest.FixtureRequest) -> Opro:
    """The fixture's value for one test."""
    config = request.config
    marker = request.node.get_closest_marker("opro")
    marked = dict(marker.kwargs) if marker else {}
    unknown = sorted(marked.keys() - {"suite", "prompt"})
    if unknown or (marker and marker.args):
        raise UsageError(f"{request.node.nodeid}: @pytest.mark.opro takes suite=... and prompt=..., nothing else.")
    return Opro(run_of(config).asker.ask, config.rootpath, marked)
