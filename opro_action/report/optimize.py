"""The result of `opro optimize` as text for a terminal and as Markdown for a job summary."""

from __future__ import annotations

from opro_action.gate.paired import p_in_words
from opro_action.report.check import usage_line
from opro_action.report.markdown import code, fence, plain, score, table
from opro_action.search.result import Report
from opro_action.search.search import Setup

_WORDS = {"proven": "PROVEN", "promising": "PROMISING (unproven)", "not_shown": "NO BETTER PROMPT SHOWN"}


def estimate_text(setup: Setup) -> str:
    """What the search may cost at most, before any of it is spent."""
    suite, spec = setup.suite, setup.suite.optimize
    writer = spec.model or suite.model
    dollars = "" if spec.max_cost is None else f", at most ${spec.max_cost:g}"
    return (
        f"{suite.title}: {len(setup.split.search)} search and {len(setup.split.holdout)} holdout cases; "
        f"at most {spec.steps} steps of {spec.candidates} candidates, {setup.most_calls} calls "
        f"({suite.model.id} answers, {writer.id} writes){dollars}, {spec.max_minutes:g} minutes"
    )


def optimize_text(report: Report) -> str:
    """The verdict first, then the numbers, the prompt and where everything lies."""
    outcome, evidence = report.outcome, report.evidence
    lines = [f"{_WORDS[evidence.evidence]}  {report.suite.title}", f"  {evidence.reason}"]
    lines.append(f"  stopped: {outcome.stop.meaning}")
    lines.append(
        f"  search score  {score(outcome.trajectory.seed.score)} → {score(outcome.best.score)}{_inflated(report)}"
    )
    if evidence.delta is not None:
        lines.append(f"  holdout score {score(evidence.seed_score)} → {score(evidence.best_score)}{_interval(report)}")
    if report.accepted:
        lines += ["  new prompt:", *(f"    {line}" for line in outcome.best.text.splitlines())]
    lines.append(f"  {usage_line(report.usage['total'])}")
    return "\n".join(lines) + "\n"


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
    if report.accepted:
        parts.append("New prompt, written by a model:\n\n" + fence(outcome.best.text).rstrip())
    return "\n\n".join([*parts, usage_line(report.usage["total"])]) + "\n"


def _inflated(report: Report) -> str:
    inflation = report.best_inflation
    return f" (too high by up to {100 * inflation:.0f} points, as the best of many)" if inflation >= 0.005 else ""


def _interval(report: Report) -> str:
    evidence = report.evidence
    if evidence.delta_ci95 is None or evidence.p_value is None:
        return ""
    low, high = evidence.delta_ci95
    return f" ({evidence.delta:+.2f}, 95 %: {low:+.2f} to {high:+.2f}, {p_in_words(evidence.p_value)})"
