"""The meta-prompt: what the optimizer model reads before it writes a candidate, in the paper's form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from opro_action.models.model import Message
from opro_action.search import showing
from opro_action.search.candidates import NO_TAGS, restored, tagged_text
from opro_action.search.showing import CHARS_PER_TOKEN, Brief, Part, clipped, fitted
from opro_action.search.trajectory import Way
from opro_action.suite.suite import Suite

FAILURES = 4
"""Kinds of mistakes that a rewrite is shown; a repair, which is about nothing else, is shown twice as many."""


@dataclass(frozen=True)
class Draft:
    """One call to the optimizer model: its messages, the parameters that differ from the suite's, and the way it is."""

    messages: tuple[Message, ...]
    params: tuple[tuple[str, Any], ...] = ()
    way: Way = "rewrite"


@dataclass(frozen=True)
class Large:
    """The paper's form, for models that follow instructions: one meta-prompt per candidate.

    The candidates of a step read the same trajectory, but other exemplars and failures, which costs nothing and
    keeps a model that answers the same question alike from writing one prompt eight times.
    """

    def drafts(self, brief: Brief) -> tuple[Draft, ...]:
        return tuple(
            Draft((Message("user", large_text(brief, way, f"{brief.step} {index}")),), way=way)
            for index, way in enumerate(brief.ways)
        )

    def text(self, reply: str, suite: Suite) -> tuple[str, str | None]:
        """The candidate in a reply, and why there is none."""
        found = tagged_text(reply)
        return (reply.strip(), NO_TAGS) if found is None else (restored(found, suite.prompt), None)


@dataclass(frozen=True)
class _Recipe:
    """What a way shows, and what it asks for."""

    parts: Callable[[Brief, str], Sequence[Part]]
    wanted: str
    last: str = "Write only the prompt, between <prompt> and </prompt>."


def large_text(brief: Brief, way: Way, salt: str) -> str:
    """The message that asks for one candidate, within the suite's `context_tokens` as far as that can be."""
    recipe = _RECIPES[way]
    task, wanted = _task(brief), _wanted(brief, recipe)
    shown = [part for part in recipe.parts(brief, salt) if part.name in ("best", *brief.suite.optimize.show)]
    room = CHARS_PER_TOKEN * brief.suite.optimize.context_tokens - len(task) - len(wanted)
    return "\n\n".join([task, *fitted(shown, room), wanted])


def _rewrite(brief: Brief, salt: str) -> Sequence[Part]:
    return (
        showing.scored_prompts(brief),
        showing.exemplars(brief, salt),
        showing.failures(brief, salt, most=FAILURES),
        showing.never_solved(brief, salt, beside=FAILURES),
        showing.rejections(brief),
    )


def _repair(brief: Brief, salt: str) -> Sequence[Part]:
    return (
        showing.scored_prompts(brief, most=5),
        showing.failures(brief, salt, most=2 * FAILURES),
        showing.never_solved(brief, salt, beside=2 * FAILURES),
        showing.rejections(brief),
    )


def _edit(brief: Brief, salt: str) -> Sequence[Part]:
    return (showing.best_prompt(brief), showing.failures(brief, salt, most=FAILURES), showing.rejections(brief))


def _restart(brief: Brief, salt: str) -> Sequence[Part]:
    return (showing.exemplars(brief, salt), showing.failures(brief, salt, most=FAILURES), showing.rejections(brief))


def _shorten(brief: Brief, salt: str) -> Sequence[Part]:
    return (showing.best_prompt(brief), showing.exemplars(brief, salt), showing.rejections(brief))


_RECIPES: dict[Way, _Recipe] = {
    "rewrite": _Recipe(
        _rewrite, "Write one new prompt that differs from all of the above and scores as high as possible."
    ),
    "repair": _Recipe(
        _repair,
        "Say why the best prompt fails on these, and write a prompt that keeps what works in it and says what was "
        "missing, as a general rule.",
        last="Answer in this form:\n\nwhy: one sentence\n<prompt>\nthe new prompt\n</prompt>",
    ),
    "edit": _Recipe(
        _edit,
        "Make one small change in this prompt so that it scores higher: add, drop or replace a few words, and keep all "
        "others.",
        last="Write only the changed prompt, between <prompt> and </prompt>.",
    ),
    "restart": _Recipe(
        _restart, "Write a prompt for this task from scratch, in your own way, as if none had been written before."
    ),
    "shorten": _Recipe(_shorten, "Write this prompt in fewer words, without losing any rule that it states."),
}


def _task(brief: Brief) -> str:
    task = brief.suite.description or "Not described: see the examples."
    return f"Improve the prompt that a language model is given for a task.\n\nThe task: {task}\n{_place(brief.suite)}"


def _place(suite: Suite) -> str:
    frame = suite.prompt.frame
    if frame.role:
        what = f"The prompt is the {frame.role} message of a chat"
        filled = ", in which each {{name}} is replaced by a value of the example" if suite.prompt.placeholders else ""
        around = [f"{role}: {clipped(content)}" for role, content in (*frame.before, *frame.after)]
        return "\n".join([f"{what}{filled}." + (" The other messages:" if around else ""), *around])
    if suite.prompt.placeholders:
        return "The prompt is a message in which each {{name}} is replaced by a value of the example."
    return "The prompt is the system message; the input of the example is the user message."


def _wanted(brief: Brief, recipe: _Recipe) -> str:
    names = sorted(brief.suite.prompt.placeholders)
    marks = " and ".join(f"{{{{{name}}}}}" for name in names)
    keep = f" It must contain {marks}, exactly so." if names else ""
    general = "Make it clear, concise and generally applicable; do not quote the examples."
    return f"{recipe.wanted} {general}{keep} {recipe.last}"
