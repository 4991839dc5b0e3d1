"""A promptfoo configuration as suites: each prompt with each provider, and the cases that the tests make of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opro_action.suite.prompt import Prompt
from opro_action.suite.promptfoo.cases import PREFIX, SUFFIX, cases_of
from opro_action.suite.promptfoo.config import notes, read_config, repeats
from opro_action.suite.promptfoo.part import Part
from opro_action.suite.promptfoo.prompts import Listed, read_prompts, safe
from opro_action.suite.promptfoo.providers import Provider, read_providers
from opro_action.suite.promptfoo.tests import Test, read_tests
from opro_action.suite.sources import names_of, noting_files, shown
from opro_action.suite.suite import Case, Suite
from opro_action.suite.wording import did_you_mean, quoted

Pair = tuple[Listed, Provider]

_FORBIDDEN = re.compile(
    r"\{[%#]|\{\{(?!\s*[A-Za-z_][\w.]*\s*\}\})"  # template code
    r"|\A\s*(?:\[|file://|exec:|https?://)|\A\S*[/*]\S*\Z|\A\S+\.\w{1,5}\Z"  # a chat, an address, a path
    r"|^[ \t]*---[ \t]*$",  # the line between two prompts of a file
    re.MULTILINE,
)
"""What a rewritten prompt would be taken for when the configuration is read again."""


def suites_in(path: Path, root: Path, *, model: str | None = None) -> list[Suite]:
    """What `read_promptfoo` gives."""
    with noting_files() as files:
        config = read_config(path, root)
    prompts = read_prompts(config)  # a suite is made of its own prompt's file and not of the others'
    with noting_files() as more:
        providers, tests = read_providers(config), read_tests(config)
    _check_filters(tests, prompts, providers)
    shared = _Shared(config, providers, tests, repeats(config), tuple(notes(config)), frozenset(files | more))
    pairs = _pairs(prompts, [_instead(providers[0], model)] if model else providers)
    named = zip(pairs, _names(path.stem, pairs), strict=True)
    suites = [suite for pair, name in named if (suite := _suite(shared, *pair, name))]
    if not suites:
        raise config.error("no test goes with any of the prompts and providers; see their filters")
    return suites


@dataclass(frozen=True)
class _Shared:
    """What all suites of a configuration have in common."""

    config: Part
    providers: Sequence[Provider]
    tests: Sequence[Test]
    repeats: int
    notes: tuple[str, ...]
    files: frozenset[Path]


def _check_filters(tests: Sequence[Test], prompts: Sequence[Listed], providers: Sequence[Provider]) -> None:
    """Raises FileError for a test's filter that names no prompt or provider: the test would be left out for a slip."""
    for test in tests:
        for name in test.prompts or ():
            if not any(listed.matches(name) for listed in prompts):
                labels = [listed.label for listed in prompts]
                raise test.part.error(f"there is no prompt {quoted(name)} for this test; {did_you_mean(name, labels)}")
        for name in test.providers or ():
            if not any(provider.matches(name) for provider in providers):
                labels = [provider.label or provider.id for provider in providers]
                raise test.part.error(
                    f"there is no provider {quoted(name)} for this test; {did_you_mean(name, labels)}"
                )


def _instead(provider: Provider, model: str) -> Provider:
    return replace(provider, spec=provider.spec.named(model), prompts=None)


def _pairs(prompts: Sequence[Listed], providers: Sequence[Provider]) -> list[Pair]:
    return [
        (listed, provider)
        for listed in prompts
        for provider in providers
        if provider.prompts is None or any(map(listed.matches, provider.prompts))
    ]


