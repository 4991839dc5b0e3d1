"""Which cases of a result can be compared with what was accepted, and what became of the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from opro_action.gate.baseline import Baseline
from opro_action.gate.paired import Pair, Paired, paired
from opro_action.scoring.results import SuiteResult


@dataclass(frozen=True)
class Matched:
    """A result beside a baseline. `common` are the cases of both, None when there are none, for the reason `why_not`.

    `same_prompt` says that both are of one prompt text, `recurred` that a change came again when the cases that differ
    were asked again, if they were. The ids of cases that are new, gone, or not the same any
    more are sorted.
    """

    common: Paired | None = None
    why_not: str | None = "no baseline is recorded"
    same_prompt: bool = False
    recurred: bool = True
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def match_cases(
    result: SuiteResult, baseline: Baseline, *, prompt_digest: str = "", held: Collection[str] = ()
) -> Matched:
    """Compare the scored cases that are in both with the same id and content.

    `prompt_digest` is that of the prompt that gave `result`. A must_pass case in `held` had failed, but passed when it
    was asked again: it is not broken.
    """
    common = _common(result, baseline, held)
    now = {case.case.id: case.case.digest for case in result.cases}
    before = {case.id: case.digest for case in baseline.cases}
    return Matched(
        common=common,
        why_not=None if common else "no case is the same in the baseline and now",
        same_prompt=prompt_digest == baseline.prompt_digest,
        added=tuple(sorted(now.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - now.keys())),
        changed=tuple(sorted(id_ for id_ in now.keys() & before.keys() if now[id_] != before[id_])),
    )


def _common(result: SuiteResult, baseline: Baseline, held: Collection[str]) -> Paired | None:
    recorded = {(case.id, case.digest): case for case in baseline.cases}
    pairs = []
    for now in result.scored:
        before = recorded.get((now.case.id, now.case.digest))
        if before is None or now.score is None:
            continue
        broke = before.passed and not now.passed and now.case.id not in held
        pairs.append(Pair(now.case.id, before.score, now.score, now.case.weight, broke, now.case.must_pass))
    return paired(pairs)
