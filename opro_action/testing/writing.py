"""How the simulated optimizer model writes: from what it saw in the message, and from what comes to its mind."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from opro_action.testing.reading import Seen, ShownCase, ShownPrompt
from opro_action.testing.vocabulary import FILLERS, LABELS, Item, Sentence, filler, items, rule_key


@dataclass(frozen=True)
class Hand:
    """An optimizer model's abilities, as probabilities.

    It finds the idea behind a shown failure with `notice`, behind a shown example with `glance`, and the idea is right
    with `judgement`. With `compare` it uses the scores: takes over what better prompts say and drops what worse ones
    say. `invents` is how often it adds what merely comes to its mind, `fills` how often words that say nothing;
    `rephrase` is per sentence. `broken`, `copies` and `forgets` are the shares of replies in a broken layout, that
    quote a case, and without the placeholders; being told so makes each three times as rare.
    """

    name: str
    notice: float = 0.3
    glance: float = 0.15
    judgement: float = 0.7
    compare: float = 0.6
    rephrase: float = 0.25
    invents: float = 0.35
    fills: float = 0.05
    broken: float = 0.02
    copies: float = 0.01
    forgets: float = 0.02


_ALL = (
    Hand("good"),
    Hand("ignores", notice=0, glance=0, compare=0, rephrase=0.7, invents=0, fills=0.8),
    Hand("garbled", notice=0.12, glance=0.03, judgement=0.5, compare=0.15, invents=0.6, broken=0.4, forgets=0.1),
    Hand("copies", copies=0.5),
    Hand("drops_placeholders", forgets=0.6),
)
HANDS = {hand.name: hand for hand in _ALL}
"""By name."""


@dataclass(frozen=True)
class Mind:
    """What an optimizer model brings along: how it writes, and how often which habits come to its mind."""

    hand: Hand
    habits: tuple[tuple[str, float], ...] = ()


def written(mind: Mind, seen: Seen, dice: random.Random) -> list[Sentence]:
    """The sentences of a new prompt."""
    parent = _parent(seen, mind, dice)
    child = {sentence.item.key: sentence for sentence in parent}
    if mind.hand.compare or mind.hand.invents or mind.hand.notice:
        _change(child, seen, mind, dice)
    shown = {tuple(sorted(sentence.text for sentence in prompt.sentences)) for prompt in seen.prompts}
    result = _rephrased(list(child.values()), mind.hand.rephrase, dice)
    for _ in range(4):
        if tuple(sorted(sentence.text for sentence in result)) not in shown:
            break
        result = _rephrased(result, 0.5, dice)
    return [*result, filler(dice.randrange(len(FILLERS)))] if dice.random() < mind.hand.fills else result


def _change(child: dict[str, Sentence], seen: Seen, mind: Mind, dice: random.Random) -> None:
    if seen.mode == "shorten":
        for key in _droppable(child, dice)[: dice.choice((1, 1, 2))]:
            del child[key]
        return
    most = 1 if seen.mode == "edit" else 3
    if seen.mode != "edit" and dice.random() < mind.hand.compare:
        _learn(child, seen.prompts, dice)
    ideas = _ideas(seen, mind, dice)
    fresh = [item for item in ideas if item.key not in child]
    if seen.mode == "restart" or not fresh or dice.random() < mind.hand.invents:
        fresh += [_from_mind(mind, dice) for _ in range(2 if seen.mode == "restart" else 1)]
    for item in fresh[:most]:
        _put(child, item, dice)
    if dice.random() < 0.1:
        for key in _droppable(child, dice)[:1]:
            del child[key]


def _parent(seen: Seen, mind: Mind, dice: random.Random) -> list[Sentence]:
    """The prompt to build on: mostly one of the best, or nothing but the task's own sentence."""
    with_scores = [prompt for prompt in seen.prompts if prompt.score is not None]
    ranked = sorted(with_scores, key=lambda prompt: prompt.score or 0.0, reverse=True) or seen.prompts[:1]
    if not ranked:
        return [Sentence(items()["intro"], dice.randrange(6))]
    index = 0
    while mind.hand.compare and dice.random() > 0.6:
        index += 1
    chosen = ranked[index % len(ranked)] if mind.hand.compare else dice.choice(ranked)
    if seen.mode == "restart":
        return [sentence for sentence in chosen.sentences if sentence.item.sort == "intro"]
    return chosen.sentences


def _learn(child: dict[str, Sentence], prompts: Sequence[ShownPrompt], dice: random.Random) -> None:
    """Take over the item that goes with the highest scores, drop the one that goes with the lowest."""
    scored = [prompt for prompt in prompts if prompt.score is not None]
    worth: dict[str, tuple[float, Sentence]] = {}
    for sentence in {s.item.key: s for prompt in scored for s in prompt.sentences}.values():
        key = sentence.item.key
        having = [p.score or 0.0 for p in scored if any(s.item.key == key for s in p.sentences)]
        others = [p.score or 0.0 for p in scored if all(s.item.key != key for s in p.sentences)]
        if having and others:
            worth[key] = (fmean(having) - fmean(others), sentence)
    missing = sorted((entry for key, entry in worth.items() if key not in child), key=lambda entry: -entry[0])
    if missing and missing[0][0] > 0 and dice.random() < 0.7:
        chosen = missing[0 if dice.random() < 0.7 else dice.randrange(len(missing))][1]
        _put(child, chosen.item, dice)
    present = sorted((entry[0], key) for key, entry in worth.items() if key in child and key != "intro")
    if present and present[0][0] < 0 and dice.random() < 0.5:
        del child[present[0][1]]


def _ideas(seen: Seen, mind: Mind, dice: random.Random) -> list[Item]:
    found: list[Item] = []
    factor = 1.5 if seen.mode == "repair" else 1.0
    for case in seen.cases[:12]:
        chance = mind.hand.notice * factor if case.wrong else mind.hand.glance
        if dice.random() < chance:
            idea = _idea_behind(case, mind, dice)
            found += [idea] if idea else []
    dice.shuffle(found)
    return found


def _idea_behind(case: ShownCase, mind: Mind, dice: random.Random) -> Item | None:
    """The rule that a case suggests; without a right answer beside it, or by bad judgement, that of another label."""
    if case.talked and dice.random() < 0.7:
        return items()["format"]
    if case.cue is None or (case.truth is None and not case.wrong):
        return None
    judged = case.truth is not None and dice.random() < mind.hand.judgement
    label = case.truth if judged and case.truth else dice.choice(LABELS)
    return items()[rule_key(case.cue, label)]


def _from_mind(mind: Mind, dice: random.Random) -> Item:
    keys, weights = zip(*mind.habits, strict=True)
    return items()["format"] if dice.random() < 0.12 else items()[dice.choices(keys, weights)[0]]


def _put(child: dict[str, Sentence], item: Item, dice: random.Random) -> None:
    """Add an item; a rule replaces one that says otherwise of the same messages."""
    if item.cue:
        for key in [key for key, sentence in child.items() if sentence.item.cue == item.cue]:
            del child[key]
    child[item.key] = Sentence(item, dice.randrange(len(item.wordings)))


def _droppable(child: dict[str, Sentence], dice: random.Random) -> list[str]:
    keys = [key for key in child if key != "intro"]
    dice.shuffle(keys)
    return keys


def _rephrased(sentences: list[Sentence], share: float, dice: random.Random) -> list[Sentence]:
    return [
        replace(sentence, wording=dice.randrange(len(sentence.item.wordings))) if dice.random() < share else sentence
        for sentence in sentences
    ]
