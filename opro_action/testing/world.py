"""A world: messages with their labels, and how likely the simulated task model is right on each, given a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import exp, hypot
from statistics import NormalDist

from opro_action.testing import draws
from opro_action.testing.landscapes import LANDSCAPES, Landscape
from opro_action.testing.said import Said, bare, said_by, unfilled
from opro_action.testing.vocabulary import CUES, HABITS, LABELS, rule_key

QUANTILES = 200
"""Grades of difficulty at which the true quality of a prompt is worked out, for each kind of message."""

_PLAIN = {
    "billing": ("I was charged a sum that I do not know.", "The amount on my statement is wrong."),
    "bug": ("It stops with an error as soon as I press save.", "Since the update nothing opens any more."),
    "feature": ("It would be nice if one could sort by date.", "Could you add a way to print all of it?"),
    "account": ("I can no longer sign in.", "Please close the login of a colleague who left."),
}
_OPENINGS = (
    "Good morning.",
    "Hello there.",
    "Once more about yesterday.",
    "A short one.",
    "Not urgent.",
    "Please help.",
)
_ROOM = 9
"""Sentences that a prompt may have before it gets too long to be followed; each further one costs `_CLUTTER`."""
_CLUTTER = 0.12
_UNTOLD = -3.0
_EXAMPLE = 0.5


@dataclass(frozen=True)
class Kind:
    """Messages about `cue`: `naive` is the label that comes to mind, `right` the one that counts."""

    cue: str
    naive: str
    right: str
    share: float


@dataclass(frozen=True)
class Ticket:
    """One message. `kind` is an index into the world's kinds, -1 for a plain one; `difficulty` is in logits."""

    number: int
    kind: int
    right: str
    naive: str
    difficulty: float
    text: str


@dataclass(frozen=True)
class Push:
    """What a prompt does to the odds of being right, in logits: on all messages, and on each kind beside that.

    `clear` is the share of answers that name one label and no more.
    """

    general: float
    kinds: tuple[float, ...]
    clear: float


