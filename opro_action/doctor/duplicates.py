"""Findings on cases that say the same: the same input expects two things, or counts twice.

Nearly the same is what shares most runs of three words. Two texts that do must share one of the rarest runs of the
first, so only those are looked up (prefix filtering: Chaudhuri et al., "A Primitive Operator for Similarity
Joins", 2006): all of it stays quick for ten thousand cases.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from opro_action.doctor.finding import Finding, Severity, place_of
from opro_action.scoring.expected import expected_text
from opro_action.scoring.scorers.text import quoted
from opro_action.suite.prompt import Prompt
from opro_action.suite.quoting import folded
from opro_action.suite.suite import Case, ScorerSpec

ALIKE = 0.7
"""Share of common runs (Jaccard's index) from which two inputs are nearly the same: one other word in about twenty."""

MANY = 0.05
"""Share of cases that repeat another from which the numbers claim more than was measured."""

# A character of a script that is written without spaces is a word of its own.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]|[^\W_]+")
_NUMBER = re.compile(r"\d+")
Group = tuple[Case, ...]
Names = frozenset[str] | None
"""The vars that make a question; None for all."""
_Run = tuple[str, str, str]


def duplicate_findings(cases: Sequence[Case], prompt: Prompt | None = None) -> list[Finding]:
    """Contradictions first, then cases that repeat another one. With a `prompt` only the vars that it shows count."""
    names = None if prompt is None else _shown_by(prompt)
    same = same_inputs(cases, names)
    contradictions = [group for group in same if _contradicts(group)]
    repeated = [group for group in same if not _contradicts(group) and _graded_alike(group)]
    firsts = [*{_question(case, names): case for case in reversed(cases)}.values()][::-1]
    near = near_duplicates(firsts, names)
    return [*map(_contradiction, contradictions), *_repeated(repeated, near, len(cases))]


def same_inputs(cases: Sequence[Case], names: Names = None) -> list[Group]:
    """Groups of two cases or more that put the very same question."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[_question(case, names)].append(case)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def near_duplicates(cases: Sequence[Case], names: Names = None) -> list[Group]:
    """Groups of cases whose inputs share at least `ALIKE` of their runs of three words, and all numbers.

    The first case of a group is the one that the others are like. A text in which just a number is another is a new
    question.
    """
    texts = [_Text.of(_question(case, names)) for case in cases]
    common = Counter(run for text in texts for run in text.runs)
    groups: dict[int, list[Case]] = {}
    lookup: dict[_Run, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        rarest = sorted(text.runs, key=lambda run: (common[run], run))
        prefix = rarest[: len(rarest) - math.ceil(ALIKE * len(rarest)) + 1]
        candidates = sorted({first for run in prefix for first in lookup[run]})
        like = next((first for first in candidates if texts[first].is_like(text)), None)
        if like is not None:
            groups.setdefault(like, [cases[like]]).append(cases[index])
            continue
        for run in prefix:
            lookup[run].append(index)
    return [tuple(group) for group in groups.values()]


@dataclass(frozen=True)
class _Text:
    """An input as it is compared: its runs of three words, and its numbers."""

    runs: frozenset[_Run]
    numbers: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, question: str) -> _Text:
        text = folded(question)
        words = _WORD.findall(text)
        return cls(frozenset(zip(words, words[1:], words[2:], strict=False)), tuple(_NUMBER.findall(text)))

    def is_like(self, other: _Text) -> bool:
        fewer, more = sorted((len(self.runs), len(other.runs)))
        if self.numbers != other.numbers or fewer < ALIKE * more:
            return False
        both = len(self.runs & other.runs)
        return both >= ALIKE * (fewer + more - both)


def _shown_by(prompt: Prompt) -> frozenset[str]:
    """The vars that reach the model: those of the placeholders, or the input that follows a text without any."""
    frame = prompt.frame
    texts = [prompt.text, frame.tail, *(text for _, text in (*frame.before, *frame.after))]
    found: frozenset[str] = frozenset().union(*map(frame.placeholders, texts))
    return found if found or frame.role else frozenset({"input"})


def _question(case: Case, names: Names) -> str:
    """All that is asked; of a case with an answer of its own, that answer too."""
    values = {name: value for name, value in case.vars.items() if names is None or name in names}
    text = str(values["input"]) if set(values) == {"input"} else json.dumps(values, sort_keys=True)
    return "\n".join([text.strip(), *([case.answer] if case.answer is not None else [])])


def _graded_alike(group: Group) -> bool:
    return len({replace(case, vars={}).digest for case in group}) == 1


def _contradicts(group: Group) -> bool:
    """Whether cases that are graded in the same way expect different things; a list of right answers is one thing."""
    expected: dict[str, set[str]] = defaultdict(set)
    for case in group:
        text = expected_text(case)
        if text is not None:
            expected[repr([_way(spec).as_json() for spec in case.scorers])].add(folded(text))
    return any(len(texts) > 1 for texts in expected.values())


def _way(spec: ScorerSpec) -> ScorerSpec:
    """How a scorer grades. promptfoo's `equals` holds what it expects; an answer can hold two texts, and not be two."""
    if spec.options.get("type") != "equals":
        return spec
    return replace(spec, options={key: value for key, value in spec.options.items() if key != "value"})


def _contradiction(group: Group) -> Finding:
    says = " and ".join(f"{place_of(case)} expects {quoted(expected_text(case) or 'nothing')}" for case in group[:3])
    what = f"The same input has different expected answers: {says}. No prompt can pass both."
    remedy = "Correct or remove one, or give the model what tells them apart."
    return Finding("error", "contradiction", what, remedy, group[1].path, group[1].line)


def _repeated(same: Sequence[Group], near: Sequence[Group], total: int) -> list[Finding]:
    extra = [case for group in [*same, *near] for case in group[1:]]
    if not extra:
        return []
    pairs = "; ".join(f"{place_of(group[1])} like {place_of(group[0])}" for group in [*same, *near][:3])
    share = len(extra) / total
    what = (
        f"{len(extra)} of {total} cases repeat another, exactly or nearly ({pairs}): "
        "they count as evidence, and may stand on both sides of the search's split."
    )
    severity: Severity = "warning" if share > MANY else "note"
    remedy = "Keep one of each, or reword them until they ask something else."
    return [Finding(severity, "repeated-cases", what, remedy, extra[0].path, extra[0].line)]
