"""The tests of a promptfoo configuration, wherever they stand, each with what `defaultTest` adds to it."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opro_action.suite.promptfoo.part import FILE, Part, jsonl_parts, read_part
from opro_action.suite.promptfoo.table import csv_parts
from opro_action.suite.promptfoo.values import vars_of
from opro_action.suite.sources import is_file, matching, settled

_KEYS = (
    "description", "vars", "provider", "providers", "prompts", "providerOutput", "assert", "assertScoringFunction",
    "threshold", "metadata", "options",
)  # fmt: skip
_OPTIONS = (
    "transform", "postprocess", "transformVars", "provider", "rubricPrompt", "prefix", "suffix", "storeOutputAs",
    "runSerially", "disableVarExpansion", "disableConversationVar", "disableDefaultAsserts", "factuality", "repeat",
)  # fmt: skip
_REFUSED = {
    "provider": "another model for one test is not supported; write a file of its own for it",
    "assertScoringFunction": "a scoring function of the user's is JavaScript or Python that is not run; remove it",
    "transformVars": "is JavaScript, which is not run; write the vars as they should be",
    "repeat": "of one test is not supported; set `repeat` under `evaluateOptions` for all",
    "storeOutputAs": "tests that use another test's answer are not supported; write its text into `vars`",
}
_CODE = re.compile(r"\.(js|mjs|cjs|ts|mts|cts|py)(:\w+)?$")
_ADDRESS = re.compile(r"(?!file:)[a-z]+://")


@dataclass(frozen=True)
class Test:
    """One test as it is written. `asserts` begins with those of `defaultTest`, unless the test does without."""

    part: Part
    description: str | None
    vars: Mapping[str, Part]
    asserts: tuple[Part, ...]
    options: Mapping[str, Part]
    metadata: Mapping[str, Part]
    threshold: float | None
    prompts: tuple[str, ...] | None
    providers: tuple[str, ...] | None
    answer: Part | None

    def over(self, default: Test) -> Test:
        """This test with what it leaves open taken from another."""
        keeps = "disableDefaultAsserts" in self.options and self.options["disableDefaultAsserts"].flag()
        return replace(
            self,
            vars={**default.vars, **self.vars},
            asserts=self.asserts if keeps else (*default.asserts, *self.asserts),
            options={**default.options, **self.options},
            metadata={**default.metadata, **self.metadata},
            threshold=default.threshold if self.threshold is None else self.threshold,
            prompts=default.prompts if self.prompts is None else self.prompts,
            providers=default.providers if self.providers is None else self.providers,
        )

    def within(self, entry: Test) -> Test:
        """This test of a scenario with an entry of its `config`: that one's assertions stay, its options do not count.

        So does promptfoo merge them (`mergeScenarioTest` in src/evaluator.ts).
        """
        merged = self.over(entry)
        return replace(
            merged,
            description=entry.description if self.description is None else self.description,
            asserts=(*entry.asserts, *self.asserts),
            options=self.options,
            answer=self.answer or entry.answer,
        )


def read_tests(config: Part) -> list[Test]:
    """All tests of a configuration; raises FileError for the first part of one that cannot be run."""
    default = _default(config)
    tests, scenarios = config.get("tests"), config.get("scenarios")
    found = [test_of(part) for part in _parts(tests)] if tests else []
    if not found and scenarios is None:
        found = [test_of(config.of(config.node._replace(value={}), "tests"))]
    if scenarios:
        found += _of_scenarios(scenarios)
    return [test.over(default) for test in found]


def test_of(part: Part) -> Test:
    """One test, with nothing of `defaultTest`."""
    fields = part.fields(_KEYS)
    options = fields["options"].fields(_OPTIONS) if "options" in fields else {}
    for key, what in _REFUSED.items():
        wrong = fields.get(key) if key in _KEYS else options.get(key)
        if wrong and not (key == "provider" and "provider" in options):
            raise wrong.error(f"`{key}`: {what}")
    return Test(
        part=part,
        description=fields["description"].text() if "description" in fields else None,
        vars=vars_of(fields.get("vars")),
        asserts=_asserts(fields.get("assert")),
        options=options,
        metadata=fields["metadata"].entries() if "metadata" in fields else {},
        threshold=fields["threshold"].number() if "threshold" in fields else None,
        prompts=_names(fields.get("prompts")),
        providers=_names(fields.get("providers")),
        answer=fields.get("providerOutput"),
    )


def _default(config: Part) -> Test:
    part = config.get("defaultTest")
    return test_of(part.loaded() if part else config.of(config.node._replace(value={}), "defaultTest"))


def _asserts(part: Part | None) -> tuple[Part, ...]:
    """The assertions of a test; a list entry may be a file with more of them."""
    if part is None:
        return ()
    found: list[Part] = []
    for entry in part.loaded().items():
        loaded = entry.loaded()
        found += loaded.items() if isinstance(loaded.value, list) else [loaded]
    return tuple(found)


def _names(part: Part | None) -> tuple[str, ...] | None:
    return None if part is None else tuple(entry.text() for entry in part.items())


def _parts(tests: Part) -> Iterator[Part]:
    """Each test as a value: those written here, and those of the files that are named."""
    for entry in tests.items() if isinstance(tests.value, list) else [tests]:
        if isinstance(entry.value, dict) and "path" in entry.value and "vars" not in entry.value:
            raise entry.error("tests that a script makes are not run; write them into a .yaml, .jsonl or .csv file")
        if isinstance(entry.value, str):
            for path in _files(entry):
                yield from _in_file(path, entry)
        else:
            yield entry


def _files(entry: Part) -> Sequence[Path]:
    name = entry.text().removeprefix(FILE)
    if _CODE.search(name):
        raise entry.error(f"tests made by code ({name}) are not run; write them into a .yaml, .jsonl or .csv file")
    if _ADDRESS.match(name):
        raise entry.error(f"tests from {name.partition('?')[0]} are not fetched; keep them in a file of the repository")
    if is_file(settled(entry.base / name)) or not glob.has_magic(name):
        return [entry.file(name)]
    found = matching(name, entry.base)
    if not found:
        raise entry.error(f"no file matches {name}; correct the pattern")
    return [entry.file(path) for path in found]


def _in_file(path: Path, entry: Part) -> Iterator[Part]:
    if path.suffix == ".jsonl":
        yield from jsonl_parts(path, entry)
    elif path.suffix == ".csv":
        yield from csv_parts(path, entry)
    elif path.suffix in {".yaml", ".yml", ".json"}:
        found = read_part(path, entry.root, entry.base, entry.key)
        yield from found.items() if isinstance(found.value, list) else [found]
    else:
        raise entry.error(f"tests are read from .yaml, .json, .jsonl and .csv files, not from {path.name}; convert it")


def _of_scenarios(scenarios: Part) -> Iterator[Test]:
    """Every test of a scenario with every entry of its `config`."""
    for scenario in scenarios.loaded().items():
        fields = scenario.loaded().fields(("description", "config", "tests"))
        if "config" not in fields:
            raise scenario.error("a scenario needs `config`, a list of vars to run its tests with; add it")
        tests = [test_of(part) for part in _parts(fields["tests"])] if "tests" in fields else None
        for data in fields["config"].loaded().items():
            entry = test_of(data)
            bare = replace(entry, asserts=(), options={})
            yield from (test.within(entry) for test in ([bare] if tests is None else tests))
