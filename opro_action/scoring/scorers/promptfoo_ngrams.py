"""promptfoo's `rouge-n`, `bleu` and `gleu`: how many words and runs of words an answer shares with a text.

ROUGE-1 as an F-measure with clipped counts (Lin, 2004), over the words of the Penn Treebank's rules; BLEU (Papineni et
al., 2002) over words between spaces, where runs that are longer than the answer are left out and none in common counts
as 1e-7; GLEU (Wu et al., "Google's Neural Machine Translation System", 2016), the lower of precision and recall.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.promptfoo_seen import Seen
from opro_action.suite.promptfoo.words import SPACE

_SPACES = re.compile(f"[{re.escape(SPACE)}]+")
_ROUGE_ENOUGH = 0.75
_ENOUGH = 0.5
_LONGEST_RUN = 4
_NONE_IN_COMMON = 1e-7

_SPLIT = (
    (r"``|''|\"", ' " '),
    (r"\.{3}", " ... "),
    (r"[:,](?!\d)", r" \g<0> "),
    (r"[;@#$%&?!]", r" \g<0> "),
    (r"(?<=[^.])(?<!\b[a-z]\.[a-z])\.([\])}>'\" ]*)$", r" .\1 "),
    (r"[\][(){}<>]", r" \g<0> "),
    (r"--", " -- "),
)
_JOINED: tuple[tuple[str, str | None], ...] = (
    (r"(?<=[^'])' ", " ' "),
    (r"'([smd]) ", r" '\1 "),
    (r"('ll|'re|'ve|n't) ", r" \1 "),
    (r"\b(can)(not|na)\b|\b(d)('ye)\b|\b(gim|lem)(me)\b|\b(gon|wan)(na)\b|\b(got)(ta)\b|\b(more)('n)\b", None),
    (r"(?<!\w)('t)(is|was)\b", r" \1 \2 "),
)


def rouge_n(seen: Seen) -> Grade:
    """The F-measure of the words that answer and text have in common, whatever their order and case."""
    got, wanted = (Counter(treebank(text.lower())) for text in (seen.text, seen.value))
    common = (got & wanted).total()
    score = 2 * common / (got.total() + wanted.total()) if common else 0.0
    return seen.measured(score, seen.threshold(_ROUGE_ENOUGH), "ROUGE-N")


def bleu(seen: Seen) -> Grade:
    """BLEU of the answer against the best of the texts, each run length against its own."""
    score = bleu_score(_words(seen.text), [_words(text) for text in seen.value]) if seen.text.strip(SPACE) else 0.0
    return seen.measured(score, seen.threshold(_ENOUGH), "BLEU")


def gleu(seen: Seen) -> Grade:
    """GLEU of the answer against the best of the texts; full stops that end words do not count."""
    got = [word.rstrip(".") for word in _words(seen.text)]
    scores = [gleu_score(got, [word.rstrip(".") for word in _words(text)]) for text in seen.value]
    return seen.measured(max(scores) if seen.text else 0.0, seen.threshold(_ENOUGH), "GLEU")


def treebank(text: str) -> list[str]:
    """The words of one sentence by the rules of the Penn Treebank; both kinds of quotation marks are one."""
    found = _SPACES.sub(" ", text).strip(" ")
    for pattern, by in _SPLIT:
        found = re.sub(pattern, by, found)
    found = f" {found} "
    for pattern, joint in _JOINED:
        found = re.sub(pattern, joint or _parted, found)
    return found.split()


def bleu_score(got: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """BLEU in [0, 1] of words against references; `got` is not empty."""
    nearest = min((len(words) for words in references), key=lambda length: (abs(length - len(got)), length))
    logs: list[float] = []
    for length in range(1, min(_LONGEST_RUN, len(got)) + 1):
        mine = _runs(got, length)
        common = max((mine & _runs(words, length)).total() for words in references)
        logs.append(math.log(common / mine.total() or _NONE_IN_COMMON))
    brevity = 1.0 if len(got) > nearest else math.exp(1 - nearest / len(got))
    return brevity * math.exp(sum(logs) / len(logs))


def gleu_score(got: Sequence[str], reference: Sequence[str]) -> float:
    """GLEU in [0, 1] of words against one reference."""
    if list(got) == list(reference):
        return 1.0
    lengths = range(1, _LONGEST_RUN + 1)
    mine, theirs = (sum((_runs(words, length) for length in lengths), Counter()) for words in (got, reference))
    # A run of one length is never a run of another, so that all can be counted together.
    common = (mine & theirs).total()
    return min(common / mine.total(), common / theirs.total())


def _words(text: str) -> list[str]:
    """Words between spaces; a text without any is one empty word, as JavaScript splits it."""
    return _SPACES.split(text.lower().strip(SPACE))


def _runs(words: Sequence[str], length: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def _parted(found: re.Match[str]) -> str:
    return f" {' '.join(part for part in found.groups() if part)} "
