"""The parts of a pull request's description, each a pure function from the plan to Markdown (or "")."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.report.markdown import code, count, fence, plain, score, signed, table, visible
from opro_action.report.mermaid import xychart
from opro_action.search.plan import Plan

_MOST_IDS = 50
_MOST_VERSIONS = 20
_MOST_STEPS = 50
_DIFF_LIMIT = 50_000  # characters of both texts: a longer diff would not fit, and takes seconds to make


def verdict(plan: Plan) -> str:
    """What was shown, as one sentence; for an unproven gain it starts with that, and with p."""
    best, seed = plan.best.get("holdout_score"), plan.result["seed_holdout_score"]
    gain = (
        f"a new wording of {code(plan.prompt)} scores **{score(best)}**, where the present one scores "
        f"**{score(seed)}**, on {count(plan.cases['holdout'], 'case')} that the search had never seen"
    )
    if plan.evidence == "proven":
        return f"**Proven:** {gain}.\n"
    if plan.evidence == "promising":
        return f"**Unproven (p = {_p(plan)}):** {gain}; a difference like this may still be luck.\n"
    return f"**Not shown:** {gain}; this is no evidence of a gain.\n"


def caution(plan: Plan) -> str:
    """Who wrote this, and who has to judge it."""
    task = f"The task, in the suite's words: {plain(plan.description)}\n\n" if plan.description.strip() else ""
    return (
        f"{task}> A model wrote the new text, and the scores say only how it did on these cases. "
        "A person must read and judge it before it is merged.\n"
    )


def evidence(plan: Plan) -> str:
    """The table of seed against best, and what its numbers mean to a reader without statistics."""
    result = plan.result
    low, high = result["delta_ci95"] or (None, None)
    rows = [
        (
            "**never seen** by the search (the holdout)",
            plan.cases["holdout"],
            score(result["seed_holdout_score"]),
            score(plan.best.get("holdout_score")),
            f"**{signed(result['delta'])}**",
            f"{signed(low)} to {signed(high)}",
            _p(plan),
        ),
        (
            "used **by** the search",
            plan.cases["search"],
            score(plan.seed["search_score"]),
            score(plan.best["search_score"]) + _inflated(plan),
            signed(_difference(plan.best["search_score"], plan.seed["search_score"])),
            "",
            "",
        ),
    ]
    rows += [
        (
            f"{plain(guard['name'], limit=100)}, which had to keep its level",
            guard["n"],
            score(guard["seed_score"]),
            score(guard["best_score"]),
            signed(_difference(guard["best_score"], guard["seed_score"])),
            "",
            "",
        )
        for guard in result.get("guards", [])
    ]
    header = ("cases", "number", "present prompt", "proposed", "change", "95 % interval", "p")
    return f"### Evidence\n\n{table(header, rows)}\n{_reading(plan)}"


def _inflated(plan: Plan) -> str:
    inflation = plan.best.get("expected_inflation")
    return f" (about {inflation:.2f} too high)" if inflation and inflation >= 0.005 else ""


def _reading(plan: Plan) -> str:
    p = plan.result["p_value"]
    luck = (
        "" if p is None else f" *p* is the chance of a gain this large if both wordings were equally good: {_odds(p)}."
    )
    return (
        "A score is the mean over the cases: 0 is all wrong, 1 is all right. The first row decides. "
        "The second looks better than the truth, since the search picked the wording that did best there. "
        f"The interval is where the real change most likely lies.{luck}\n"
    )


def change(plan: Plan) -> str:
    """The prompt's diff, in a fence."""
    old, new = plan.seed["text"], plan.best["text"]
    if len(old) + len(new) > _DIFF_LIMIT:
        return "### What changes\n\nThe texts are too long to show here: see the changed files.\n"
    return f"### What changes\n\n{fence(_diff(old, new), 'diff')}"


def _diff(old: str, new: str) -> str:
    before, after = visible(old).split("\n"), visible(new).split("\n")
    return "\n".join(difflib.unified_diff(before, after, "present", "proposed", lineterm=""))


def cases(plan: Plan) -> str:
    """The unseen cases that the new text gets right for the first time, and those it breaks."""
    told = plan.cases
    lines = [
        f"* newly right: {_ids(told['fixed'])}",
        f"* newly wrong: {_ids(told['broken'])}",
    ]
    if told["broken_must_pass"]:
        lines.append(f"* **newly wrong, and marked as must-pass**: {_ids(told['broken_must_pass'])}")
    return "### Unseen cases that turn out differently\n\n" + "\n".join(lines) + "\n"


def _ids(ids: Sequence[str]) -> str:
    if not ids:
        return "none"
    more = f" and {len(ids) - _MOST_IDS:,} more" if len(ids) > _MOST_IDS else ""
    return f"{len(ids):,}: " + ", ".join(code(case, limit=80) for case in ids[:_MOST_IDS]) + more


