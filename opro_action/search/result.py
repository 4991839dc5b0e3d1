"""The result of a search as the JSON object `opro.optimize/1`, and the plan made from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from opro_action import __version__
from opro_action.gate.baseline import as_text, baseline_of
from opro_action.gate.evidence import Evidence
from opro_action.gate.fingerprint import Fingerprint, fingerprint
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.search.candidates import TURNED_DOWN
from opro_action.search.decision import Outcome
from opro_action.search.guards import Guarded
from opro_action.search.history import Version, to_lines
from opro_action.search.inflation import expected_inflation
from opro_action.search.mistakes import nobody_solves
from opro_action.search.plan import Plan, PlanFile
from opro_action.search.setup import Setup
from opro_action.search.trajectory import Attempt
from opro_action.suite.suite import Suite, content_digest

SCHEMA = "opro.optimize/1"
PLACES = 6


@dataclass(frozen=True)
class Report:
    """A finished search with what the journal and the books know of it. `run` is its folder, `at` when it ended."""

    setup: Setup
    outcome: Outcome
    usage: Mapping[str, Any]
    run: str
    at: str
    commit: str | None

    @property
    def suite(self) -> Suite:
        return self.setup.suite

    @property
    def evidence(self) -> Evidence:
        return self.outcome.evidence or Evidence("not_shown", self.outcome.stop.meaning)

    @property
    def accepted(self) -> bool:
        """Whether the winner is proposed: `proven`, or `promising` unless the suite asks for proof."""
        wanted = {"proven"} if self.suite.optimize.propose == "proven" else {"proven", "promising"}
        return self.evidence.evidence in wanted

    @property
    def selection_bias(self) -> float | None:
        """By how much the gain on the search split was above that on the holdout, in score; None without a holdout.

        The search picked what did best on its own cases, so its gain is too high; this is by how much.
        """
        best, seed, held = self.outcome.best.score, self.outcome.trajectory.seed.score, self.evidence.delta
        return None if best is None or seed is None or held is None else best - seed - held

    @property
    def unsolved(self) -> tuple[str, ...]:
        """Ids of the search cases that no prompt solved."""
        return nobody_solves(self.outcome.trajectory)

    @property
    def left_out(self) -> int:
        """How many candidates were not tried because a person had turned down their text before."""
        return sum(attempt.rejected == TURNED_DOWN for attempt in self.outcome.trajectory.attempts)

    @property
    def best_inflation(self) -> float:
        """By how much the winner's search score may overstate it, for it was chosen by it; 0 for the file's own."""
        if self.outcome.best is self.outcome.trajectory.seed:
            return 0.0
        tried, score = len(self.outcome.trajectory.scored), self.outcome.best.score or 0.0
        return expected_inflation(score, n=self.outcome.trajectory.n, tried=tried)


def optimize_json(report: Report) -> dict[str, Any]:
    """The object that `opro optimize --format json` prints."""
    outcome, evidence = report.outcome, report.evidence
    return {
        "schema": SCHEMA,
        "suite": report.suite.title,
        "prompt": report.suite.relative(report.suite.prompt.path),
        "accepted": report.accepted,
        "evidence": evidence.evidence,
        "reason": evidence.reason,
        "stop_reason": outcome.stop.reason,
        "stop_meaning": outcome.stop.meaning,
        "seed_prompt": _scored_prompt(outcome.trajectory.seed),
        "best": {
            **_scored_prompt(outcome.best),
            "holdout_score": _rounded(evidence.best_score),
            "expected_inflation": _rounded(report.best_inflation),
        },
        "seed_holdout_score": _rounded(evidence.seed_score),
        "delta": _rounded(evidence.delta),
        "delta_ci95": [_rounded(end) for end in evidence.delta_ci95] if evidence.delta_ci95 else None,
        "p_value": _rounded(evidence.p_value),
        "selection_bias": _rounded(report.selection_bias),
        "guards": [_guard(one) for one in outcome.guarded],
        "unsolved_cases": list(report.unsolved),
        "candidates": [_candidate(attempt) for attempt in outcome.trajectory.attempts[1:]],
        "usage": dict(report.usage),
        "run": report.run,
    }


def versions(report: Report) -> list[Version]:
    """What the history gains: the file's prompt and the winner, as the holdout saw them (or else the search split)."""
    outcome, evidence = report.outcome, report.evidence
    if not outcome.seed_holdout:
        return [
            _version(report, outcome.trajectory.seed, tuple(outcome.trajectory.seed.results.values()), "search", "")
        ]
    return [
        _version(report, outcome.trajectory.seed, outcome.seed_holdout, "holdout", ""),
        _version(report, outcome.best, outcome.best_holdout, "holdout", evidence.evidence),
    ]


