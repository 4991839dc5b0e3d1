"""Recording results as baselines: what a person accepts, so not on CI, and only what was measured in full."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from opro_action.commands.output import say
from opro_action.errors import UsageError
from opro_action.gate.baseline import Baseline, baseline_of, joined, why_not_comparable, write_baseline
from opro_action.gate.check import SuiteCheck
from opro_action.gate.fingerprint import fingerprint
from opro_action.report.markdown import count


def refuse_on_ci(env: Mapping[str, str] = os.environ, *, prefix: str = "--") -> None:
    """Raise UsageError where no person looks at what is accepted: `CI` is set, as every CI service does."""
    if env.get("CI", "").lower() not in {"", "0", "false"}:
        raise UsageError(
            f"{prefix}update-baseline: a baseline is what a person accepted, and this is CI (the variable CI is set); "
            f"record it on your machine and commit it, or add {prefix}force."
        )


def record(check: SuiteCheck, which: str, *, tell: Callable[[str], None] = say) -> SuiteCheck:
    """Record the result as the baseline; with `which` = `new` only where there is none, and cases that it has not.

    What became of it is said to `tell`; the check keeps what it was compared with.
    """
    suite, place = check.suite, check.suite.relative(check.suite.baseline_path)
    if check.verdict.verdict == "unmeasured":
        tell(f"{place}: not written, since nothing was measured.")
        return check
    fresh = baseline_of(suite, check.result, fingerprint(suite, suite.model))
    accepted = fresh
    if which == "new" and check.baseline is not None:
        found = _with_new_cases(check, check.baseline, fresh, tell)
        if found is None:
            return check
        accepted = found
    write_baseline(suite.baseline_path, accepted)
    tell(f"{place}: recorded, score {accepted.score:.2f} over {count(accepted.n, 'case')}.{_gone(check)}")
    return replace(check, exit_code=0)


def _with_new_cases(check: SuiteCheck, old: Baseline, fresh: Baseline, tell: Callable[[str], None]) -> Baseline | None:
    """The recorded baseline with the cases that it has not; None when it stays as it is."""
    known = {(case.id, case.digest) for case in old.cases}
    missing = [case for case in fresh.cases if (case.id, case.digest) not in known]
    if not missing:
        return None
    why_not = why_not_comparable(old, fresh.fingerprint)
    if why_not is None and old.prompt_digest != fresh.prompt_digest:
        why_not = "it is of another prompt text"
    if why_not is not None:
        place = check.suite.relative(check.suite.baseline_path)
        tell(f"{place}: kept as it is, so {count(len(missing), 'new case')} cannot join it ({why_not}).")
        return None
    return joined(old, missing, check.suite)


def _gone(check: SuiteCheck) -> str:
    gone = check.verdict.removed
    return f" Left out, since the suite has them no more: {', '.join(gone)}." if gone else ""