def search(plan: Plan) -> str:
    """The best score by step, as a chart and as the same numbers in a table."""
    if not plan.steps:
        return ""
    steps = plan.steps
    points = [(str(step["step"]), step["best_score"]) for step in steps]
    chart = xychart("best score so far, cases used by the search", points, x_label="step", y_label="score")
    rows = [(step["step"], score(step["best_score"]), step["tried"], step["rejected"]) for step in steps[-_MOST_STEPS:]]
    note = f"\nThe last {_MOST_STEPS} of {len(steps):,} steps.\n" if len(steps) > _MOST_STEPS else ""
    numbers = table(("step", "best score so far", "candidates tried", "turned down unscored"), rows)
    luckier = passed_over(steps[-1]["best_score"], plan.best["search_score"])
    explained = f"\nAs the chart shows, {luckier}.\n" if luckier else ""
    return f"### The search, step by step\n\n{chart}\n{numbers}{note}{explained}"


def passed_over(highest: float | None, chosen: float | None) -> str | None:
    """Why the winner is not the prompt with the highest search score, where it is not."""
    if highest is None or chosen is None or highest <= chosen:
        return None
    return f"the highest search score was {score(highest)}, but prompts like it do worse: it was taken for luck"


def history(plan: Plan) -> str:
    """The prompt's versions with their scores, newest first."""
    if not plan.history:
        return ""
    newest = list(reversed(plan.history))
    rows = [_version(version) for version in newest[:_MOST_VERSIONS]]
    older = len(newest) - _MOST_VERSIONS
    note = f"\nAnd {count(older, 'older version')}.\n" if older > 0 else ""
    return f"### Score history\n\n{table(('version', 'score', 'cases', 'when', 'commit', 'evidence'), rows)}{note}"


def _version(version: Mapping[str, Any]) -> Sequence[object]:
    n, commit, shown = version.get("n"), version.get("commit"), version.get("evidence")
    split = f" ({plain(version['split'], limit=20)})" if version.get("split") else ""
    return (
        code(version["digest"][:12]),
        score(version["score"]),
        "–" if n is None else f"{n:,}{split}",
        code(version["at"][:16].replace("T", " ")),
        code(commit[:12]) if commit else "–",
        code(shown, limit=40) if shown else "–",
    )


def provenance(plan: Plan) -> str:
    """Models, seed, candidates, cost and case digest, and the command that does it again."""
    made, total = plan.made_with, plan.result["usage"]["total"]
    rows = [
        ("task model (answers the cases)", code(made["task_model"])),
        ("optimizer model (wrote the texts)", code(made["optimizer_model"] or made["task_model"])),
        ("candidates", _candidates(plan.result["candidates"])),
        ("written as", _ways(plan.result["candidates"])),
        ("stopped because", plain(plan.result.get("stop_meaning") or plan.result["stop_reason"])),
        ("decided", plain(plan.result["reason"])),
        ("model calls", f"{total['calls']:,}, and {total.get('cached', 0):,} answers from the cache"),
        ("tokens", f"{total.get('prompt_tokens', 0):,} sent, {total.get('completion_tokens', 0):,} received"),
        ("cost", _cost(total.get("cost_usd"))),
        ("time", f"{total.get('seconds', 0) / 60:.1f} minutes"),
        ("cases", f"{code(made['cases_digest'][:12])}, split with seed {made['seed']}"),
        ("proposed text", code(plan.best["digest"][:12])),
        ("opro", code(made["version"])),
    ]
    return f"### How it was found\n\n{table(('', ''), rows)}\nTo do it again:\n\n{fence(made['command'], 'sh')}"


def _candidates(candidates: Sequence[Mapping[str, Any]]) -> str:
    rejected = Counter(str(one["rejected"]) for one in candidates if one.get("rejected"))
    reasons = ", ".join(f"{number} × {plain(reason, limit=80)}" for reason, number in rejected.most_common(10))
    scored = len(candidates) - rejected.total()
    return f"{scored:,} scored, {rejected.total():,} turned down unscored" + (f" ({reasons})" if reasons else "")


def _ways(candidates: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(str(one["way"]) for one in candidates if one.get("way"))
    return ", ".join(f"{count} × {plain(way, limit=20)}" for way, count in counts.most_common()) or "–"


def _cost(dollars: float | None) -> str:
    return "not known: a model has no price" if dollars is None else f"${dollars:.2f}"


def _difference(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old


def _p(plan: Plan) -> str:
    p = plan.result["p_value"]
    if p is None:
        return "–"
    return "less than 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def _odds(p: float) -> str:
    if p < 0.0001:
        return "less than 1 in 10,000"
    return f"about {p * 100:.0f} in 100" if p >= 0.01 else f"about 1 in {1 / p:,.0f}"
