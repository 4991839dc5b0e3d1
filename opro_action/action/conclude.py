"""How a run of the action ends: what the step's colour is, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opro_action.action.inputs import Inputs
from opro_action.action.job import Job
from opro_action.action.process import Done
from opro_action.errors import NotMeasured

REGRESSED = 1


@dataclass(frozen=True)
class Conclusion:
    """The step's exit code, and a sentence for an annotation: an error when it is red, else a warning; "" for none."""

    exit_code: int = 0
    why: str = ""


def conclude(inputs: Inputs, job: Job, check: Done | None, searches: Sequence[Done]) -> Conclusion:
    """The end of a run: a check's own, unless it was green and a search failed."""
    found = _of_check(inputs, check) if check else Conclusion()
    failed = next((done for done in searches if done.exit_code), None)
    if found.exit_code == 0 and failed:
        found = Conclusion(failed.exit_code, why(failed))
    if found.exit_code == NotMeasured.exit_code and _only_warns(inputs, job):
        return Conclusion(0, f"NOT MEASURED: {found.why}")
    return found


def why(done: Done) -> str:
    """The sentence for a command that did not end well: the reasons of the suites that made it so, or last words."""
    reasons = [
        f"{suite['suite']}: {suite['verdict']}, {suite['reason']}"
        for suite in done.result.get("suites", ())
        if suite["verdict"] in {"regressed", "unmeasured", "inconclusive"}
    ]
    return "; ".join(reasons) or done.words or f"opro {done.command} ended with exit code {done.exit_code}"


def _of_check(inputs: Inputs, check: Done) -> Conclusion:
    verdicts = {suite["verdict"] for suite in check.result.get("suites", ())}
    if check.exit_code == REGRESSED and inputs.fail_on == "never":
        return Conclusion(0, why(check))
    if check.exit_code == 0 and inputs.fail_on == "inconclusive" and "inconclusive" in verdicts:
        return Conclusion(REGRESSED, why(check))
    return Conclusion(check.exit_code, why(check) if check.exit_code else "")


def _only_warns(inputs: Inputs, job: Job) -> bool:
    """Where no key can be, nothing being measured says nothing about the change: only there it is no failure."""
    return inputs.on_unmeasured == "warn" or (job.cannot_write and not inputs.on_unmeasured)
