"""What the simulated optimizer model makes of the message it is sent: prompts with numbers beside them, and cases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from opro_action.testing.said import TICKET
from opro_action.testing.vocabulary import CUES, LABELS, Sentence, known, pieces

_SCORE = re.compile(r"(?i)\b(?:score|rating|accuracy|precision|value|fitness)\b(?:\s*#\d+)?\D{0,16}(\d+(?:\.\d+)?)")
_SCORE_HEAD = re.compile(r"(?i)\W*(?:score|rating|accuracy|precision|value|fitness)\W*")
_NUMBER = re.compile(r"\W*(\d+(?:\.\d+)?)\s*(?:%|/\s*100|points)?\W*")
_LABEL = "|".join(LABELS)
_EQUAL = re.compile(rf"(?i)\bto equal\W+({_LABEL})\b")
_TRUTH = re.compile(
    r"(?i)\b(?:expected|correct(?: answer)?|right(?: answer)?|truth|output|target|should)\b"
    rf"[\s\W]*(?:is|was|be)?[\s\W]*\b({_LABEL})\b"
)
_ANY_LABEL = re.compile(rf"(?i)\b({_LABEL})\b")
_WRONG = re.compile(r"(?i)\b(?:wrong|incorrect|got|fail\w*|mistake\w*|not correct|to equal)\b")
_TALK = re.compile(r"(?i)could be|options|no option|explanation")
_PLACEHOLDER = re.compile(r"\{\{\s*[\w.-]+\s*\}\}")

_MODES = (
    ("shorten", re.compile(r"(?i)\bshort(?:er|en)|\bfewer words|\bwithout (?:a )?loss")),
    ("restart", re.compile(r"(?i)\bfrom scratch|\bfresh|\bstart (?:over|anew)|\bquite different|\bunlike")),
    ("edit", re.compile(r"(?i)\b(?:small|one|one small) (?:edit|change)|\bminimal|\bchange (?:only|one|as little)")),
    ("repair", re.compile(r"(?i)\bdiagnos|\brepair|\bfix\b|\bwhy\b.*\b(?:wrong|fail)|\bcause")),
)
_COMPLAINTS = (
    ("placeholders", ("not the same placeholders", "missing placeholder", "must contain {{")),
    ("copies", ("quotes a case", "quotes the case", "quotes an example")),
    ("tags", ("no <",)),
)


@dataclass
class ShownPrompt:
    """A prompt in the message, by its known sentences, with the number beside it."""

    sentences: list[Sentence] = field(default_factory=list)
    score: float | None = None


@dataclass
class ShownCase:
    """A case in the message: what it is about, the right label if that is said, and what is said of the answer."""

    text: str
    cue: str | None = None
    truth: str | None = None
    wrong: bool = False
    talked: bool = False


@dataclass
class Seen:
    """All that a reader gets out of a message. `marks` are the placeholders of the prompts; `mode` how to write."""

    prompts: list[ShownPrompt] = field(default_factory=list)
    cases: list[ShownCase] = field(default_factory=list)
    marks: tuple[str, ...] = ()
    mode: str = "rewrite"
    told: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Piece:
    """What one line or sentence of a message says by itself. `any_label` is the first label named in it."""

    ticket: str | None
    sentence: Sentence | None
    score: float | None
    number: float | None
    announces_number: bool
    cue: str | None
    truth: str | None
    any_label: str | None
    wrong: bool
    talked: bool


@lru_cache(maxsize=16384)
def _piece(text: str) -> _Piece:
    ticket = TICKET.search(text)
    score, number, label = _SCORE.search(text), _NUMBER.fullmatch(text), _ANY_LABEL.search(text)
    truth = _EQUAL.search(text) or _TRUTH.search(text)
    return _Piece(
        ticket=ticket[1] if ticket else None,
        sentence=None if ticket else known(text),
        score=float(score[1]) if score else None,
        number=float(number[1]) if number else None,
        announces_number=bool(_SCORE_HEAD.fullmatch(text)),
        cue=next((cue for cue in CUES if cue in text), None),
        truth=truth[1].lower() if truth else None,
        any_label=label[1].lower() if label else None,
        wrong=bool(_WRONG.search(text)),
        talked=bool(_TALK.search(text)),
    )


def read(text: str) -> Seen:
    """Read a message to the optimizer model, in whatever layout it comes."""
    seen = Seen(marks=tuple(dict.fromkeys(_PLACEHOLDER.findall(text))), mode=_mode(text[-700:]), told=_told(text))
    whole = {ticket[1]: ticket[0] for ticket in TICKET.finditer(text)}
    prompt: ShownPrompt | None = None
    case: ShownCase | None = None
    awaits_number = False
    for piece in map(_piece, pieces(text)):
        if piece.ticket:
            case = ShownCase(whole[piece.ticket])
            seen.cases.append(case)
        if piece.sentence:
            case = None
            if prompt is None or prompt.score is not None or piece.sentence.item.sort == "intro":
                prompt = ShownPrompt()
                seen.prompts.append(prompt)
            prompt.sentences.append(piece.sentence)
        elif case is not None:
            _note(case, piece)
        elif prompt is not None and prompt.score is None:
            prompt.score = piece.number if awaits_number else piece.score
        awaits_number = piece.announces_number
    return seen


def legible(content: str) -> str:
    """A message that is JSON as lines of names and values, any other as it is."""
    if not content.lstrip().startswith("{"):
        return content
    try:
        return "\n".join(_lines(json.loads(content)))
    except ValueError:
        return content


def _lines(value: object, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, name)
    else:
        yield f"{name}: {legible(str(value))}"


def _note(case: ShownCase, piece: _Piece) -> None:
    case.cue = case.cue or piece.cue
    case.truth = piece.truth or case.truth or piece.any_label
    case.wrong = case.wrong or piece.wrong
    case.talked = case.talked or piece.talked


def _mode(ask: str) -> str:
    return next((mode for mode, words in _MODES if words.search(ask)), "rewrite")


def _told(text: str) -> frozenset[str]:
    """Which of its own faults the message complains of."""
    low = text.lower()
    return frozenset(name for name, words in _COMPLAINTS if any(word in low for word in words))
