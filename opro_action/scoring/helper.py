"""A second Python process that grades for threads in which no time limit works: it can be ended from outside.

What goes over its pipes is pickled, and never comes from a file or another program.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any, BinaryIO, TypeVar

T = TypeVar("T")
Limits = queue.SimpleQueue[float]

_MORE = 5.0
"""Seconds after which a helper is killed that has not kept its own limit; on Windows it cannot."""

_INTERRUPTED = frozenset({-signal.SIGINT, 0xC000013A})
"""What a process ends with on Ctrl-C, elsewhere and on Windows."""

# With the path of this process: pytest adds folders to it. Without -P the current folder's `json.py` would be taken.
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv.pop())
from opro_action.scoring.helper import main
main()
"""


class Helper:
    """One call at a time, from one thread. It ends with this object, and with this process."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-c", _START, json.dumps(sys.path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._limits: Limits = queue.SimpleQueue()
        self._end = weakref.finalize(self, _end, self._process, self._limits)
        threading.Thread(target=_watch, args=[self._process, self._limits], name="opro-limit", daemon=True).start()
        self._receive()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def interrupted(self) -> bool:
        """Whether it has died of Ctrl-C, which reaches all processes of a terminal."""
        return self._process.poll() in _INTERRUPTED

    def call(self, seconds: float, function: Callable[..., T], args: Sequence[object]) -> T:
        """What the function returns; raises TimeoutError when it takes longer than `seconds`."""
        request, began = pickle.dumps((function, args)), time.monotonic()
        self._limits.put(seconds + _MORE)
        try:
            kind, value = self._receive(request)
        except ChildProcessError:
            if time.monotonic() - began >= seconds + _MORE:
                raise TimeoutError from None
            raise
        finally:
            self._limits.put(0.0)
        if kind == "timeout":
            raise TimeoutError
        if kind == "bug":
            raise RuntimeError(value)
        return value  # type: ignore[no-any-return]

    def _receive(self, request: bytes = b"") -> tuple[str, Any]:
        asking, told = _pipes(self._process)
        try:
            asking.write(request)
            asking.flush()
            reply: tuple[str, Any] = pickle.load(told)  # noqa: S301 - our own process wrote it
        except (OSError, EOFError, pickle.UnpicklingError):
            self._end()
            raise ChildProcessError("the process that grades has ended") from None
        except BaseException:
            self._end()  # its answer is still to come, and would be taken for that of the next call
            raise
        return reply


def main() -> None:
    """Call what stdin asks for until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asked, told = _taken_pipes()
    import opro_action.scoring.scorers  # noqa: F401 - so that no call's time is spent on it

    _tell(told, ("ready", None))
    while True:
        try:
            function, args = pickle.load(asked)  # noqa: S301 - the process that started this one wrote it
        except EOFError:
            return
        _tell(told, _outcome(function, args))


def _outcome(function: Callable[..., Any], args: Sequence[object]) -> tuple[str, Any]:
    try:
        return "value", function(*args)
    except TimeoutError:
        return "timeout", None
    except Exception:  # noqa: BLE001 - it is shown by the process that asked
        return "bug", traceback.format_exc()


def _taken_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Stdin and stdout for us alone: what a function of the user prints goes to stderr."""
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return asked, told


def _tell(told: BinaryIO, reply: tuple[str, Any]) -> None:
    told.write(pickle.dumps(reply))
    told.flush()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    return process.stdin, process.stdout  # type: ignore[return-value] # both were asked for


def _watch(process: subprocess.Popen[bytes], limits: Limits) -> None:
    """Kill a process that has not answered in time: a limit in seconds starts a call, and the next value ends it."""
    while seconds := limits.get():
        try:
            limits.get(timeout=seconds)
        except queue.Empty:
            process.kill()
            return


def _end(process: subprocess.Popen[bytes], limits: Limits) -> None:
    limits.put(0.0)
    with suppress(OSError), process:
        _pipes(process)[0].close()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
