"""The meta-prompt: what the optimizer model reads before it writes a candidate, in the paper's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opro_action.models.model import Message
from opro_action.scoring.results import CaseResult
from opro_action.search.candidates import NO_TAGS, restored, tagged_text
from opro_action.search.split import order
from opro_action.search.trajectory import Trajectory
from opro_action.suite.suite import Case, Suite

EXEMPLARS = 3
"""Solved cases that each meta-prompt shows; the paper finds three as good as ten and better than none."""
FAILURES = 4
_CLIP = 400


@dataclass(frozen=True)
class Draft:
    """One call to the optimizer model: its messages and the parameters that differ from the suite's."""

    messages: tuple[Message, ...]
    params: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Brief:
    """What the optimizer model may know: never a case of the holdout split.

    `rejections` are the reasons, with counts, why earlier candidates were not scored.
    """

    suite: Suite
    trajectory: Trajectory
    cases: tuple[Case, ...]
    step: int
    rejections: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Large:
    """The paper's form, for models that follow instructions: one meta-prompt, sampled once per candidate."""

    def drafts(self, brief: Brief) -> tuple[Draft, ...]:
        message = Message("user", _large_text(brief))
        return (Draft((message,)),) * brief.suite.optimize.candidates

    def text(self, reply: str, suite: Suite) -> tuple[str, str | None]:
        """The candidate in a reply, and why there is none."""
        found = tagged_text(reply)
        return (reply.strip(), NO_TAGS) if found is None else (restored(found, suite.prompt), None)


def _large_text(brief: Brief) -> str:
    parts = [
        _task(brief),
        _scored_prompts(brief),
        _exemplars(brief),
        _failures(brief),
        _rejections(brief),
        _wanted(brief),
    ]
    return "\n\n".join(part for part in parts if part)


def _task(brief: Brief) -> str:
    task = brief.suite.description or "Not described: see the examples."
    return f"Improve the prompt that a language model is given for a task.\n\nThe task: {task}\n{_place(brief.suite)}"


def _place(suite: Suite) -> str:
    frame = suite.prompt.frame
    if frame.role:
        what = f"The prompt is the {frame.role} message of a chat"
        filled = ", in which each {{name}} is replaced by a value of the example" if suite.prompt.placeholders else ""
        around = [f"{role}: {_clip(content)}" for role, content in (*frame.before, *frame.after)]
        return "\n".join([f"{what}{filled}." + (" The other messages:" if around else ""), *around])
    if suite.prompt.placeholders:
        return "The prompt is a message in which each {{name}} is replaced by a value of the example."
    return "The prompt is the system message; the input of the example is the user message."


def _scored_prompts(brief: Brief) -> str:
    scored = [
        f"<prompt>\n{attempt.text}\n</prompt>\nscore: {round(100 * (attempt.score or 0.0))}"
        for attempt in brief.trajectory.ascending
    ]
    head = "Prompts that were tried, worst first, with their scores from 0 to 100. A higher score is better."
    return "\n\n".join([head, *scored])


def _exemplars(brief: Brief) -> str:
    cases = [case for case in brief.cases if case.expected is not None]
    chosen = sorted(cases, key=lambda case: order(brief.step, case.digest))[:EXEMPLARS]
    if not chosen:
        return ""
    shown = [f"{_values(case)}\nright answer: {_clip(case.expected)}" for case in chosen]
    return "\n\n".join(["Examples of the task:", *shown])


def _failures(brief: Brief) -> str:
    failed = [result for result in brief.trajectory.best.results.values() if not result.passed]
    chosen = sorted(failed, key=lambda result: order(brief.step, "failure", result.case.digest))[:FAILURES]
    if not chosen:
        return ""
    return "\n\n".join(["What the best prompt still gets wrong:", *(_failure(result) for result in chosen)])


def _failure(result: CaseResult) -> str:
    answers = [answer for answer in result.answers if not answer.passed]
    return f"{_values(result.case)}\nanswer: {_clip(answers[0].text)}\nwrong because: {_clip(answers[0].explanation)}"


def _rejections(brief: Brief) -> str:
    if not brief.rejections:
        return ""
    counts = "; ".join(f"{reason} ({count})" for reason, count in brief.rejections)
    return f"Some of your earlier prompts were not tried: {counts}."


def _wanted(brief: Brief) -> str:
    names = sorted(brief.suite.prompt.placeholders)
    marks = " and ".join(f"{{{{{name}}}}}" for name in names)
    keep = f" It must contain {marks}, exactly so." if names else ""
    return (
        "Write one new prompt that differs from all of the above and scores as high as possible. "
        f"Make it clear, concise and generally applicable; do not quote the examples.{keep} "
        "Write only the prompt, between <prompt> and </prompt>."
    )


def _values(case: Case) -> str:
    return "\n".join(f"{name}: {_clip(value)}" for name, value in case.vars.items())


def _clip(value: object) -> str:
    text = str(value)
    return text if len(text) <= _CLIP else text[: _CLIP - 1] + "…"
