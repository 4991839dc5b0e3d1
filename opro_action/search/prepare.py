"""From a suite to the setup of its search: split, profile, seeds, guards; and whether it is worth beginning."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from opro_action.errors import UsageError
from opro_action.gate.baseline import read_baseline
from opro_action.gate.evidence import LEVEL
from opro_action.gate.power import FEW, smallest_change
from opro_action.models.connect import server_of
from opro_action.scoring.scorers.judging import default_judge, judge_of
from opro_action.scoring.selfcheck import judges_of_all
from opro_action.search.declined import known_versions, without_declined
from opro_action.search.demos import set_aside, shown_in
from opro_action.search.guards import Guard
from opro_action.search.history import declined, past_winners
from opro_action.search.metaprompt import Large
from opro_action.search.selection import selection_of
from opro_action.search.setup import HOLDOUT_REPEATS, Profile, Setup
from opro_action.search.small import Small
from opro_action.search.split import Split, searched, split_cases
from opro_action.search.trajectory import Origin
from opro_action.suite.reading import also_suites
from opro_action.suite.suite import Case, ModelSpec, Suite


def prepare(suite: Suite, *, allow_few: bool = False) -> Setup:
    """The setup of a search.

    Raises UsageError when no decision would fit the budget, when a further suite is of another prompt, and when there
    are fewer than 20 cases, unless those few are allowed.
    """
    spec = suite.optimize
    suite.prompt.with_text(suite.prompt.text)  # raises where the prompt stands in a way that cannot be rewritten
    split = set_aside(split_cases(suite.cases, holdout=spec.holdout, seed=spec.seed), suite)
    if len(suite.cases) < FEW and not allow_few:
        raise UsageError(_too_few(suite, split))
    history = known_versions(suite)
    whole = Setup(
        suite=suite,
        split=split,
        profile=_profile(suite),
        selection=selection_of(spec),
        seeds=without_declined(_seeds(suite, split, past_winners(history)), history),
        calls_per_answer=_calls_per_answer(suite, suite.cases),
        guards=(*_other_suites(suite, split), *_other_models(suite, split)),
        declined=declined(history),
    )
    setup = _within_cap(whole)
    _check_weights(setup)
    if setup.least_calls > setup.cap:
        raise UsageError(
            f"{suite.title}: max_calls is {setup.cap}, but the shortest search of this suite "
            f"with a decision takes {_least_cap(whole)} calls; set max_calls (--max-calls) to that."
        )
    return setup


def _within_cap(whole: Setup) -> Setup:
    """The setup with as many cases to search on as its cap is for; with all where the suite sets the holdout."""
    spec = whole.suite.optimize
    return whole if spec.holdout else replace(whole, split=whole.split.searching(searched(whole.cap), spec.seed))


def _least_cap(whole: Setup) -> int:
    """The lowest cap, from the suite's own on, under which the shortest search fits.

    A higher cap can bring more cases to search on and more answers in the decision, and so take more calls itself.
    """
    suite, setup = whole.suite, _within_cap(whole)
    while setup.least_calls > setup.cap:
        spec = replace(suite.optimize, max_calls=setup.least_calls)
        setup = _within_cap(replace(whole, suite=replace(suite, optimize=spec)))
    return setup.cap


def _check_weights(setup: Setup) -> None:
    """Raise UsageError when a part of the split could have no score."""
    for name, cases in (("search", setup.split.search), ("holdout", setup.split.holdout)):
        if not any(case.weight for case in cases):
            raise UsageError(
                f"{setup.suite.title}: each of the {len(cases)} {name} cases has weight 0, so that they have no score; "
                "give more cases a weight, or set another seed (optimize.seed)."
            )


def writer_of(suite: Suite) -> ModelSpec:
    """The optimizer model: the suite's, or else the task model, free of what shapes the task's answers.

    With a task's temperature of 0 and its few tokens it would write the beginning of one prompt, eight times.
    """
    if suite.optimize.model:
        return suite.optimize.model
    writer = default_judge(suite.model)
    warm = {"temperature": 1.0} if "temperature" in suite.model.params else {}
    return replace(writer, params={**writer.params, **warm})


def writer_named(suite: Suite, name: str) -> ModelSpec:
    """The model `name` as the optimizer model, with the settings of the one that the suite has.

    Where these name no server, the environment's for optimizer models goes before its server of the task model.
    """
    writer = writer_of(suite)
    place = server_of(replace(writer, id=name), "optimizer", os.environ)
    if not place or suite.optimize.model or "api_base" in suite.model.params:
        return writer.named(name)
    elsewhere = {key: value for key, value in writer.params.items() if key != "api_base"}
    named = replace(writer, params=elsewhere).named(name)
    return replace(named, params={**named.params, **place})


def _too_few(suite: Suite, split: Split) -> str:
    gain = smallest_change([case.weight for case in split.holdout], alpha=LEVEL)
    shown = f"only a gain of {100 * gain:.0f} points or more" if gain else "no gain at all"
    return (
        f"{suite.title}: {len(suite.cases)} cases are too few to search: a holdout of {len(split.holdout)} can prove "
        f"{shown}, and the best of many candidates on {len(split.search)} cases is mostly luck. Add cases until there "
        f"are {FEW} or more, or search all the same with --allow-few."
    )


def _calls_per_answer(suite: Suite, cases: tuple[Case, ...]) -> int:
    """One to the task model, and the most that the scorers make for one answer."""
    return 1 + max(map(len, asyncio.run(judges_of_all(suite, cases))))


def _other_suites(suite: Suite, split: Split) -> list[Guard]:
    """Each further suite with those of its cases that the search of this one does not work on."""
    guards = []
    worked_on = {case.asked for case in (*split.search, *split.demos)}
    for other in also_suites(suite):
        if other.prompt.path != suite.prompt.path:
            raise UsageError(
                f"{suite.title}: optimize.also names {other.title}, whose prompt is another one "
                f"({other.relative(other.prompt.path)}); name suites of the same prompt."
            )
        unseen = tuple(case for case in other.cases if case.asked not in worked_on)
        if not unseen:
            raise UsageError(
                f"{suite.title}: optimize.also names {other.title}, but the search works on each of its cases, so that "
                "they could not tell whether the winner is worse there; name suites with cases of their own."
            )
        guards.append(Guard(other.title, other, unseen, _repeats(other), _calls_per_answer(other, unseen)))
    return guards


def _other_models(suite: Suite, split: Split) -> list[Guard]:
    """The same holdout cases put to other task models, with the parameters of the suite's own."""
    others = [replace(suite, model=suite.model.named(name), judge=judge_of(suite)) for name in suite.optimize.models]
    return [
        Guard(f"the model {one.model.id}", one, split.holdout, _repeats(one), _calls_per_answer(one, split.holdout))
        for one in others
    ]


def _repeats(suite: Suite) -> int:
    return max(suite.repeats, 1 if suite.model.deterministic else HOLDOUT_REPEATS)


def _profile(suite: Suite) -> Profile:
    """`auto` takes the small-model form for the embedded models, and the paper's form for all others."""
    writer = suite.optimize.model or suite.model
    small = {"small": True, "large": False}.get(suite.optimize.profile, writer.id.startswith("local/"))
    return Small() if small else Large()


def _seeds(suite: Suite, split: Split, winners: tuple[str, ...]) -> tuple[tuple[str, Origin], ...]:
    """The accepted baseline's prompt and past winners, as far as they have the prompt's placeholders.

    One that shows solved cases on which this search scores or decides is left out: another split set them aside.
    """
    found: list[tuple[str, Origin]] = [(text, "history") for text in winners]
    baseline = read_baseline(suite.baseline_path)
    if baseline:
        found.insert(0, (baseline.text, "baseline"))
    prompt = suite.prompt
    return tuple(
        (text, origin)
        for text, origin in found
        if prompt.frame.placeholders(text) == prompt.placeholders
        and text != prompt.text
        and shown_in(text, split.demos)
    )
