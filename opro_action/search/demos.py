"""Few-shot examples in a prompt: a marked section with solved cases, which a search may exchange like any wording.

The cases come from a pool that is set aside from the search split: nothing is scored on a case that its prompt shows,
and the holdout never gives any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from opro_action.errors import UsageError
from opro_action.search.split import Split, stratified_order
from opro_action.suite.prompt import Frame
from opro_action.suite.suite import Case, Suite

POOL = 0.25
"""The share of the search split that is set aside as examples, though at least the number that a prompt shows."""

BEGIN, END = "<solved_examples>", "</solved_examples>"
_SECTION = re.compile(rf"\n*{BEGIN}\n(.*?)\n{END}\n*", re.DOTALL)


def set_aside(split: Split, suite: Suite) -> Split:
    """The split with a pool of examples taken out of its search part, when the suite wants demos.

    Cases that the file's prompt shows in a section of examples, as an earlier winner may, go there in any case.
    Raises UsageError when there are too few cases that can be examples.
    """
    section, wanted = section_of(suite.prompt.text) or "", suite.optimize.demos
    pool = {case.asked for case in (*split.search, *split.holdout) if section and _demo(case) in section}
    if wanted:
        frame = suite.prompt.frame
        fit = [case for case in split.search if case.asked not in pool and showable(case, frame)]
        count = max(wanted, round(POOL * len(split.search)))
        if len(fit) < 2 * count:
            raise UsageError(
                f"{suite.title}: {wanted} demos (optimize.demos) need {2 * count} cases with `expected` in the search "
                f"split, which has {len(fit)}: add cases, or ask for fewer demos."
            )
        pool |= {case.asked for case in stratified_order(fit, suite.optimize.seed, "pool")[:count]}
    return Split(
        search=tuple(case for case in split.search if case.asked not in pool),
        holdout=tuple(case for case in split.holdout if case.asked not in pool),
        demos=tuple(case for case in suite.cases if case.asked in pool),
    )


def section_of(text: str) -> str | None:
    """What stands between the marks of a prompt's section of examples; None when there is no section."""
    found = _SECTION.search(text)
    return found[1] if found else None


def without_demos(text: str) -> str:
    """The prompt's own words, its section of examples taken out."""
    found = _SECTION.search(text)
    if not found:
        return text
    before, after = text[: found.start()], text[found.end() :]
    return f"{before}\n\n{after}" if before and after else before + after


def with_section(text: str, section: str, frame: Frame) -> str:
    """`text` with a section of examples in place of its own: before the lines with placeholders, or else at its end."""
    lines = without_demos(text).split("\n")
    first = next((number for number, line in enumerate(lines) if frame.placeholders(line)), len(lines))
    before, after = "\n".join(lines[:first]).rstrip("\n"), "\n".join(lines[first:])
    return "\n\n".join(part for part in (before, f"{BEGIN}\n{section}\n{END}", after) if part)


def demo_section(cases: Sequence[Case]) -> str:
    """The section for these cases."""
    return "\n\n".join(map(_demo, cases))


def drawn(pool: Sequence[Case], count: int, *, seed: int, salt: str) -> tuple[Case, ...]:
    """`count` cases of the pool, stratified by expected answer; another `salt` draws others."""
    return stratified_order(pool, seed, "demos", salt)[:count]


def showable(case: Case, frame: Frame) -> bool:
    """Whether a case can be an example: it has a right answer, and no text of it would be read as a placeholder."""
    return case.expected is not None and case.answer is None and not frame.placeholders(_demo(case))


def shown_in(text: str, pool: Sequence[Case]) -> bool:
    """Whether all that a prompt's section shows are cases of the pool."""
    section = section_of(text)
    if section is None:
        return True
    left = section
    for demo in sorted(map(_demo, pool), key=len, reverse=True):
        left = left.replace(demo, "")
    return not left.strip()


def _demo(case: Case) -> str:
    values = "\n".join(f"{name}: {_text(value)}" for name, value in case.vars.items())
    return f"{values}\nanswer: {_text(case.expected)}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
