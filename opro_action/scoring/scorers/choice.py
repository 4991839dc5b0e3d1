"""The scorer `choice`: an answer must name exactly one of the options, and it must be the expected one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import as_text, no_expected, quoted
from opro_action.suite.quoting import folded

_MARKDOWN = (re.compile(r"\*+"), re.compile(r"`+"), re.compile(r"(?<![^\W_])_+|_+(?![^\W_])"))
"""Marks around words; an underscore inside a word belongs to it."""

_JOINT = "[-\u2010'\u2019]"
"""A word goes on over these: "non-billing" does not name "billing", nor "can't" "can"."""

_MARKER = re.compile(r"(?<![^\W_])answer[\s*_`]*(?:is\b|:|=)[\s*_`:=]*", re.IGNORECASE)


_DENIAL = re.compile(r"(?:\bnot|n['’]t|\bnever)(?: (?:an?|the|about|really|in))*[ *_`\"“'‘]*$")


def choice(expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the answer names the expected option of `of` and no other, as a word of its own.

    Case, Unicode form and Markdown do not matter. The longest option is taken first, so "bug report" does not name
    "bug". After reasoning, the line behind the last "Answer:" or "answer is" counts, if it names an option. A sentence
    that names two is wrong even if it denies one of them: which it means is not parsed, but for a few plain denials.
    """
    names = {folded(text): text for text in map(as_text, options.get("of", ())) if text is not None}
    if not names:
        return Grade(None, "`choice` needs its options: choice: {of: [...]}")
    wanted = as_text(expected)
    if wanted is None:
        return no_expected("choice", expected)
    if folded(wanted) not in names:
        return Grade(None, f"the case expects {quoted(wanted)}, which is not one of {', '.join(names.values())}")
    final = _final_line(answer)
    said = final if named(list(names), final) else answer
    found = named(list(names), said)
    if len(found) == 1 and denied(found[0], said):
        return Grade(0.0, f"expected {quoted(wanted)}, got a denial: {quoted(answer)}")
    return _graded(names[folded(wanted)], [names[name] for name in found], answer)


def _final_line(answer: str) -> str:
    """What stands in one line behind the last words that announce an answer; empty without such words."""
    text = unicodedata.normalize("NFKC", answer)
    markers = list(_MARKER.finditer(text))
    return text[markers[-1].end() :].partition("\n")[0] if markers else ""


def named(options: Sequence[str], answer: str) -> list[str]:
    """The options (as `folded` gives them) that the answer names, each once, in the order of the answer."""
    text = folded(answer)
    for marks in _MARKDOWN:
        if not any(marks.search(option) for option in options):
            text = folded(marks.sub("", text))
    longest_first = "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))
    word = rf"(?<!\w)(?<!\w{_JOINT})(?:{longest_first})(?!\w)(?!{_JOINT}\w)"
    # A combining mark, such as a vowel sign of Hindi, belongs to the word before it, and `\w` does not know it.
    found = [match for match in re.finditer(word, text) if not _goes_on(text, match.end())]
    return list(dict.fromkeys(match[0] for match in found))


def _goes_on(text: str, at: int) -> bool:
    return at < len(text) and unicodedata.category(text[at]).startswith("M")


def denied(option: str, answer: str) -> bool:
    """Whether the answer says, each time it names the option, that it is not that one: "this is not spam"."""
    text = folded(answer)
    before = [text[: found.start()] for found in re.finditer(rf"(?<!\w){re.escape(option)}(?!\w)", text)]
    return bool(before) and all(_DENIAL.search(words) for words in before)


def _graded(wanted: str, found: Sequence[str], answer: str) -> Grade:
    if list(found) == [wanted]:
        return Grade(1.0, f"got {quoted(wanted)}")
    if not found:
        return Grade(0.0, f"expected {quoted(wanted)}, got no option: {quoted(answer)}")
    if len(found) == 1:
        return Grade(0.0, f"expected {quoted(wanted)}, got {quoted(found[0])}")
    count = {2: "two", 3: "three"}.get(len(found), str(len(found)))
    return Grade(0.0, f"expected {quoted(wanted)}, got {count} options: {', '.join(found)}")
