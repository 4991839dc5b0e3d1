"""The time limit must leave an alarm that somebody else had set, as pytest-timeout does."""

import signal
import time
from types import FrameType

from opro_action.scoring.scorers.regex import regex


def test_somebody_elses_alarm_still_rings_after_a_search() -> None:
    rung: list[int] = []

    def ring(number: int, _frame: FrameType | None) -> None:
        rung.append(number)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        regex("a", "a", {})
        deadline = time.monotonic() + 5
        while not rung and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert rung == [signal.SIGALRM]
