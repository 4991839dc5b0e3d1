"""The tests of a promptfoo configuration as cases: vars multiplied out, assertions rendered, ids that stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opro_action.suite.prompt import Prompt
from opro_action.suite.promptfoo.assertions import Setting, scorers_of
from opro_action.suite.promptfoo.part import Part
from opro_action.suite.promptfoo.providers import Provider
from opro_action.suite.promptfoo.template import look_up, render, said, settled
from opro_action.suite.promptfoo.tests import Test
from opro_action.suite.promptfoo.transforms import as_text
from opro_action.suite.promptfoo.values import combinations
from opro_action.suite.sources import shown
from opro_action.suite.suite import Case, ScorerSpec, content_digest
from opro_action.suite.wording import quoted

PREFIX, SUFFIX = "__prefix", "__suffix"
"""Vars that hold a test's `options.prefix` and `options.suffix`."""

_TELLING = frozenset(("equals", "contains", "icontains", "starts-with", "levenshtein", "rouge-n", "factuality"))


@dataclass(frozen=True)
class _Made:
    """A case with the name that its test has, before ids are given."""

    case: Case
    name: str


def cases_of(
    tests: Sequence[Test], prompt: Prompt, provider: Provider, providers: Sequence[Provider]
) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """The cases that the tests make of a prompt and a provider, and notes on what is missing in them."""
    made: list[_Made] = []
    notes: dict[str, None] = {}
    for test in tests:
        for values in combinations(test.vars, expand=not _flag(test, "disableVarExpansion")):
            found = settled(values)
            setting = Setting(found, test.options, provider, providers)
            scorers = scorers_of(test.asserts, setting)
            case = _case(test, prompt, found, scorers)
            made.append(_Made(case, " ".join((test.description or "").split())))
            notes |= dict.fromkeys(_notes(test, prompt, found, scorers))
    return tuple(_with_ids(made)), tuple(notes)


def _case(test: Test, prompt: Prompt, values: Mapping[str, Any], scorers: tuple[ScorerSpec, ...]) -> Case:
    placed = {name: _placed(values, name, test.part) for name in sorted(_used(prompt))}
    around = {
        name: render(test.options[key], values) if key in test.options else ""
        for name, key in ((PREFIX, "prefix"), (SUFFIX, "suffix"))
        if name in placed
    }
    answer = test.answer
    return Case(
        id="",
        vars={**values, **placed, **around},
        expected=_expected(scorers),
        tags=tuple(_tags(test.metadata)),
        # What has no weight, or no assertion, says nothing about the prompt.
        weight=float(any(map(_weighs, scorers))),
        path=test.part.path,
        line=test.part.line,
        scorers=scorers,
        threshold=test.threshold,
        answer=as_text(answer.plain) if answer is not None and answer.plain else None,
    )


def _weighs(spec: ScorerSpec) -> bool:
    """Whether a scorer has a share in the score: a set without parts, or of parts without weight, has none."""
    if spec.name == "promptfoo_set":
        return bool(spec.weight) and any(part.weight for part in spec.parts)
    return bool(spec.weight)


def _used(prompt: Prompt) -> frozenset[str]:
    texts = [prompt.frame.tail, *(text for _, text in (*prompt.frame.before, *prompt.frame.after))]
    return prompt.placeholders.union(*(prompt.frame.placeholders(text) for text in texts))


def _placed(values: Mapping[str, Any], name: str, part: Part) -> str:
    """What a prompt shows for a placeholder; nothing when no var has it."""
    return said(look_up(values, name), name, part)


def _expected(scorers: Sequence[ScorerSpec]) -> Any:
    """What the answer should say, for the optimizer model: the value of the first assertion that tells it."""
    for spec in scorers:
        value = spec.options.get("value")
        if spec.options.get("type") in _TELLING and isinstance(value, str | int | float):
            return value
    return None


def _tags(metadata: Mapping[str, Part]) -> Iterator[str]:
    """`suite: smoke` is the tag `suite:smoke`; each entry of a list is a tag of its own, and `true` the key alone."""
    for key, part in metadata.items():
        for entry in part.items() if isinstance(part.value, list) else [part]:
            if entry.value is True:
                yield key
            elif isinstance(entry.value, str | int | float):
                yield f"{key}:{entry.plain}"


def _notes(test: Test, prompt: Prompt, values: Mapping[str, Any], scorers: Sequence[ScorerSpec]) -> Iterator[str]:
    where = f"{shown(test.part.path)}:{test.part.line}"
    for name in sorted(_used(prompt) - {PREFIX, SUFFIX}):
        if look_up(values, name) is None and name not in values:
            yield f"{where}: no var for {quoted(f'{{{{{name}}}}}')} of the prompt, where nothing stands then"
    if not test.asserts:
        yield f"{where}: no assertions, so this test says nothing and has no share in the score"
    elif not any(map(_weighs, scorers)):
        yield f"{where}: every assertion has the weight 0, so this test has no share in the score"
    if "runSerially" in test.options:
        yield f"{where}: `runSerially` is not used: see --concurrency"


def _with_ids(made: Sequence[_Made]) -> Iterator[Case]:
    """Ids: a test's description where that is its alone, else with a digest of its vars, else with a number."""
    names = Counter(it.name for it in made)
    taken: Counter[str] = Counter()
    for it in made:
        digest = content_digest({"vars": dict(it.case.vars), "answer": it.case.answer})[:8]
        name = it.name if it.name and names[it.name] == 1 else f"{it.name or 'case'}-{digest}"
        taken[name] += 1
        yield replace(it.case, id=name if taken[name] == 1 else f"{name}-{taken[name]}")


def _flag(test: Test, key: str) -> bool:
    return key in test.options and test.options[key].flag()
