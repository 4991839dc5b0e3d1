"""Builders of results, suites and baselines for the tests of the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from opro_action.gate.baseline import Baseline, baseline_of
from opro_action.gate.fingerprint import fingerprint
from opro_action.gate.judge import judge
from opro_action.gate.matching import Matched, match_cases
from opro_action.gate.verdict import Verdict
from opro_action.scoring.results import Answer, CaseResult, SuiteResult
from opro_action.suite.prompt import Prompt
from opro_action.suite.suite import Case, GateSpec, ModelSpec, ScorerSpec, Suite


def case(id_: str, *, must_pass: bool = False, weight: float = 1.0, expected: str = "yes") -> Case:
    return Case(id_, {"input": f"question {id_}"}, expected, must_pass=must_pass, weight=weight)


def scored(of: Case, *scores: float | None) -> CaseResult:
    """A case whose answers got these scores; an answer has passed with a full score."""
    return CaseResult(of, tuple(Answer(f"{s}", s, s == 1, "no answer" if s is None else "") for s in scores))


def result(scores: Mapping[str, float | None] | Sequence[float | None], **kind: object) -> SuiteResult:
    """A result with one answer per case; a bare list of scores gets the case ids c00, c01, ..."""
    named = scores if isinstance(scores, Mapping) else {f"c{i:02}": score for i, score in enumerate(scores)}
    must_pass, weights = kind.get("must_pass", ()), kind.get("weights", {})
    assert isinstance(must_pass, tuple)
    assert isinstance(weights, dict)
    return SuiteResult(
        tuple(
            scored(case(id_, must_pass=id_ in must_pass, weight=weights.get(id_, 1.0)), score)
            for id_, score in named.items()
        )
    )


def suite(text: str = "Say yes.", *, model: ModelSpec | None = None, cases: Sequence[Case] = ()) -> Suite:
    root = Path("/repository")
    return Suite(
        name="demo",
        path=root / "evals" / "demo.yaml",
        root=root,
        description="",
        prompt=Prompt(root / "prompts" / "demo.md", text),
        model=model or ModelSpec("openai/a", {"temperature": 0}),
        scorers=(ScorerSpec("exact"),),
        cases=tuple(cases) or (case("c00"),),
    )


def baseline(accepted: SuiteResult, text: str = "Say yes.") -> Baseline:
    demo = replace(suite(text), cases=tuple(found.case for found in accepted.cases))
    return baseline_of(demo, accepted, fingerprint(demo, demo.model))


def judged(
    now: SuiteResult, gate: GateSpec, *, baseline: Baseline | None = None, why_not: str | None = None
) -> Verdict:
    """The verdict on a result beside a baseline, if there is one and nothing is said against it."""
    if baseline is None or why_not:
        return judge(now, gate, Matched(why_not=why_not or "no baseline is recorded"))
    return judge(now, gate, match_cases(now, baseline))
