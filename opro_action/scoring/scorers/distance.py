"""The scorers `levenshtein` and `rouge_l`: how near an answer comes to the expected text, by letters or words.

Both run a row of the classic table at a time, as the bits of one large integer, so that ten thousand characters take
milliseconds without another package: Hyyrö, "Explaining and Extending the Bit-parallel Approximate String Matching
Algorithm of Myers" (2001), and Hyyrö, "Bit-Parallel LCS-length Computation Revisited" (2004).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import as_text, composed, no_expected, quoted
from opro_action.suite.quoting import folded

LONGEST = 20_000
"""Longer texts, in characters, are not compared: time grows with the product of both lengths."""

# Chinese characters, kana and Thai have no spaces between words: each such letter is a word by itself.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def levenshtein(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 less the edits (letters put in, taken out or changed) as a share of the longer text.

    With the option `max` it is all or nothing: 1 up to that many edits, else 0. White space around a text and Unicode
    composition do not matter; `ignore_case: true` compares as `iexact` does.
    """
    wanted = as_text(expected)
    if wanted is None:
        return no_expected("levenshtein", expected)
    plain = folded if options.get("ignore_case") else composed
    first, second = plain(wanted), plain(answer)
    if max(len(first), len(second)) > LONGEST:
        return _too_long("levenshtein", max(len(first), len(second)))
    edits = distance(first, second)
    most = options.get("max")
    near = 1 - edits / max(len(first), len(second), 1)
    score = near if most is None else float(edits <= most)
    return Grade(score, f"{edits} edits from {quoted(wanted)}: {quoted(answer)}" if edits else f"got {quoted(wanted)}")


def rouge_l(expected: Any, answer: str, _options: Mapping[str, Any]) -> Grade:
    """ROUGE-L: the words of the expected text that stand in the answer in the same order, as an F-measure.

    The longest common subsequence of words over the length of each text, and the harmonic mean of these two (Lin,
    "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, with beta 1). Case, Unicode form and punctuation
    do not matter; words are not stemmed.
    """
    wanted = as_text(expected)
    reference = words(wanted or "")
    if wanted is None or not reference:
        return no_expected("rouge_l", expected)
    if max(len(wanted), len(answer)) > LONGEST:
        return _too_long("rouge_l", max(len(wanted), len(answer)))
    found = words(answer)
    common = common_length(reference, found)
    score = 2 * common / (len(reference) + len(found))
    return Grade(score, f"{common} of {len(reference)} expected words in order, among {len(found)}")


def words(text: str) -> list[str]:
    """The words of a text, without case, punctuation and Markdown: runs of letters and digits with their marks."""
    found: list[str] = []
    goes_on = alone = False
    for letter in folded(text):
        kind = unicodedata.category(letter)[0]
        if kind == "M" and goes_on:
            found[-1] += letter
        elif kind in "LN":
            before, alone = alone, bool(_UNSPACED.match(letter))
            if goes_on and not before and not alone:
                found[-1] += letter
            else:
                found.append(letter)
        goes_on = kind in "LN" or (kind == "M" and goes_on)
    return found


def distance(first: str, second: str) -> int:
    """The Levenshtein distance of two texts, in code points."""
    if not first or not second:
        return len(first) + len(second)
    places, full, last = _places(first), (1 << len(first)) - 1, 1 << (len(first) - 1)
    up, down, edits = full, 0, len(first)
    for letter in second:
        equal = places.get(letter, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right, left = down | (full & ~(diagonal | up)), up & diagonal
        edits += bool(right & last) - bool(left & last)
        right, left = (right << 1 | 1) & full, left << 1 & full
        up, down = left | (full & ~(diagonal | right)), right & diagonal
    return edits


def common_length(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence."""
    places, full = _places(first), (1 << len(first)) - 1
    row = full
    for item in second:
        matched = row & places.get(item, 0)
        row = ((row + matched) | (row - matched)) & full
    return len(first) - row.bit_count()


def _places(items: Sequence[Hashable]) -> dict[Hashable, int]:
    """Of each item, the positions where it stands, as bits."""
    found: dict[Hashable, int] = {}
    for index, item in enumerate(items):
        found[item] = found.get(item, 0) | 1 << index
    return found


def _too_long(scorer: str, length: int) -> Grade:
    return Grade(None, f"a text has {length} characters; `{scorer}` compares at most {LONGEST}")
