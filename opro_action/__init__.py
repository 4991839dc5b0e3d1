"""Score, gate and improve the prompts of a repository, on evidence."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from opro_action.api.checking import acheck, aload_suite, check, load_suite
    from opro_action.api.optimizing import aoptimize, optimize
    from opro_action.api.results import CaseScore, CheckResult, OptimizeResult
    from opro_action.commands.common import Calls
    from opro_action.errors import BudgetSpent, NotMeasured, OproError, UsageError
    from opro_action.suite.suite import Suite

_HOMES = {
    "opro_action.api.checking": ("acheck", "aload_suite", "check", "load_suite"),
    "opro_action.api.optimizing": ("aoptimize", "optimize"),
    "opro_action.api.results": ("CaseScore", "CheckResult", "OptimizeResult"),
    "opro_action.commands.common": ("Calls",),
    "opro_action.errors": ("BudgetSpent", "NotMeasured", "OproError", "UsageError"),
    "opro_action.suite.suite": ("Suite",),
}

__all__ = [
    "BudgetSpent",
    "Calls",
    "CaseScore",
    "CheckResult",
    "NotMeasured",
    "OproError",
    "OptimizeResult",
    "Suite",
    "UsageError",
    "__version__",
    "acheck",
    "aload_suite",
    "aoptimize",
    "check",
    "load_suite",
    "optimize",
]


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: every run of pytest and of the command line imports this package.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
