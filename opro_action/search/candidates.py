"""Candidates: out of the optimizer model's reply, and checked before a call is spent on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opro_action.search.demos import section_of, shown_in, without_demos
from opro_action.suite.prompt import Frame, Prompt, fill
from opro_action.suite.quoting import common_texts, folded, quotable
from opro_action.suite.suite import Case

_TAGGED = re.compile(r"<\s*prompt\s*>(.*?)<\s*/\s*prompt\s*>", re.DOTALL | re.IGNORECASE)
_LABEL = re.compile(r"^\**(?:instruction|question|prompt|answer)\s*:\**\s*", re.IGNORECASE)
_QUOTES = "\"'`“”‘’«»"

NO_TAGS = "no <prompt>…</prompt> in the reply"
EMPTY = "empty"
PLACEHOLDERS = "not the same placeholders"
FORBIDDEN = "not to be told from another part of its file"
DUPLICATE = "tried before"
TOO_LONG = "too long"
LEAK = "quotes a case"
TURNED_DOWN = "turned down by a person before"


@dataclass(frozen=True)
class Rules:
    """What a candidate is held against. `max_length` is in characters, without a section of examples.

    `demos` are the cases that may stand in such a section; anywhere else they are quoted like any other. `section` is
    the one that the file's prompt has: it may stay as it is, whatever has become of its cases. `common` are texts,
    normalised, that are no case's own: what several share, and the `options` that a scorer names.
    """

    seed: str
    cases: tuple[Case, ...]
    max_length: int
    frame: Frame = Frame()
    demos: tuple[Case, ...] = ()
    common: frozenset[str] = frozenset()
    section: str | None = None

    @classmethod
    def around(
        cls,
        prompt: Prompt,
        cases: Sequence[Case],
        max_length: int | None,
        demos: Sequence[Case] = (),
        options: Sequence[str] = (),
    ) -> Rules:
        """The default limit is four times the seed's length, and never under 1,000 characters."""
        own = without_demos(prompt.text)
        limit = max_length or max(4 * len(own), 1000)
        held = (*cases, *demos)
        common = common_texts(held).union(map(folded, options))
        return cls(own, held, limit, prompt.frame, tuple(demos), common, section_of(prompt.text))


def tagged_text(reply: str) -> str | None:
    """What stands inside `<prompt>…</prompt>`; of several the last, since a model may first quote an older one."""
    found = _TAGGED.findall(reply)
    return str(found[-1]).strip() if found else None


def first_line(reply: str) -> str:
    """The first line that says something, without a label or quotes around it: how a small model's reply is read."""
    for line in reply.splitlines():
        text = _LABEL.sub("", line.strip()).strip("*").strip().strip(_QUOTES).strip()
        if text:
            return text
    return ""


def reframed(instruction: str, seed: Prompt) -> str:
    """`instruction` in the place of the seed's own words: the lines from its first to its last placeholder stay."""
    names = seed.frame.placeholders
    if not seed.placeholders or names(instruction):
        return instruction
    lines = seed.text.split("\n")
    marked = [number for number, line in enumerate(lines) if names(line)]
    kept = "\n".join(lines[marked[0] : marked[-1] + 1])
    before, after = "\n".join(lines[: marked[0]]), "\n".join(lines[marked[-1] + 1 :])
    if before.strip():
        return instruction + before[len(before.rstrip()) :] + "\n" + kept
    if after.strip():
        return kept + "\n" + after[: len(after) - len(after.lstrip())] + instruction
    return instruction + "\n\n" + kept


def restored(text: str, seed: Prompt) -> str:
    """`text` with the seed's lines of placeholders, when it lost them all and they hold nothing else.

    Models often write the instruction alone. Where the seed's placeholders stand apart from its words, that is as
    good as a whole prompt; where they stand in a sentence, nobody but the model knows where they belong.
    """
    blank = dict.fromkeys(seed.placeholders, "")
    lines = [line for line in seed.text.split("\n") if seed.frame.placeholders(line)]
    apart = all(not fill(line, blank, seed.frame.marks).strip() for line in lines)
    return reframed(text, seed) if apart else text


def rejection(text: str, rules: Rules, tried: Iterable[str], declined: Iterable[str] = ()) -> str | None:
    """Why no call should be spent on `text`, or None.

    `tried` are the texts of the search so far, `declined` those that a person has turned down.
    """
    kept = section_of(text) == rules.section or shown_in(text, rules.demos)
    own = without_demos(text) if kept else text
    if not own.strip() or "\0" in text:
        return EMPTY
    if rules.frame.placeholders(text) != rules.frame.placeholders(rules.seed):
        return PLACEHOLDERS
    if rules.frame.forbidden and rules.frame.forbidden.search(text):
        return FORBIDDEN
    if len(own) > rules.max_length:
        return TOO_LONG
    if folded(text) in {folded(other) for other in tried}:
        return DUPLICATE
    if folded(text) in {folded(other) for other in declined}:
        return TURNED_DOWN
    return LEAK if _leaks(own, rules) else None


def _leaks(text: str, rules: Rules) -> bool:
    """Whether the text quotes a case's input or long expected answer that the seed did not quote already."""
    found, known = folded(text), folded(rules.seed)
    quotes = (quote for case in rules.cases for quote in quotable(case, rules.common))
    return any(quote in found and quote not in known for quote in quotes)
