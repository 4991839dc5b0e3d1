"""The result of `opro optimize` as text for a terminal and as Markdown for a job summary."""

from __future__ import annotations

from typing import Any

from opro_action.gate.paired import p_in_words, points, some
from opro_action.report.check import usage_line
from opro_action.report.markdown import code, count, fence, logged, plain, score, table
from opro_action.report.sections import passed_over
from opro_action.search.guards import Guarded
from opro_action.search.result import Report
from opro_action.search.setup import Setup
from opro_action.suite.wording import listed

_WORDS = {"proven": "PROVEN", "promising": "PROMISING (unproven)", "not_shown": "NO BETTER PROMPT SHOWN"}


def estimate_text(setup: Setup) -> str:
    """What the search may cost at most, before any of it is spent."""
    suite, spec = setup.suite, setup.suite.optimize
    writer = spec.model or suite.model
    dollars = "" if spec.max_cost is None else f", at most ${spec.max_cost:g}"
    demos = f", {len(setup.split.demos)} cases as examples" if setup.split.demos else ""
    spare = f", {len(setup.split.spare)} cases left aside for this budget" if setup.split.spare else ""
    guards = f"; then {listed([guard.name for guard in setup.guards], 'and')}" if setup.guards else ""
    return (
        f"{suite.title}: {len(setup.split.search)} search and {len(setup.split.holdout)} holdout cases{demos}{spare}; "
        f"at most {spec.steps} steps of {spec.candidates} candidates, {setup.most_calls} calls "
        f"({suite.model.id} answers, {writer.id} writes), {setup.decision_calls} of them kept for the decision{guards}"
        f"{dollars}, {spec.max_minutes:g} minutes"
    )


def estimate_json(setup: Setup) -> dict[str, Any]:
    """The numbers of `estimate_text`. `max_cost` is in dollars, None without a cap; `decision_calls` of `calls`."""
    suite, spec = setup.suite, setup.suite.optimize
    return {
        "suite": suite.title,
        "search_cases": len(setup.split.search),
        "holdout_cases": len(setup.split.holdout),
        "steps": spec.steps,
        "candidates": spec.candidates,
        "calls": setup.most_calls,
        "decision_calls": setup.decision_calls,
        "max_cost": spec.max_cost,
        "max_minutes": spec.max_minutes,
    }


def optimize_text(report: Report) -> str:
    """The verdict first, then the numbers, the prompt and where everything lies."""
    outcome, evidence = report.outcome, report.evidence
    lines = [f"{_WORDS[evidence.evidence]}  {report.suite.title}", f"  {evidence.reason}"]
    lines.append(f"  stopped: {outcome.stop.meaning}")
    lines.append(
        f"  search score  {score(outcome.trajectory.seed.score)} → {score(outcome.best.score)}{_inflated(report)}"
    )
    if luckier := _luckier(report):
        lines.append(f"  {luckier}")
    if evidence.delta is not None:
        lines.append(f"  holdout score {score(evidence.seed_score)} → {score(evidence.best_score)}{_interval(report)}")
        lines.append(f"  {_bias(report)}")
    lines += [f"  {_guard(one)}" for one in outcome.guarded]
    if report.unsolved:
        lines.append(f"  {_unsolved(report)}")
    if report.setup.declined:
        lines.append(f"  {_declined(report)}")
    if report.accepted:
        lines += ["  new prompt:", *(f"    {line}" for line in outcome.best.text.splitlines())]
    lines.append(f"  {usage_line(report.usage['total'])}")
    return logged("\n".join(lines) + "\n")


def optimize_markdown(report: Report) -> str:
    """For a job summary: the verdict, a table of the scores, the winner's text in a fence."""
    outcome, evidence = report.outcome, report.evidence
    rows = [
        ("search split", score(outcome.trajectory.seed.score), score(outcome.best.score)),
        ("holdout split", score(evidence.seed_score), score(evidence.best_score)),
    ]
    parts = [
        f"**{_WORDS[evidence.evidence]}** {code(report.suite.name)}",
        plain(evidence.reason),
        plain(f"Stopped: {outcome.stop.meaning}"),
        table(("mean score", "current prompt", "best candidate"), rows).rstrip(),
    ]
    if evidence.delta is not None:
        parts.append(plain(_bias(report)))
    parts += [plain(_guard(one)) for one in outcome.guarded]
    if report.unsolved:
        parts.append(plain(_unsolved(report)))
    if report.setup.declined:
        parts.append(plain(_declined(report)))
    if report.accepted:
        parts.append("New prompt, written by a model:\n\n" + fence(outcome.best.text).rstrip())
    return "\n\n".join([*parts, usage_line(report.usage["total"])]) + "\n"


def _inflated(report: Report) -> str:
    inflation = report.best_inflation
    return f" (too high by up to {100 * inflation:.0f} points, as the best of many)" if inflation >= 0.005 else ""


def _luckier(report: Report) -> str | None:
    if report.evidence.delta is None:
        return None
    return passed_over(report.outcome.trajectory.best.score, report.outcome.best.score)


def _bias(report: Report) -> str:
    bias = report.selection_bias or 0.0
    much = f"{points(bias)} {'more' if bias >= 0 else 'less'} than"
    return f"selection bias: the gain on the search split was {much} on the holdout, which had no part in the choice"


def _guard(seen: Guarded) -> str:
    return f"{seen.name}: {'got worse, ' if seen.kept.worse else 'kept its level, '}{seen.kept.reason}"


def _unsolved(report: Report) -> str:
    ids = report.unsolved
    cases = "1 case" if len(ids) == 1 else f"{len(ids)} cases"
    return f"solved by no prompt: {cases} of the search split ({some(ids)}): see whether they are right"


def _declined(report: Report) -> str:
    texts = count(len(report.setup.declined), "text")
    return f"turned down by people before: {texts}; {count(report.left_out, 'candidate')} left out for that"


def _interval(report: Report) -> str:
    evidence = report.evidence
    if evidence.delta_ci95 is None or evidence.p_value is None:
        return ""
    low, high = evidence.delta_ci95
    return f" ({evidence.delta:+.2f}, 95 %: {low:+.2f} to {high:+.2f}, {p_in_words(evidence.p_value)})"