def _suite(shared: _Shared, listed: Listed, provider: Provider, name: str) -> Suite | None:
    """The suite of one prompt and provider; None when no test is meant for them."""
    tests = [test for test in shared.tests if _goes_with(test, listed, provider)]
    prompt = _with_surroundings(listed.prompt, tests)
    with noting_files() as files:
        cases, remarks = cases_of(tests, prompt, provider, shared.providers)
    if not cases:
        return None
    if not any(case.weight for case in cases):
        raise shared.config.error("no test has an assertion that counts, so nothing would be measured; add one")
    description = shared.config.get("description")
    return Suite(
        name=name,
        path=shared.config.path,
        root=shared.config.root,
        description=description.text() if description else "",
        prompt=replace(prompt, frame=replace(prompt.frame, forbidden=_FORBIDDEN)),
        model=provider.spec,
        scorers=(),
        cases=cases,
        repeats=shared.repeats,
        response_format=provider.response_format,
        notes=(*shared.notes, *_remarks(provider, cases), *remarks),
        files=names_of({*shared.files, *files, prompt.path}, shared.config.root),
    )


def _remarks(provider: Provider, cases: Sequence[Case]) -> Iterator[str]:
    """What a reader should be told of the models."""
    where = f"{shown(provider.part.path)}:{provider.part.line}"
    if provider.part.get("delay"):
        yield f"{where}: `delay` is not used: calls wait only when the provider asks for it"
    specs = [part for case in cases for spec in case.scorers for part in (spec, *spec.parts)]
    if any(spec.name == "promptfoo_judge" and "model" not in spec.options for spec in specs):
        yield f"{where}: no model is named to grade, so this one does; name another under defaultTest.options.provider"


def _goes_with(test: Test, listed: Listed, provider: Provider) -> bool:
    prompts = test.prompts is None or any(map(listed.matches, test.prompts))
    return prompts and (test.providers is None or any(map(provider.matches, test.providers)))


def _names(stem: str, pairs: Sequence[Pair]) -> list[str]:
    """A name for each suite: that of the file, with the prompt's and the provider's where there are several."""
    prompts = list(dict.fromkeys(id(listed) for listed, _ in pairs))
    providers = list(dict.fromkeys(id(provider) for _, provider in pairs))
    found: list[str] = []
    for listed, provider in pairs:
        parts = [stem]
        if len(prompts) > 1:
            parts.append(listed.name or str(prompts.index(id(listed)) + 1))
        if len(providers) > 1:
            parts.append(safe(provider.label or provider.id) or str(providers.index(id(provider)) + 1))
        found.append(".".join(parts))
    numbers = [found[: at + 1].count(name) for at, name in enumerate(found)]
    return [name if number == 1 else f"{name}-{number}" for name, number in zip(found, numbers, strict=True)]


def _with_surroundings(prompt: Prompt, tests: Sequence[Test]) -> Prompt:
    """The prompt between placeholders for the tests' `prefix` and `suffix`, where there are any.

    They are the tests' and not the prompt file's. The first stands in the text, so that a rewritten one has to keep it
    at its beginning, and is written without it.
    """
    said = {key: [test.options[key] for test in tests if _says(test, key)] for key in ("prefix", "suffix")}
    first = next((part for parts in said.values() for part in parts), None)
    if first is None:
        return prompt
    if prompt.frame.before or prompt.frame.after or prompt.frame.role != "user":
        raise first.error(f"`{first.key}` around a chat is not supported; write it into a message")
    if said["suffix"]:
        prompt = replace(prompt, frame=replace(prompt.frame, tail=f"{prompt.frame.tail}{{{{{SUFFIX}}}}}"))
    if not said["prefix"]:
        return prompt
    head = f"{{{{{PREFIX}}}}}"
    return replace(prompt, text=head + prompt.text, spell=_without(prompt, head))


def _says(test: Test, key: str) -> bool:
    return key in test.options and test.options[key].text() != ""


def _without(prompt: Prompt, head: str) -> Callable[[str], bytes]:
    def spell(text: str) -> bytes:
        if not text.startswith(head):
            raise ValueError(f"the new text has to begin with {head!r}, which stands for the tests' `prefix`")
        return replace(prompt, before=b"", after=b"").with_text(text.removeprefix(head))

    return spell
