"""Every error that a user is expected to meet; anything else is a bug and ends with a traceback.

OproError                  exit code
├── UsageError                 2     the command line or a file has to change first
│   └── FileError              2     ... at this file and line
├── NotMeasured                3     no key, no model, provider down, too many unscored cases
│   ├── CallFailed             3     one call failed although it was retried: its case is unscored
│   │   ├── Unreachable        3     ... the request did not arrive      (both in models/failures.py)
│   │   └── Unanswered         3     ... it may have arrived
│   └── CallRefused            3     no retry can help (key, model name, bad request): the run ends at once
└── BudgetSpent                4     a hard cap was reached before a verdict
"""

from __future__ import annotations

from pathlib import Path


class OproError(Exception):
    """An expected error: its text is one sentence that says what happened, where, and what to do."""

    exit_code = 2


class UsageError(OproError):
    """The command line, the environment or a file has to be changed before anything can run."""


class FileError(UsageError):
    """Something in a file the user keeps is wrong; the text starts with `path:line: `."""

    def __init__(self, path: Path | str, line: int | None, what: str) -> None:
        self.path = Path(path)
        self.line = line
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {what}")


class NotMeasured(OproError):
    """No score could be had. Never to be read as a low score, never as a pass."""

    exit_code = 3


class CallFailed(NotMeasured):
    """One model call failed for a reason that may pass (transport, 408, 409, 429, 5xx, no answer in the reply).

    `retry_after` is the provider's wish in seconds, when it stated one.
    """

    def __init__(self, what: str, *, retry_after: float | None = None, throttled: bool = False) -> None:
        self.retry_after = retry_after
        self.throttled = throttled
        super().__init__(what)


class CallRefused(NotMeasured):
    """The provider refuses every call like this one (authentication, unknown model, malformed request)."""


class BudgetSpent(OproError):
    """A hard cap on calls, dollars or minutes does not allow the next call."""

    exit_code = 4
