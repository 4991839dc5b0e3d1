"""Several prompts for one suite, side by side: each scored on the same cases and compared with the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from opro_action.errors import NotMeasured
from opro_action.gate.paired import Paired, paired_results
from opro_action.gate.statistics import Interval, mean_interval
from opro_action.models.connect import Models
from opro_action.scoring.results import SuiteResult
from opro_action.scoring.runner import Bench, OnAnswer, score_cases
from opro_action.suite.prompt import Prompt
from opro_action.suite.suite import Suite


@dataclass(frozen=True)
class Side:
    """One prompt's result; `against` compares it with the first prompt's, None for the first."""

    prompt: Prompt
    result: SuiteResult
    against: Paired | None = None

    @property
    def interval(self) -> Interval | None:
        """95 % interval of the score."""
        scored = self.result.scored
        weights = [case.case.weight for case in scored]
        return mean_interval([case.score for case in scored if case.score is not None], weights=weights)


async def compare_prompts(
    suite: Suite, prompts: Sequence[Prompt], models: Models, *, on_answer: OnAnswer | None = None
) -> tuple[Side, ...]:
    """Score every prompt on the suite's cases; raises NotMeasured when too few cases of one could be scored."""
    sides: list[Side] = []
    for prompt in prompts:
        bench = Bench.of(
            replace(suite, prompt=prompt),
            models.connect(suite.model, "task"),
            lambda spec: models.connect(spec, "judge"),
        )
        cases = await score_cases(bench, prompt.text, suite.cases, repeats=suite.repeats, on_answer=on_answer)
        result = SuiteResult(cases)
        if not result.measured:
            what = f"{result.unscored} of {len(result.cases)} cases could not be scored, so nothing is compared"
            raise NotMeasured(f"{suite.relative(prompt.path)}: {what}; see `opro check` for the reasons.")
        first = paired_results(zip(sides[0].result.cases, cases, strict=True)) if sides else None
        sides.append(Side(prompt, result, first))
    return tuple(sides)
