"""`opro import`: a promptfoo configuration becomes prompts and suites of the native form."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from opro_action.commands.output import say
from opro_action.errors import FileError, UsageError
from opro_action.suite.discovery import find_root
from opro_action.suite.files import write_atomically
from opro_action.suite.promptfoo import is_promptfoo, read_promptfoo
from opro_action.suite.promptfoo.native import native
from opro_action.suite.reading import read_suite
from opro_action.suite.scalars import meaning
from opro_action.suite.sources import settled, shown
from opro_action.suite.suite import Case, Suite

_DIFFERENCES = (
    ("exact", "`equals` is `exact` now, which does not mind white space around an answer"),
    ("contains", "`contains` and `starts-with` do not mind white space around their texts now"),
    ("json_schema", "`is-json` is `json_schema` now, which reads an answer inside of one code fence too"),
    ("rubric", "`llm-rubric` is `rubric` now: an answer passes from the score `threshold` on, by default 1"),
    ("not_", "an empty answer has the score 0 now, of negated scorers too"),
)
_FORMAT = "`json_schema` does not check the `format` of a text, as `is-json` does; write a `pattern` for it"


@dataclass(frozen=True)
class ImportOptions:
    """The options of `opro import`. `to` is the folder for `prompts/` and `evals/`, by default the repository's."""

    file: Path
    to: Path | None = None


def import_(options: ImportOptions) -> int:
    """Write the native form of a file and say what was written; nothing is written when a part cannot be expressed."""
    if not is_promptfoo(options.file):
        raise UsageError(
            f"{options.file}: only promptfooconfig files are imported; `opro check` runs the others as they are."
        )
    root = find_root(options.file)
    suites = read_promptfoo(settled(options.file), root)
    files = _files(suites)
    folder = options.to or root
    existing = [folder / name for name in files if (folder / name).exists()]
    if existing:
        raise UsageError(
            f"{shown(existing[0])}: there is such a file already, and none is written over; use --to FOLDER."
        )
    _check(files, suites)
    for name, content in files.items():
        write_atomically(folder / name, content)
        say(f"{shown(folder / name)}: written")
    for line in _remarks(files, suites):
        say(line)
    return 0


def _files(suites: Sequence[Suite]) -> dict[str, str]:
    """The content of each file by its path; suites with the same prompt share its file."""
    found: dict[str, str] = {}
    for suite in suites:
        form, name = native(suite), _name(suite)
        while f"evals/{name}.yaml" in found:
            name += "-too"
        prompt = next((path for path, content in found.items() if content == form.prompt), f"prompts/{name}.md")
        found[prompt] = form.prompt
        found[f"evals/{name}.yaml"] = _yaml({"prompt": f"../{prompt}", **form.fields})
    return found


def _name(suite: Suite) -> str:
    """The suite's own part of its name; for a single one that of its prompt's file, or of the folder."""
    own = suite.name.removeprefix(suite.path.stem).strip(".")
    if not own:
        own = suite.prompt.path.stem if suite.prompt.path != suite.path else suite.path.parent.name
    name = re.sub(r"[^a-z0-9]+", "-", own.lower()).strip("-") or "imported"
    return f"prompt-{name}" if name.isdigit() else name


def _check(files: Mapping[str, str], suites: Sequence[Suite]) -> None:
    """Read back what would be written: the model has to be asked the same, white space around a prompt aside."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name, content in files.items():
            write_atomically(root / name, content)
        try:
            written = [read_suite(root / name, root=root) for name in files if name.startswith("evals/")]
        except FileError as error:
            # It names a file that is gone by now.
            what = str(error).partition(": ")[2]
            raise UsageError(f"{shown(suites[0].path)}: cannot be said in the native form: {what}") from None
    for old, new in zip(suites, written, strict=True):
        for before, after in zip(old.cases, new.cases, strict=True):
            if list(_asked(old, before)) != list(_asked(new, after)):
                raise UsageError(
                    f"{shown(old.path)}: the case {before.id!r} would be asked in other words; please report it."
                )


def _asked(suite: Suite, case: Case) -> Iterator[tuple[str, str]]:
    return ((role, text.strip()) for role, text in suite.prompt.frame.chat(suite.prompt.text, case.vars))


def _remarks(files: Mapping[str, str], suites: Sequence[Suite]) -> Iterator[str]:
    text = "\n".join(content for name, content in files.items() if name.startswith("evals/"))
    yield from (f"note: {what}." for word, what in _DIFFERENCES if re.search(rf"^\s*- {word}", text, re.MULTILINE))
    if any('"format": "' in schema for suite in suites for schema in _schemas(suite)):
        yield f"note: {_FORMAT}."
    yield from dict.fromkeys(f"note: {note}" for suite in suites for note in suite.notes)


def _schemas(suite: Suite) -> Iterator[str]:
    """The schemas of a suite's `is-json`, as JSON."""
    for spec in (spec for case in suite.cases for spec in case.scorers):
        if str(spec.options["type"]).endswith("is-json"):
            yield json.dumps(spec.options.get("value"))


class _Dumper(yaml.SafeDumper):
    """YAML in which a text is read as a text by us too, and one of several lines is a block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if _plain(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _plain(text: str) -> bool:
    try:
        return isinstance(meaning(text), str)
    except ValueError:
        return False


_Dumper.add_representer(str, _text)


def _yaml(fields: Mapping[str, Any]) -> str:
    return yaml.dump(dict(fields), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
