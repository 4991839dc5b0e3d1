"""Limits for what cannot be asked to stop: a pattern that searches on and on, and a function of the user."""

from __future__ import annotations

import signal
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from opro_action.scoring.helper import Helper

T = TypeVar("T")


class _OfThread(threading.local):
    """Each thread's own helper: it ends with its thread, so that a test which forks later copies none."""

    helper: Helper | None = None
    interrupted = False


_OWN = _OfThread()


def limited(seconds: float, function: Callable[..., T], *args: object) -> T:
    """What `function` returns, which keeps a `time_limit` of `seconds` itself; in a helper process where none works.

    The function is one of a module, and all that goes in and out can be pickled. Raises what the function raises as
    TimeoutError, and ChildProcessError when the helper has died; of Ctrl-C it dies first, and all is cancelled.
    """
    if _has_alarm():
        return function(*args)
    if _OWN.interrupted:
        raise CancelledError
    if _OWN.helper is None or not _OWN.helper.alive:
        _OWN.helper = Helper()
    try:
        return _OWN.helper.call(seconds, function, args)
    except ChildProcessError:
        if not _OWN.helper.interrupted:
            raise
        # The other cases may be graded before their tasks hear of it, each with a helper and a limit of its own.
        _OWN.interrupted = threading.current_thread() is not threading.main_thread()
        raise CancelledError from None


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after `seconds`; no limit outside the main thread, or without SIGALRM.

    `re` looks for signals while it searches, so an alarm ends it. An alarm that somebody else had set stays set.
    """
    if not _has_alarm():
        yield
        return
    handler = signal.signal(signal.SIGALRM, _give_up)
    others, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, others, interval)
        signal.signal(signal.SIGALRM, handler)


def _has_alarm() -> bool:
    return hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError
