"""What a prompt says, as the simulated task model understands it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from opro_action.suite.prompt import PLACEHOLDER
from opro_action.testing.vocabulary import CUES, LABELS, Sentence, known, pieces, plain

TICKET = re.compile(r"Message (\d{5,}): [^\n]*")
"""A message of the simulated task, as it stands in a case's input."""

_LABEL_LINE = 2
"""Lines of so few words, such as the answers of examples, are no sentences that have to be followed."""

_FUZZY_FORMAT = re.compile(r"\b(one word|only the (team|label|name)|nothing else|no explanation)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """A prompt's known sentences, the rules and the format in words that are not in the vocabulary, and its examples.

    `rules` maps a cue to the label that the prompt gives it in words of its own. `examples` are the numbers of messages
    that the prompt quotes; `length` counts its sentences.
    """

    text: str
    sentences: tuple[Sentence, ...]
    rules: Mapping[str, str]
    format: bool
    labels: bool
    examples: tuple[int, ...]
    length: int


@lru_cache(maxsize=4096)
def unfilled(text: str) -> str:
    """A prompt's text without its placeholders: the same whether a message was put into it and taken out, or not."""
    return PLACEHOLDER.sub("", text).strip()


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """A prompt's words with one space between them: what its noise depends on."""
    return " ".join(unfilled(text).split())


@lru_cache(maxsize=4096)
def said_by(text: str) -> Said:
    """What the prompt `text` says, examples included."""
    text = unfilled(text)
    examples = tuple(int(number) for number in TICKET.findall(text))
    found: dict[str, Sentence] = {}
    rules: dict[str, str] = {}
    stated, length = False, 0
    for piece in pieces(TICKET.sub("\n", text)):
        sentence = known(piece)
        length += sentence is not None or len(piece.split()) > _LABEL_LINE
        if sentence:
            found.setdefault(sentence.item.key, sentence)
            continue
        rules.update(_own_rule(piece))
        stated = stated or bool(_FUZZY_FORMAT.search(piece))
    words = plain(text).split()
    labels = all(label in words for label in LABELS)
    return Said(text, tuple(found.values()), rules, stated, labels, examples, length)


def _own_rule(piece: str) -> dict[str, str]:
    words = plain(piece)
    labels = [label for label in LABELS if re.search(rf"\b{label}\b", words)]
    return {cue: labels[0] for cue in CUES if plain(cue) in words} if len(labels) == 1 else {}
