"""One suite, scored and compared with its baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace

from opro_action.errors import BudgetSpent, NotMeasured, OproError
from opro_action.gate.baseline import Baseline, read_baseline, why_not_comparable
from opro_action.gate.fingerprint import fingerprint
from opro_action.gate.verdict import Verdict, exit_code, judge
from opro_action.models.connect import Models
from opro_action.scoring.results import SuiteResult
from opro_action.scoring.runner import Bench, OnAnswer, score_cases
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class SuiteCheck:
    """A suite with its results, its baseline and the verdict. `exit_code` is what it alone would end with."""

    suite: Suite
    result: SuiteResult
    verdict: Verdict
    baseline: Baseline | None
    exit_code: int


async def check_suite(suite: Suite, models: Models, *, on_answer: OnAnswer | None = None) -> SuiteCheck:
    """Score every case and judge. A run that could not be measured is a check with the verdict `unmeasured`."""
    baseline = _baseline(suite)
    bench = Bench.of(suite, models.connect(suite.model, "task"), lambda spec: models.connect(spec, "judge"))
    try:
        cases = await score_cases(bench, suite.prompt.text, suite.cases, repeats=suite.repeats, on_answer=on_answer)
    except (NotMeasured, BudgetSpent) as error:
        return _unmeasured(suite, baseline, error)
    result = SuiteResult(cases)
    verdict = judge(
        result,
        suite.gate,
        baseline=baseline,
        why_not=why_not_comparable(baseline, fingerprint(suite, suite.model)),
    )
    return SuiteCheck(suite, result, verdict, baseline, exit_code(verdict, suite.gate))


def _baseline(suite: Suite) -> Baseline | None:
    """The suite's baseline; of a partial suite the part that belongs to its cases."""
    found = read_baseline(suite.baseline_path)
    if found is None or not suite.partial:
        return found
    chosen = {case.id for case in suite.cases}
    return replace(found, cases=tuple(case for case in found.cases if case.id in chosen))


def overall(checks: list[SuiteCheck]) -> tuple[str, int]:
    """The verdict and the exit code of several suites together: the worst of them.

    A regression that was measured outweighs a suite that could not be: the change is bad whatever that one says.
    """
    worst = max(checks, key=lambda check: (_SEVERITY[check.exit_code], _ORDER.index(check.verdict.verdict)))
    return worst.verdict.verdict, worst.exit_code


_SEVERITY = {0: 0, 4: 1, 3: 2, 1: 3}
_ORDER = ("improved", "unchanged", "no_baseline", "inconclusive", "unmeasured", "regressed")


def _unmeasured(suite: Suite, baseline: Baseline | None, error: OproError) -> SuiteCheck:
    verdict = Verdict("unmeasured", str(error), None, 0, len(suite.cases))
    return SuiteCheck(suite, SuiteResult(()), verdict, baseline, error.exit_code)
