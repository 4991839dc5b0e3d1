"""The scorers of a suite file: names checked, options read, and the files that they name looked up."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.located import Located, read_yaml
from opro_action.suite.naming import Named
from opro_action.suite.schemas import schema
from opro_action.suite.sources import read_bytes, read_text, shown
from opro_action.suite.specs import checked_model
from opro_action.suite.suite import ScorerSpec
from opro_action.suite.wording import described, did_you_mean, listed, quoted

_NOT = "not_"
_SHORT = {"rubric": "criteria", "python": "function", "json_schema": "schema"}
"""Scorers whose one needed option may stand alone behind the name."""

_EXAMPLES = {
    "choice": "choice: {of: [...]}",
    "json_schema": "json_schema: answer.schema.json",
    "rubric": "rubric: {criteria: ...}",
    "python": "python: score.py:name",
}


@dataclass(frozen=True)
class Where:
    """Where scorers stand: in the suite file at `path`, read as `node`, of the repository `root`."""

    node: Located
    path: Path
    root: Path

    def error(self, at: Sequence[str | int], what: str) -> FileError:
        return FileError(shown(self.path), self.node.line_at(at), what)

    def file(self, at: Sequence[str | int], name: str) -> Path:
        """The file that is named there; raises FileError when it is missing or outside the repository."""
        named = Named(name, str(at[-1]), self.node.line_at(at), self.path, self.root)
        return named.checked(named.target)


def check_scorer_names(value: Any, where: Where) -> None:
    """Raises FileError for a scorer that is not there, before the schema could only call it an unknown key."""
    for at, entry in _entries(value):
        if isinstance(entry, dict) and len(entry) > 1:
            what = f"a scorer is one name, but {listed(list(entry))} stand together; indent the options under the name"
            raise where.error(at, what)
        if not isinstance(entry, dict | str):
            raise where.error(at, f"a scorer is a name, or a name with its options, not {described(entry)}; correct it")
        for name in entry if isinstance(entry, dict) else [entry]:
            wrong = _wrong_with_name(name, alone=isinstance(entry, str) or entry[name] is None)
            if wrong:
                raise where.error(at, wrong)


def scorers_of(value: Any, where: Where) -> tuple[ScorerSpec, ...]:
    """The scorers under the key `scorers`, which fits the schema; raises FileError for options that cannot work."""
    return tuple(_scorer(at, entry, where) for at, entry in _entries(value))


def python_options(file: Path, name: str, root: Path) -> dict[str, Any]:
    """The options of the scorer `python` for a function `name` in `file`: where it is, and what the file holds.

    With the content's digest among the options, results of different code are never compared. Raises FileError for
    what is no text file.
    """
    code = read_bytes(file)
    return {"function": f"{file.relative_to(root).as_posix()}:{name}", "sha256": hashlib.sha256(code).hexdigest()}


def _entries(value: Any) -> list[tuple[list[str | int], Any]]:
    """Each scorer with its place."""
    if isinstance(value, list):
        return [(["scorers", index], entry) for index, entry in enumerate(value)]
    return [(["scorers"], value)]


def _wrong_with_name(name: str, *, alone: bool) -> str | None:
    known = list(schema("suite")["$defs"]["scorer_with_options"]["properties"])
    if name not in known:
        return f"there is no scorer {quoted(name)}; {did_you_mean(name, known)}"
    example = _EXAMPLES.get(name.removeprefix(_NOT))
    if alone and example:
        negation = _NOT if name.startswith(_NOT) else ""
        return f"scorer {quoted(name)} needs its options; write `{negation}{example}`"
    return None


def _scorer(at: Sequence[str | int], entry: str | Mapping[str, Any], where: Where) -> ScorerSpec:
    [(written, given)] = [(entry, None)] if isinstance(entry, str) else entry.items()
    name, at = written.removeprefix(_NOT), [*at, written]
    options = dict(given) if isinstance(given, dict) else {} if given is None else {_SHORT[name]: given}
    weight, threshold, label = options.pop("weight", 1), options.pop("threshold", 1), options.pop("label", "")
    options = _settled(name, options, at, where)
    return ScorerSpec(name, options, float(weight), float(threshold), negated=name != written, label=label)


def _settled(name: str, options: dict[str, Any], at: Sequence[str | int], where: Where) -> dict[str, Any]:
    """The options, checked further than the schema can, with the files that they name in place of their names."""
    wrong = _wrong_with_pattern(options.get("pattern", "")) or _wrong_with_scale(options.get("scale", {}))
    if wrong:
        raise where.error([*at, "pattern" if "pattern" in options else "scale"], wrong)
    if "params" in options:
        checked_model("", options["params"], lambda what: where.error([*at, "params", "api_key"], what))
    if name == "python":
        file, _, function = options["function"].rpartition(":")
        return python_options(where.file(at, file), function, where.root)
    return _with_schema(options, at, where) if name == "json_schema" else options


def _wrong_with_pattern(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"`pattern` is not a regular expression: {quoted(error)}; correct it"
    return None


def _wrong_with_scale(scale: Mapping[str, str]) -> str | None:
    for score in scale:
        try:
            fits = math.isfinite(float(score))
        except ValueError:
            fits = False
        if not fits:
            return f"`scale` says what scores stand for, and {quoted(score)} is no number; write {{0: ..., 1: ...}}"
    if scale and len(set(map(float, scale))) < len(scale):
        return "`scale` has a score twice; keep one"
    return None


def _with_schema(options: dict[str, Any], at: Sequence[str | int], where: Where) -> dict[str, Any]:
    given = options["schema"]
    if not isinstance(given, str):
        return {"schema": _checked_schema(given, lambda what: where.error([*at, "schema"], what))}
    path = where.file(at, given)
    found = _checked_schema(_read_schema(path), lambda what: FileError(shown(path), None, what))
    return {"schema": found, "file": path.relative_to(where.root).as_posix()}


def _read_schema(path: Path) -> Any:
    if path.suffix != ".json":
        return read_yaml(read_text(path), path).plain
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FileError(shown(path), error.lineno, f"not valid JSON: {error.msg}; correct it") from None
    except RecursionError:
        raise FileError(shown(path), None, "is nested too deeply to be read as JSON; write it flatter") from None


def _checked_schema(found: Any, refuse: Callable[[str], FileError]) -> Any:
    import jsonschema  # 0.1 s, and only for suites that use it

    if isinstance(found, bool):
        return found
    if not isinstance(found, dict):
        raise refuse(f"a JSON Schema is a mapping, not {described(found)}; correct it")
    try:
        jsonschema.validators.validator_for(found, default=jsonschema.Draft202012Validator).check_schema(found)
    except jsonschema.SchemaError as error:
        place = error.json_path.lstrip("$.")
        raise refuse(f"not a JSON Schema: {quoted(f'{place} {error.message}'.strip())}; correct it") from None
    return found
