"""The addresses of the served models: whether somebody answers there, and, when asked for, starting it."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from search_models_place import OPTIMIZER

CONTEXT = {OPTIMIZER: 8192}
"""Tokens per slot: a meta-prompt of 20 prompts is long. The others get what is enough for a case."""

LOADING = 503
"""What llama.cpp's server says while it reads the weights."""


@dataclass
class Servers:
    """Servers by name and address, which get `wait` seconds to answer.

    With a `script` those that do not answer are started, and ended on leaving.
    """

    addresses: Mapping[str, str]
    script: Path | None = None
    parallel: int = 4
    wait: float = 180.0
    _started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._started.values():
            process.terminate()
            process.wait()

    def awake(self) -> None:
        """Return when all answer; ends the program when one does not, and could not be started."""
        for name, address in self.addresses.items():
            if answers(address):
                continue
            if self.script:
                self._start(name, address)
            until = time.monotonic() + self.wait
            while not answers(address):
                if time.monotonic() > until:
                    sys.exit(
                        f"{name}: nobody answers at {address}. Start it, then run this again: it goes on from here."
                    )
                time.sleep(1)

    def _start(self, name: str, address: str) -> None:
        old = self._started.pop(name, None)
        if old:
            old.kill()
            old.wait()
        print(f"starting {name} at {address}", file=sys.stderr)
        slots = ["--parallel", str(self.parallel), "--context", str(CONTEXT.get(name, 1024))]
        self._started[name] = subprocess.Popen(
            [sys.executable, str(self.script), "serve", name, "--port", str(urlsplit(address).port), *slots],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def answers(address: str) -> bool:
    """Whether the server of an OpenAI-compatible address is up: one that knows no /health is, one that loads is not."""
    try:
        with urllib.request.urlopen(f"{address.removesuffix('/v1')}/health", timeout=20) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as refused:
        return refused.code != LOADING
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
