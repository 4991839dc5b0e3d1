"""The top of a promptfoo configuration: which keys are used, which have no meaning here, and which are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from opro_action.suite.promptfoo.part import Part, read_part
from opro_action.suite.sources import shown
from opro_action.suite.wording import described, did_you_mean, quoted

_USED = (
    "description", "prompts", "providers", "targets", "tests", "defaultTest", "scenarios", "evaluateOptions",
    "commandLineOptions", "assertionTemplates", "$schema",
)  # fmt: skip
_WITHOUT_MEANING = {
    "tags": "is for promptfoo's own reports",
    "metadata": "is for promptfoo's own reports",
    "outputPath": "is not written; see --format and --output",
    "writeLatestResults": "is for promptfoo's own viewer",
    "sharing": "has no meaning: results are not uploaded",
    "derivedMetrics": "are not computed; the verdict rests on scores alone",
    "tracing": "has no meaning: only answers are seen here",
}
_REFUSED = {
    "redteam": "belongs to a red-team scan, which this is not; run it with promptfoo",
    "plugins": "belongs to a red-team scan, which this is not; run it with promptfoo",
    "strategies": "belongs to a red-team scan, which this is not; run it with promptfoo",
    "extensions": "are hooks in JavaScript or Python, which are not run; remove them",
    "nunjucksFilters": "are JavaScript, which is not run; remove them",
    "env": "would set environment variables; set them where the check is run",
}
_OPTIONS = {
    "maxConcurrency": "see --concurrency",
    "delay": "calls wait only when the provider asks for it",
    "showProgressBar": "has no meaning here",
    "cache": "see --no-cache",
    "timeoutMs": "a call is given up after ten minutes",
    "maxEvalTimeMs": "see max_minutes",
    "generateSuggestions": "has no meaning here; see `opro optimize`",
    "suggestionsCount": "has no meaning here",
    "verbose": "has no meaning here",
    "silent": "has no meaning here",
    "write": "has no meaning here",
    "table": "has no meaning here",
    "share": "has no meaning: results are not uploaded",
    "progressBar": "has no meaning here",
    "watch": "has no meaning here",
}


def read_config(path: Path, root: Path) -> Part:
    """The configuration in the file at `path`; raises FileError for a key that cannot be kept to."""
    config = read_part(path, root, path.parent, path.name)
    if not isinstance(config.value, dict):
        raise config.error(f"a promptfoo configuration is a mapping with `prompts`, not {described(config.plain)}")
    known = [*_USED, *_WITHOUT_MEANING]
    for key, entry in config.entries().items():
        if key in _REFUSED and entry.plain not in ({}, []):
            raise entry.error(f"`{key}` {_REFUSED[key]}")
        if key not in {*known, *_REFUSED}:
            raise entry.error(f"`{key}` is an unknown key; {did_you_mean(key, known)}")
    return config


def repeats(config: Part) -> int:
    """How often each test is run."""
    for name in ("commandLineOptions", "evaluateOptions"):
        options = config.get(name)
        part = options.get("repeat") if options else None
        if part is not None:
            number = part.number()
            if number != int(number) or not 1 <= number <= 100:
                raise part.wrong("a whole number from 1 to 100")
            return int(number)
    return 1


def notes(config: Part) -> Iterator[str]:
    """What a reader should be told of keys that have no meaning here."""
    for key, entry in config.entries().items():
        if key in _WITHOUT_MEANING:
            yield _note(entry, key, _WITHOUT_MEANING[key])
    for name in ("evaluateOptions", "commandLineOptions"):
        options = config.get(name)
        for key, entry in (options.entries() if options else {}).items():
            if key not in {*_OPTIONS, "repeat"}:
                raise entry.error(f"`{key}` in `{name}` is not supported; {did_you_mean(key, ['repeat', *_OPTIONS])}")
            if key in _OPTIONS:
                yield _note(entry, key, f"is not used: {_OPTIONS[key]}")


def _note(entry: Part, key: str, what: str) -> str:
    return f"{shown(entry.path)}:{entry.line}: {quoted(key)} {what}"