def plan_of(report: Report, history: Sequence[Version], before: Mapping[Path, bytes | None], command: str) -> Plan:
    """The plan to propose the winner. `before` holds the files' bytes as the search read them (None: not there)."""
    suite, evidence = report.suite, report.evidence
    split = report.setup.split
    model = suite.optimize.model or suite.model
    return Plan(
        name=suite.name,
        suite=suite.relative(suite.path),
        prompt=suite.relative(suite.prompt.path),
        description=suite.description,
        propose=_way(report),
        files=tuple(
            PlanFile(suite.relative(path), content.decode(), _sha256(before[path]))
            for path, content in proposed_files(report, history).items()
        ),
        result=optimize_json(report),
        steps=_steps(report.outcome),
        history=[asdict(version) for version in history],
        cases={
            "search": len(split.search),
            "holdout": len(split.holdout),
            "fixed": list(evidence.fixed),
            "broken": list(evidence.broken),
            "broken_must_pass": list(evidence.broken_must_pass),
        },
        made_with={
            "version": __version__,
            "task_model": suite.model.id,
            "optimizer_model": model.id,
            "seed": suite.optimize.seed,
            "cases_digest": content_digest(sorted(case.digest for case in suite.cases)),
            "command": command,
        },
    )


def proposed_files(report: Report, history: Sequence[Version]) -> dict[Path, bytes]:
    """The files of a proposal: history and, when there is a winner, the prompt and its baseline.

    With a model that is not deterministic the winner's scores on the search split are too high, since they
    chose it, and of spare cases there are none; then the baseline is left for `opro check --update-baseline` to record.
    """
    suite, outcome = report.suite, report.outcome
    files = {suite.history_path: to_lines(history).encode()}
    if report.accepted:
        files[suite.prompt.path] = suite.prompt.with_text(outcome.best.text)
    if report.accepted and suite.model.deterministic and not report.setup.split.spare:
        accepted = replace(suite, prompt=replace(suite.prompt, text=outcome.best.text))
        result = SuiteResult(_in_order(suite, (*outcome.best.results.values(), *outcome.best_holdout)))
        if result.measured:
            baseline = baseline_of(accepted, result, fingerprint(accepted, suite.model))
            files[suite.baseline_path] = as_text(baseline).encode()
    return files


def _in_order(suite: Suite, results: Sequence[CaseResult]) -> tuple[CaseResult, ...]:
    found = {result.case.id: result for result in results}
    return tuple(found[case.id] for case in suite.cases if case.id in found)


def _way(report: Report) -> Literal["pull-request", "draft", "none"]:
    if not report.accepted:
        return "none"
    return "pull-request" if report.evidence.evidence == "proven" else "draft"


def _steps(outcome: Outcome) -> list[dict[str, Any]]:
    attempts = outcome.trajectory.attempts
    return [
        {
            "step": step,
            "best_score": _rounded(outcome.trajectory.best_after(step)),
            "tried": sum(a.step == step and not a.rejected for a in attempts),
            "rejected": sum(a.step == step and a.rejected is not None for a in attempts),
        }
        for step in range(max(attempt.step for attempt in attempts) + 1)
    ]


def _version(report: Report, attempt: Attempt, results: tuple[CaseResult, ...], split: str, evidence: str) -> Version:
    scored = SuiteResult(results)
    return Version(
        digest=attempt.digest,
        text=attempt.text,
        score=round(scored.score or 0.0, PLACES),
        n=len(scored.scored),
        split=split,
        at=report.at,
        commit=report.commit,
        evidence=evidence,
        origin=attempt.origin,
        fingerprint=_measured_how(fingerprint(report.suite, report.suite.model)),
    )


def _measured_how(found: Fingerprint) -> str:
    return content_digest({**asdict(found), "prompt": ""})


def _scored_prompt(attempt: Attempt) -> dict[str, Any]:
    return {"text": attempt.text, "digest": attempt.digest, "search_score": _rounded(attempt.score)}


def _candidate(attempt: Attempt) -> dict[str, Any]:
    found = {
        **_scored_prompt(attempt),
        "step": attempt.step,
        "origin": attempt.origin,
        "way": attempt.way,
        "n_scored": attempt.n_scored,
        "eliminated": attempt.eliminated,
    }
    return {**found, "rejected": attempt.rejected} if attempt.rejected else found


def _guard(seen: Guarded) -> dict[str, Any]:
    kept = seen.kept
    return {
        "name": seen.name,
        "worse": kept.worse,
        "reason": kept.reason,
        "n": kept.n,
        "seed_score": _rounded(kept.before),
        "best_score": _rounded(kept.after),
        "delta": _rounded(kept.delta),
        "p_value": _rounded(kept.p_value),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
