"""The comment on a pull request: the verdict first, then what broke, then what was proposed.

It is made from results alone, with every word in them that is not ours in a fence or a code span: they may come from
a job that a stranger wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opro_action.report.markdown import code, count, fence, plain, score, signed, table, visible
from opro_action.report.marker import marker, read_marker

LIMIT = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""

_MOST_SUITES = 50
_MOST_CASES = 10
_WORDS = {
    "regressed": "Regressed",
    "inconclusive": "Inconclusive: lower, and it may be chance",
    "improved": "Improved",
    "unchanged": "Unchanged",
    "no_baseline": "Scored; there is no baseline to compare with",
    "unmeasured": "NOT MEASURED",
}
NOT_MEASURED = 3
"""The exit code of a run that could not measure."""


@dataclass(frozen=True)
class Ran:
    """The run that is told of: how it ended, where all of it can be read, and the commit that it measured.

    `words` are the last ones of a run that did not end well, `warnings` sentences that belong to the result. `url` and
    `commit` are "" where there is none.
    """

    exit_code: int = 0
    words: str = ""
    warnings: Sequence[str] = ()
    url: str = ""
    commit: str = ""


def comment_key(*parts: str) -> str:
    """What tells one sticky comment from another on the same pull request: a digest of what tells the runs apart."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def is_comment(body: str, key: str) -> bool:
    """Whether a comment's text is that of the sticky comment with this key."""
    return (read_marker(body) or {}).get("comment") == key


def comment_text(check: Mapping[str, Any] | None, *, ran: Ran, proposals: Sequence[str], key: str) -> str:
    """The whole comment, with its hidden marker as the last line; at most 60,000 characters.

    `proposals` are lines of ours in Markdown.
    """
    last = f"\n{_source(ran)}{marker({'v': 1, 'comment': key})}"
    parts = [_headline(check, ran.exit_code, searched=bool(proposals)), *(f"{line}\n" for line in proposals)]
    parts += [f"Warning: {plain(warning)}\n" for warning in ran.warnings]
    if check:
        parts += [_suites(check["suites"]), *(_broken(suite) for suite in check["suites"])]
    if ran.words and (ran.exit_code > 1 or not check):
        parts.append(fence(ran.words, "text"))
    room = LIMIT - len(last)
    kept = []
    for part in filter(None, parts):
        room -= len(part) + 1
        if room < 200:
            kept.append("*The rest is too long to show here: see the summary of the run.*\n")
            break
        kept.append(part)
    return "\n".join(kept) + last


def _source(ran: Ran) -> str:
    commit = f"Commit {code(ran.commit[:7])}" if ran.commit else ""
    link = f"[All of this run]({ran.url})" if ran.url else ""
    found = " · ".join(filter(None, (commit, link)))
    return f"{found}\n\n" if found else ""


def _headline(check: Mapping[str, Any] | None, exit_code: int, *, searched: bool) -> str:
    """The verdict of the check, where there is one, whatever became of a search after it."""
    if check and check["verdict"] != "unmeasured":
        return f"**{_WORDS[check['verdict']]}**\n"
    if check or exit_code == NOT_MEASURED:
        return "NOT MEASURED: the prompts of this pull request were not scored, so nothing is known of them.\n"
    if exit_code:
        return f"**Not finished**: opro ended with exit code {exit_code}.\n"
    return "**Searched**\n" if searched else "**No prompt to check**\n"


def _suites(suites: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            code(suite["suite"]),
            _WORDS[suite["verdict"]].partition(":")[0],
            f"{score(suite['score'])}{_between(suite['ci95'])}",
            score((suite["baseline"] or {}).get("score")),
            f"{signed(suite['delta'])}{_between(suite['delta_ci95'])}",
            f"{suite['n']:,}",
            plain(suite["reason"], limit=300),
        )
        for suite in suites[:_MOST_SUITES]
    ]
    more = len(suites) - _MOST_SUITES
    note = f"\nAnd {count(more, 'more suite')}.\n" if more > 0 else ""
    return table(("suite", "verdict", "score", "baseline", "change", "cases", "why"), rows) + note


def _between(interval: Sequence[float] | None) -> str:
    return f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""


def _broken(suite: Mapping[str, Any]) -> str:
    """The cases that broke, folded away; "" for a suite that did not regress."""
    must = set(suite["broken_must_pass"])
    ids = must | set(suite["regressed_cases"])
    if suite["verdict"] not in {"regressed", "inconclusive"} or not ids:
        return ""
    cases = sorted((case for case in suite["cases"] if case["id"] in ids), key=lambda case: case["id"] not in must)
    lines = [_case_line(case, must) for case in cases[:_MOST_CASES]]
    more = len(cases) - _MOST_CASES
    lines += [f"and {count(more, 'more case')}"] if more > 0 else []
    title = f"{count(len(cases), 'case')} of {code(suite['suite'])} with a lower score than before"
    return f"{title}:\n\n{fence(chr(10).join(lines), 'text')}"


def _case_line(case: Mapping[str, Any], must: set[str]) -> str:
    said = " ".join(visible(f"{case['id']}: {case['explanation']}").split())
    return f"{'(must pass) ' if case['id'] in must else ''}{said[:200]}"
