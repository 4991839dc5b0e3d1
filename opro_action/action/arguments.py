"""The command lines that a job gives to `opro`, and what is left of the caps for the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opro_action.action.inputs import OPTIONS, Inputs
from opro_action.action.job import Job
from opro_action.action.process import Done
from opro_action.errors import BudgetSpent


def check_arguments(inputs: Inputs, job: Job) -> list[str]:
    """The arguments of `opro check`; `job.base` is a commit that is here, or ""."""
    options = [f"--{name}={value}" for name, value in inputs.options.items() if name in OPTIONS["check"]]
    base = [f"--base={job.base}"] if job.base else []
    changed = ["--changed"] if job.base and job.check == "changed" else []
    return [*options, *base, *changed, "--", *inputs.suites]


def search_arguments(
    inputs: Inputs, suite: str, earlier: Sequence[Done], own: Mapping[str, float | None]
) -> list[str] | None:
    """The arguments of `opro optimize` for one suite, with what `earlier` commands left of the caps.

    None when they left nothing, or did not say how much they spent. `own` are the caps in the suite's file, where a
    lower one holds.
    """
    options = dict(inputs.options)
    for cap, spent in _spent(earlier).items():
        if cap not in options or not earlier:
            continue
        left = _left(options[cap], spent)
        if left == "0":
            return None
        options[cap] = left
    options = {name: value for name, value in options.items() if not _over(value, own.get(name))}
    return [*(f"--{name}={value}" for name, value in options.items()), "--", suite]


def regressed_suites(check: Done | None) -> list[str]:
    """The suites that a check found regressed, as the command line takes them."""
    suites = check.result.get("suites", ()) if check else ()
    return [suite["suite"] for suite in suites if suite["verdict"] == "regressed"]


def budget_spent(suites: Sequence[str]) -> Done:
    """What stands for searches that were not begun, since the caps were reached before them."""
    words = f"the caps of this step were reached before a search of {', '.join(suites)}"
    return Done("optimize", BudgetSpent.exit_code, words)


def _spent(earlier: Sequence[Done]) -> Mapping[str, float | None]:
    # A command that ended well without a result found nothing to do, and spent nothing.
    usages = [done.result.get("usage", {}) for done in earlier if done.result or done.exit_code]
    totals = [usage.get("total", usage) for usage in usages]
    if not all(totals):
        return {"max-calls": None, "max-cost": None}
    dollars = sum((total.get("cost_usd") or 0.0 for total in totals), 0.0)
    return {"max-calls": sum(total["calls"] for total in totals), "max-cost": dollars}


def _over(value: str, own: float | None) -> bool:
    try:
        return own is not None and float(value) > own
    except ValueError:
        return False


def _left(cap: str, spent: float | None) -> str:
    """What is left of a cap, "0" for nothing; one that is no number is passed on, for `opro` says what is wrong."""
    try:
        number = float(cap)
    except ValueError:
        return cap
    return "0" if spent is None or spent >= number else f"{number - spent:.10g}"
