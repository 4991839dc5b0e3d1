"""The assertions of promptfoo as scorers: what each type looks at, and when it has passed.

Each type follows promptfoo's own rule, its `not-` form included, so that a configuration gives the same verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from opro_action.scoring.results import Grade, weighted_mean
from opro_action.scoring.scorers.distance import LONGEST as LONGEST_COMPARED
from opro_action.scoring.scorers.distance import distance
from opro_action.scoring.scorers.promptfoo_json import contains_json, deep_equal, is_json, parsed
from opro_action.scoring.scorers.promptfoo_judge import judge
from opro_action.scoring.scorers.promptfoo_ngrams import bleu, gleu, rouge_n
from opro_action.scoring.scorers.promptfoo_python import python
from opro_action.scoring.scorers.promptfoo_refusal import is_refusal
from opro_action.scoring.scorers.promptfoo_seen import Seen, seen, without_weight
from opro_action.scoring.scorers.promptfoo_similar import similar
from opro_action.scoring.scorers.promptfoo_usage import cost, finish_reason, latency
from opro_action.scoring.scorers.regex import LONGEST, SECONDS, searched
from opro_action.scoring.scorers.text import quoted
from opro_action.scoring.tools import Asked, Tools, WideScorer
from opro_action.suite.promptfoo.patterns import python_pattern, units
from opro_action.suite.promptfoo.template import plain_text
from opro_action.suite.promptfoo.words import SPACE
from opro_action.suite.suite import ScorerSpec

_EDITS = 5
_WORD = re.compile(f"[^{re.escape(SPACE)}]+")


async def assertion(asked: Asked, spec: ScorerSpec, _tools: Tools) -> Grade:
    """The grade of one assertion whose type needs no model and no code."""
    looked = seen(asked, spec)
    return looked if isinstance(looked, Grade) else without_weight(spec, _TYPES[looked.kind](looked))


async def assert_set(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    """The weighted mean of the parts; passed when all of them are, or when the mean reaches the option `threshold`.

    A set without parts stands for a test without assertions, which has passed. Where nothing has weight the score is 0.
    """
    if not spec.parts:
        return Grade(1.0, "there are no assertions", passed=True)
    grades = [(part, await BY_NAME[part.name](asked, part, tools)) for part in spec.parts]
    unscored = next((found for _, found in grades if found.score is None), None)
    if unscored:
        return unscored
    score = weighted_mean([(found.score or 0.0, part.weight) for part, found in grades]) or 0.0
    failed = [(part, found) for part, found in grades if not found.passed]
    told = "; ".join(f"{part.title}: {found.explanation}" for part, found in failed or grades)
    threshold = spec.options.get("threshold")
    return Grade(score, told, not failed if threshold is None else score >= threshold)


def _equals(seen: Seen) -> Grade:
    """The same text to the letter; for a list, a mapping or null, the same JSON."""
    value = seen.value
    if value is None or isinstance(value, list | dict):
        try:
            same = deep_equal(value, parsed(seen.text))
        except (ValueError, RecursionError):
            same = False
    else:
        same = seen.text == plain_text(value)
    return seen.verdict(same, f"{quoted(seen.text)} is {'' if same else 'not '}{quoted(str(value))}")


def _contains(seen: Seen) -> Grade:
    return seen.verdict(*_found([seen.value], seen, all))


def _contains_all(seen: Seen) -> Grade:
    return seen.verdict(*_found(seen.value, seen, all))


def _contains_any(seen: Seen) -> Grade:
    return seen.verdict(*_found(seen.value, seen, any))


def _found(texts: list[str], seen: Seen, enough: Callable[[list[bool]], bool]) -> tuple[bool, str]:
    """Whether enough of the texts stand in the answer; types with an `i` do not mind the case of letters."""
    fold = str.lower if seen.kind.startswith("i") else str
    answer = fold(seen.text)
    stands = [fold(text) in answer for text in texts]
    missing = [quoted(text) for text, is_there in zip(texts, stands, strict=True) if not is_there]
    return enough(stands), f"{', '.join(missing)} not in {quoted(seen.text)}" if missing else "all of it is there"


def _starts_with(seen: Seen) -> Grade:
    starts = seen.text.startswith(seen.value)
    return seen.verdict(
        starts, f"{quoted(seen.text)} {'starts' if starts else 'does not start'} with {quoted(seen.value)}"
    )


def _regex(seen: Seen) -> Grade:
    if len(seen.text) > LONGEST:
        return Grade(None, f"the answer has {len(seen.text)} characters; `regex` searches at most {LONGEST}")
    try:
        found = searched(python_pattern(seen.value), units(seen.text))
    except TimeoutError:
        return Grade(None, f"the pattern {quoted(seen.value)} took over {SECONDS:g} s: write it without nested repeats")
    told = f"{quoted(seen.value)} {'matches' if found else 'does not match'} {quoted(seen.text)}"
    return seen.verdict(found, told)


def _levenshtein(seen: Seen) -> Grade:
    """The edits between answer and text, in UTF-16 as JavaScript counts, may be `threshold` at most."""
    if max(len(seen.text), len(seen.value)) > LONGEST_COMPARED:
        return Grade(None, f"a text is too long; `levenshtein` compares at most {LONGEST_COMPARED} characters")
    edits, most = distance(units(seen.text), units(seen.value)), seen.threshold(_EDITS)
    return seen.verdict(edits <= most, f"{edits} edits from {quoted(seen.value)}, allowed are {most:g}")


def _word_count(seen: Seen) -> Grade:
    """Words are what stands between white space; a number, or the limits `min` and `max`."""
    count = len(_WORD.findall(seen.text))
    limits = seen.value if isinstance(seen.value, dict) else {"min": seen.value, "max": seen.value}
    fits = limits.get("min", 0) <= count <= limits.get("max", count)
    return seen.verdict(fits, f"{count} words, wanted {', '.join(f'{key} {it:g}' for key, it in limits.items())}")


_TYPES: Mapping[str, Callable[[Seen], Grade]] = {
    "equals": _equals,
    "contains": _contains,
    "icontains": _contains,
    "contains-all": _contains_all,
    "icontains-all": _contains_all,
    "contains-any": _contains_any,
    "icontains-any": _contains_any,
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": is_json,
    "contains-json": contains_json,
    "levenshtein": _levenshtein,
    "rouge-n": rouge_n,
    "bleu": bleu,
    "gleu": gleu,
    "word-count": _word_count,
    "cost": cost,
    "latency": latency,
    "finish-reason": finish_reason,
    "is-refusal": is_refusal,
}

BY_NAME: Mapping[str, WideScorer] = {
    "promptfoo": assertion,
    "promptfoo_judge": judge,
    "promptfoo_python": python,
    "promptfoo_set": assert_set,
    "promptfoo_similar": similar,
}
