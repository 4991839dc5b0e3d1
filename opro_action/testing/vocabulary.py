"""The sentences that the simulated models know: what a prompt can say, in several wordings each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

Sort = Literal["intro", "format", "habit", "rule", "filler"]

LABELS = ("billing", "bug", "feature", "account")

CUES = (
    "a refund after a crash",
    "a password that will not reset",
    "an export to a spreadsheet",
    "a discount code",
    "two invoices at once",
    "a second user on one plan",
    "a slow page",
    "a dark theme",
    "the tax number",
    "a deleted profile",
    "a missing button",
    "the yearly plan",
    "a calendar link",
    "an old e-mail address",
    "a receipt in another language",
    "a form that forgets its entries",
)
"""What a message may be about so that its label is not the obvious one."""

INTRO = (
    "Sort each message into one of these teams: billing, bug, feature or account.",
    "Which team should get the message: billing, bug, feature or account?",
    "You decide which team answers a message: billing, bug, feature or account.",
    "Name the team for each message, which is billing, bug, feature or account.",
    "Every message goes to billing, bug, feature or account; say which.",
    "The teams are billing, bug, feature and account; choose one for the message.",
)

FORMAT = (
    "Answer with one word.",
    "Reply with the name of the team alone.",
    "Write only the team and no explanation.",
    "Give the team's name and nothing else.",
)

HABITS = (
    ("Read the whole message before you answer.", "Take in the full message first.", "Look at all of it, then decide."),
    ("Decide by what the sender wants done.", "Go by the wish of the sender.", "What the sender asks for decides."),
    ("Think step by step.", "Reason in small steps.", "Work through it one step at a time."),
    ("Be creative.", "Feel free to use your imagination.", "Surprise us with your choice."),
    ("Ignore the tone of the message.", "Do not let anger or praise sway you.", "The mood does not matter."),
    ("Weigh the first sentence most.", "The opening counts more than the rest.", "Trust how the message begins."),
    ("Weigh the last sentence most.", "The ending counts more than the rest.", "Trust how the message ends."),
    ("You are an expert at this.", "You have done this work for twenty years.", "Act as a seasoned specialist."),
    ("If in doubt, take the most common team.", "When unsure, choose the usual team.", "Guess the frequent team."),
    ("If in doubt, read it again.", "When unsure, go through it once more.", "Check again before you settle."),
    ("Look for the object, not for the verb.", "Nouns matter more than verbs.", "Attend to the things named."),
    ("Answer quickly.", "Do not think for long.", "Your first thought is fine."),
    ("Consider each team in turn.", "Hold the message against every team.", "Compare all four before choosing."),
    ("This is very important to us.", "A lot depends on your answer.", "Please take this seriously."),
)
"""Advice that is not about one kind of message; whether it helps, differs from world to world."""

FILLERS = tuple(
    f"{opening} {what}."
    for opening in ("Please note that", "Remember that", "As you know,", "Of course", "In this work")
    for what in (
        "messages come from customers",
        "every message has a number",
        "the teams read what you send them",
        "most messages are short",
        "the day is long",
        "people write as they speak",
        "some messages are friendly",
        "there are four teams",
    )
)
"""Words that say nothing; the simulated models do not take notice of them when they read."""

RULES = (
    "If a message mentions {cue}, the team is {label}.",
    "Messages about {cue} go to {label}.",
    "Treat {cue} as {label}.",
    "Anything to do with {cue} belongs to {label}.",
)


@dataclass(frozen=True)
class Item:
    """Something that a prompt can say: `key` names it, whatever the wording. `cue` and `label` are those of a rule."""

    key: str
    sort: Sort
    wordings: tuple[str, ...]
    cue: str = ""
    label: str = ""


@dataclass(frozen=True)
class Sentence:
    """An item in one of its wordings."""

    item: Item
    wording: int

    @property
    def text(self) -> str:
        return self.item.wordings[self.wording]


def rule_key(cue: str, label: str) -> str:
    return f"rule:{cue}:{label}"


@cache
def items() -> Mapping[str, Item]:
    """All items by their keys."""
    found = [Item("intro", "intro", INTRO), Item("format", "format", FORMAT)]
    found += [Item(f"habit:{index}", "habit", wordings) for index, wordings in enumerate(HABITS)]
    for cue in CUES:
        for label in LABELS:
            wordings = tuple(rule.format(cue=cue, label=label) for rule in RULES)
            found.append(Item(rule_key(cue, label), "rule", wordings, cue, label))
    return {item.key: item for item in found}


def known(piece: str) -> Sentence | None:
    """The sentence that a piece of text is, whatever its marks and capitals; None for one that is not known."""
    found = _index().get(plain(piece))
    if found is None and ":" in piece:
        found = _index().get(plain(piece.partition(":")[2]))
    return found


def pieces(text: str) -> Iterator[str]:
    """The sentences and lines of a text, without tags around them."""
    for line in _TAG.sub("\n", text).split("\n"):
        for piece in _END.split(line):
            if piece.strip():
                yield piece.strip()


def plain(text: str) -> str:
    """Words alone, in lower case."""
    return " ".join(_WORD.findall(text.casefold()))


_TAG = re.compile(r"</?[\w-]+>")
_END = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"\w+")


def filler(index: int) -> Sentence:
    """One of the `FILLERS` as a sentence."""
    return Sentence(Item(f"filler:{index}", "filler", (FILLERS[index],)), 0)


@cache
def _index() -> Mapping[str, Sentence]:
    return {
        plain(wording): Sentence(item, index)
        for item in items().values()
        for index, wording in enumerate(item.wordings)
    }
