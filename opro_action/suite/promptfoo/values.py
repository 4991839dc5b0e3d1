"""The vars of a promptfoo test: files read, lists multiplied out."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from opro_action.suite.located import read_yaml
from opro_action.suite.promptfoo.part import FILE, Part, located
from opro_action.suite.promptfoo.template import as_json
from opro_action.suite.promptfoo.words import SPACE
from opro_action.suite.sources import matching, read_text

_TEXTS = (".txt", ".md", ".json", ".jsonl", ".csv", ".xml", ".html", ".log", ".rst")
_YAML = (".yaml", ".yml")
_CODE = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".py")
_MOST = 100_000


def combinations(values: Mapping[str, Part], *, expand: bool) -> Iterator[dict[str, Any]]:
    """Every way to choose one entry of each list of texts; the last var changes fastest.

    A list whose first entry is no text is one value, and with `expand` off so is every list. A `file://` text with a
    pattern stands for each file that it matches. Raises FileError for more than 100,000 combinations.
    """
    choices = {name: _choices(part, expand=expand) for name, part in values.items()}
    count = 1
    for name, found in choices.items():
        count *= len(found)
        if count > _MOST:
            raise values[name].error(f"the lists in `vars` multiply to more than {_MOST:,} cases; make them shorter")
    for chosen in itertools.product(*choices.values()):
        yield dict(zip(choices, chosen, strict=True))


def vars_of(part: Part | None) -> dict[str, Part]:
    """The entries under `vars`: a mapping, or files of mappings. A var that is null stands above a default."""
    if part is None:
        return {}
    found: dict[str, Part] = {}
    for entry in part.items() if isinstance(part.value, list) else [part]:
        if isinstance(entry.value, str):
            name = entry.value.removeprefix(FILE)
            found |= entry.of(located(f"{FILE}{name}", entry.line), part.key).loaded().entries(null=True)
        else:
            found |= entry.entries(null=True)
    return found


def _choices(part: Part, *, expand: bool) -> list[Any]:
    value = part.plain
    if not expand:
        return [_read(part)]
    if isinstance(value, str) and value.startswith(FILE) and glob.has_magic(value):
        found = matching(value.removeprefix(FILE), part.base)
        if not found:
            raise part.error(f"no file matches {value}; correct the pattern")
        return [_content(part, name) for name in found]
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [_read(entry) for entry in part.items()]
    return [_read(part)]


def _read(part: Part) -> Any:
    name = part.named_file()
    return part.plain if name is None else _content(part, name)


def _content(part: Part, name: str) -> str:
    """What stands in a file, as a prompt shows it: without white space around, YAML as JSON."""
    if name.endswith(_CODE) or ":" in name:
        raise part.error(f"the var `{part.key}` is made by code in {name}, which is not run; write its value")
    if not name.endswith((*_TEXTS, *_YAML)):
        raise part.error(f"the var `{part.key}` names {name}, and only text files are put into prompts")
    path = part.file(name)
    if name.endswith(_YAML):
        return as_json(read_yaml(read_text(path), path).plain)
    return read_text(path).strip(SPACE)