@dataclass(frozen=True)
class World:
    """Everything about a simulated task that stays the same: a landscape and a seed give one world."""

    landscape: Landscape
    seed: int
    _tickets: dict[int, Ticket] = field(default_factory=dict, repr=False, compare=False)
    _pushes: dict[str, Push] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def named(cls, landscape: str, seed: int) -> World:
        """A world by the name of its landscape; raises KeyError for an unknown one."""
        return cls(LANDSCAPES[landscape], seed)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        spec, order = self.landscape, draws.shuffled(len(CUES), self.seed, "cues")
        shares = [(index + 1) ** -spec.tail for index in range(spec.kinds)]
        found = []
        for index in range(spec.kinds):
            first, second = draws.shuffled(len(LABELS), self.seed, "kind", index)[:2]
            share = spec.share * shares[index] / sum(shares)
            found.append(Kind(CUES[order[index]], LABELS[first], LABELS[second], share))
        return tuple(found)

    @cached_property
    def habits(self) -> Mapping[str, float]:
        """Effects of the habits that have one, by key; the one that blankets the rules comes first, if there is one."""
        spec, order = self.landscape, draws.shuffled(len(HABITS), self.seed, "habits")
        effects = [spec.blanket] if spec.blanket else []
        effects += [spec.help] * spec.helpful + [-spec.harm] * spec.harmful
        return {f"habit:{order[index]}": effect for index, effect in enumerate(effects)}

    @property
    def blanket(self) -> str | None:
        return next(iter(self.habits)) if self.landscape.blanket else None

    def ticket(self, number: int) -> Ticket:
        """The message with this number."""
        found = self._tickets.get(number)
        if found is None:
            found = self._tickets[number] = self._drawn(number)
        return found

    def push(self, text: str) -> Push:
        """What the prompt `text` does."""
        key = unfilled(text)
        found = self._pushes.get(key)
        if found is None:
            found = self._pushes[key] = self._pushed(said_by(key))
        return found

    def probability(self, text: str, number: int) -> float:
        """How likely the answer to message `number` is right under the prompt `text`, noise of the pair included."""
        push, ticket, spec = self.push(text), self.ticket(number), self.landscape
        noise = spec.noise * draws.normal(self.seed, "pair", bare(text), number)
        return push.clear * logistic(self._logit(push, ticket) + noise)

    def quality(self, text: str) -> float:
        """True quality of a prompt text: the mean probability of a right answer over an endless number of messages.

        Nothing is drawn: each kind stands with its share, difficulty and the noise of how a prompt and a message go
        together by `QUANTILES` of their joint distribution. So the value depends on what the text says and, by
        `luck`, on its exact wording.
        """
        push = self.push(text)
        shares = [kind.share for kind in self.kinds]
        groups = zip((1 - sum(shares), *shares), (self.landscape.base, *push.kinds), strict=True)
        return push.clear * sum(
            share * sum(logistic(logit + push.general - offset) for offset in self._offsets) / QUANTILES
            for share, logit in groups
        )

    @cached_property
    def _offsets(self) -> tuple[float, ...]:
        spread = NormalDist(0, hypot(self.landscape.spread, self.landscape.noise))
        return tuple(spread.inv_cdf((index + 0.5) / QUANTILES) for index in range(QUANTILES))

    def answer(self, text: str, number: int, sample: int = 0) -> str:
        """What the task model says; `sample` tells several answers to the same question apart."""
        ticket = self.ticket(number)
        draw = draws.uniform(self.seed, "answer", bare(text), number, sample)
        if draw < self.probability(text, number):
            return ticket.right
        if draw > self.push(text).clear:
            return f"It could be {ticket.right} or {ticket.naive}, since both teams know about this."
        others = [label for label in LABELS if label not in (ticket.right, ticket.naive)]
        slip = draws.uniform(self.seed, "slip", bare(text), number, sample)
        return ticket.naive if slip < 0.8 else others[int(10 * slip) % 2]

    def _logit(self, push: Push, ticket: Ticket) -> float:
        kind = push.kinds[ticket.kind] if ticket.kind >= 0 else self.landscape.base
        return kind + push.general - ticket.difficulty

    def _drawn(self, number: int) -> Ticket:
        where, kind = draws.uniform(self.seed, "share", number), -1
        for index, candidate in enumerate(self.kinds):
            if where < candidate.share:
                kind = index
                break
            where -= candidate.share
        difficulty = self.landscape.spread * draws.normal(self.seed, "difficulty", number)
        opening = _OPENINGS[draws.pick(len(_OPENINGS), self.seed, "opening", number)]
        if kind >= 0:
            about = self.kinds[kind]
            text = f"Message {number:05}: {opening} It is about {about.cue}."
            return Ticket(number, kind, about.right, about.naive, difficulty, text)
        first, second = draws.shuffled(len(LABELS), self.seed, "plain", number)[:2]
        wordings = _PLAIN[LABELS[first]]
        body = wordings[draws.pick(len(wordings), self.seed, "body", number)]
        return Ticket(number, kind, LABELS[first], LABELS[second], difficulty, f"Message {number:05}: {opening} {body}")

    def _pushed(self, said: Said) -> Push:
        spec, stated = self.landscape, {sentence.item.key: self.strength(sentence.text) for sentence in said.sentences}
        general = sum(effect * stated.get(key, 0.0) for key, effect in self.habits.items())
        general += spec.luck * draws.normal(self.seed, "luck", bare(said.text))
        general -= _CLUTTER * max(0, said.length - _ROOM)
        general += 0.0 if said.labels else _UNTOLD
        asked = max(stated.get("format", 0.0), 0.7 * said.format, 0.8 * bool(said.examples))
        rules = [self._obeyed(kind, said, stated) for kind in self.kinds]
        if spec.pairs:
            rules = [rule if rules[index ^ 1] > 0.3 else min(rule, 0) - 0.15 * rule for index, rule in enumerate(rules)]
        muted = 1 - 0.9 * stated.get(self.blanket or "", 0.0)
        kinds = tuple(spec.trap + spec.rule * muted * rule for rule in rules)
        return Push(general, kinds, 1 - spec.talk * (1 - asked))

    def _obeyed(self, kind: Kind, said: Said, stated: Mapping[str, float]) -> float:
        """How firmly a prompt gives a kind its right label, in [-1, 1]; below 0 it gives a wrong one."""
        right = stated.get(rule_key(kind.cue, kind.right), 0.0)
        own = said.rules.get(kind.cue)
        right = max(right, 0.6 if own == kind.right else 0.0)
        shown = [self.ticket(number) for number in said.examples]
        if any(ticket.kind >= 0 and self.kinds[ticket.kind] == kind for ticket in shown):
            right = max(right, _EXAMPLE)
        wrong = [stated.get(rule_key(kind.cue, label), 0.0) for label in LABELS if label != kind.right]
        return right - max(*wrong, 0.6 if own and own != kind.right else 0.0)

    def strength(self, wording: str) -> float:
        """How well the task model takes a wording, in [0.6, 1]."""
        return 0.6 + 0.4 * draws.uniform(self.seed, "wording", wording)


def logistic(x: float) -> float:
    return 1 / (1 + exp(-x)) if x > -700 else 0.0
