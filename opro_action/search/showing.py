"""The parts of the meta-prompt: what the optimizer model is shown of a search, in pieces that can be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from opro_action.scoring.results import CaseResult
from opro_action.search.demos import section_of, without_demos
from opro_action.search.mistakes import Mistake, mistakes, unsolved
from opro_action.search.split import order
from opro_action.search.trajectory import Attempt, Trajectory, Way
from opro_action.suite.suite import Case, Suite

EXEMPLARS = 3
"""Solved cases that each meta-prompt shows; the paper finds three as good as ten and better than none."""
UNSOLVED = 2
CHARS_PER_TOKEN = 4
"""About what English text has; a meta-prompt needs no better estimate to fit a context."""
HERE = "[PROMPT]"
_CLIP = 400


@dataclass(frozen=True)
class Brief:
    """What the optimizer model may know: never a case of the holdout split.

    `ways` has one entry per candidate that is to be written. `rejections` are the reasons, with counts, why earlier
    candidates were not scored.
    """

    suite: Suite
    trajectory: Trajectory
    cases: tuple[Case, ...]
    step: int
    rejections: tuple[tuple[str, int], ...] = ()
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Part:
    """A heading with pieces, the least important first: those are left out first, down to `least` of them."""

    name: str
    head: str
    pieces: tuple[str, ...]
    least: int = 0

    @property
    def text(self) -> str:
        return "\n\n".join([self.head, *self.pieces]) if self.pieces else ""

    def without_first(self) -> Part:
        return replace(self, pieces=self.pieces[1:])


def fitted(parts: Sequence[Part], room: int) -> list[str]:
    """The texts of the parts, less as many pieces as it takes to fit into `room` characters.

    The longest part that may lose a piece loses it. What may not be left out stays, even where that is too much.
    """
    kept = list(parts)
    while kept and sum(len(part.text) for part in kept) > room:
        index = max(range(len(kept)), key=lambda i: (len(kept[i].pieces) > kept[i].least, len(kept[i].text)))
        if len(kept[index].pieces) <= kept[index].least:
            break
        kept[index] = kept[index].without_first()
    return [part.text for part in kept if part.text]


def scored_prompts(brief: Brief, *, most: int | None = None) -> Part:
    """The trajectory, worst first, with integer scores; a score over a part of the cases says so."""
    ranked = brief.trajectory.ascending if most is None else brief.trajectory.ascending[-most:]
    pieces = [_scored_prompt(brief, attempt, estimate) for attempt, estimate in ranked]
    head = "Prompts that were tried, worst first, with their scores from 0 to 100. A higher score is better."
    if any(len(attempt.results) < brief.trajectory.n for attempt, _ in ranked):
        head += " A score from a part of the cases is an estimate."
    return Part("trajectory", head, tuple(pieces), least=1)


def _scored_prompt(brief: Brief, attempt: Attempt, estimate: float) -> str:
    met, n = len(attempt.results), brief.trajectory.n
    part = "" if met == n else f" (from {met} of {n} cases)"
    text, shown = without_demos(attempt.text), section_of(attempt.text)
    examples = " (with solved examples after it, which stay)" if shown else ""
    return f"<prompt>\n{text}\n</prompt>\nscore: {round(100 * estimate)}{part}{examples}"


def best_prompt(brief: Brief) -> Part:
    """The best prompt alone, for ways that start from it."""
    best = brief.trajectory.best
    head = "The best prompt so far, with its score from 0 to 100:"
    return Part("best", head, (_scored_prompt(brief, best, best.score or 0.0),), least=1)


def exemplars(brief: Brief, salt: str) -> Part:
    """Cases with their right answers, and where the prompt stands in them."""
    cases = [case for case in brief.cases if case.expected is not None]
    chosen = sorted(cases, key=lambda case: order(brief.suite.optimize.seed, salt, case.digest))[:EXEMPLARS]
    pieces = [f"{HERE}\n{_values(case)}\nright answer: {clipped(case.expected)}" for case in chosen]
    return Part("exemplars", f"Examples of the task; the prompt stands at {HERE}:", tuple(pieces))


def failures(brief: Brief, salt: str, *, most: int) -> Part:
    """What the best prompt gets wrong, each kind of mistake once; the most common one stands last."""
    pieces = [_failure(mistake) for mistake in reversed(_shown_mistakes(brief, salt, most))]
    return Part("failures", "What the best prompt still gets wrong:", tuple(pieces))


def _shown_mistakes(brief: Brief, salt: str, most: int) -> tuple[Mistake, ...]:
    results = [*brief.trajectory.best.results.values()]
    return mistakes(results, seed=brief.suite.optimize.seed, salt=salt)[:most]


def _failure(mistake: Mistake) -> str:
    again = f"\nthe same mistake in {mistake.count} cases" if mistake.count > 1 else ""
    return _wrong(mistake.shown) + again


def _wrong(result: CaseResult) -> str:
    wrong = next(answer for answer in result.answers if not answer.passed)
    expected = "" if result.case.expected is None else f"\nright answer: {clipped(result.case.expected)}"
    return (
        f"{_values(result.case)}\nanswer: {clipped(wrong.text)}{expected}\nwrong because: {clipped(wrong.explanation)}"
    )


def never_solved(brief: Brief, salt: str, *, beside: int) -> Part:
    """Cases that every good prompt fails: no wording so far says what they need.

    Those that already stand among the `beside` failures of the same message are not shown again.
    """
    found = unsolved(brief.trajectory)
    listed = _shown_mistakes(brief, salt, beside) if "failures" in brief.suite.optimize.show else ()
    shown = {mistake.shown.case.id for mistake in listed}
    others = [result for result in found if result.case.id not in shown]
    others.sort(key=lambda result: order(brief.suite.optimize.seed, salt, result.case.digest))
    pieces = [_wrong(result) for result in others[:UNSOLVED]]
    head = f"Cases that each of the best prompts fails ({len(found)} in all); something they need was never said:"
    return Part("unsolved", head, tuple(pieces))


def rejections(brief: Brief) -> Part:
    """Why earlier candidates were not scored, with counts."""
    counts = "; ".join(f"{reason} ({count})" for reason, count in brief.rejections)
    return Part("rejections", "Some of your earlier prompts were not tried:", (f"{counts}.",) if counts else ())


def _values(case: Case) -> str:
    return "\n".join(f"{name}: {clipped(value)}" for name, value in case.vars.items())


def clipped(value: object) -> str:
    """A value as text, cut at 400 characters."""
    text = str(value)
    return text if len(text) <= _CLIP else text[: _CLIP - 1] + "…"
