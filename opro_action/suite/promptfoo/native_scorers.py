"""promptfoo's assertions as scorers of the native form: those that it has, the others refused by name.

The native form has one list of scorers for all cases, and one `expected` for each case: assertions may differ from
case to case in what is expected, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.promptfoo.patterns import python_pattern, units
from opro_action.suite.promptfoo.template import plain_text
from opro_action.suite.sources import shown
from opro_action.suite.suite import Case, ScorerSpec
from opro_action.suite.wording import quoted

_NOT = "not-"
_EDITS = 5
_DRAFT = "http://json-schema.org/draft-07/schema#"
_MODEL = ("model", "params")


@dataclass(frozen=True)
class Entry:
    """A scorer as a suite file names it; `expected` is what it compares with, None for a scorer without."""

    name: str
    options: Mapping[str, Any]
    expected: Any = None

    @property
    def negated(self) -> bool:
        return self.name.startswith("not_")


def native_scorers(cases: Sequence[Case]) -> tuple[list[dict[str, Any]], list[Any]]:
    """The list of scorers for all cases, and what each case expects; raises FileError for what cannot be said so."""
    tables = [[_entry(spec, case) for spec in case.scorers] for case in cases]
    settled = [_with_constants(column) for column in _columns(tables, cases)]
    for column in settled:
        _check_wanted(column, cases)
    shared = [_one_for_all(column, cases) for column in settled]
    expected = [_expected([column[at] for column in settled], case) for at, case in enumerate(cases)]
    return [{entry.name: dict(entry.options)} if entry.options else {entry.name: None} for entry in shared], expected


def _columns(tables: Sequence[Sequence[Entry]], cases: Sequence[Case]) -> list[list[Entry]]:
    """The entries that stand in the same place, case by case."""
    for table, case in zip(tables, cases, strict=True):
        if [entry.name for entry in table] != [entry.name for entry in tables[0]]:
            raise _error(case, f"has other assertions than the case {quoted(cases[0].id)}, and all cases share scorers")
    return [list(column) for column in zip(*tables, strict=True)]


def _with_constants(column: list[Entry]) -> list[Entry]:
    """A text that is the same for all cases, and that an option can hold, as that option."""
    first = column[0]
    shared = (len(column) > 1 or first.negated) and all(it == first for it in column)
    if shared and first.name.removeprefix("not_") in _CONSTANT:
        key = _CONSTANT[first.name.removeprefix("not_")]
        value = first.expected if key == "pattern" else [first.expected]
        return (
            [Entry(first.name, {key: value, **first.options}) for _ in column] if first.expected is not None else column
        )
    return column


_CONSTANT = {"contains": "all", "regex": "pattern"}


def _check_wanted(column: Sequence[Entry], cases: Sequence[Case]) -> None:
    """Raises FileError for a text that is not wanted where only `expected` could hold it: a good answer says that."""
    for entry, case in zip(column, cases, strict=True):
        if entry.negated and entry.expected is not None:
            what = f"does not want {quoted(str(entry.expected))}, which the native form would have as `expected`"
            raise _error(case, f"{what}, what a good answer says; take that assertion out")


def _one_for_all(column: Sequence[Entry], cases: Sequence[Case]) -> Entry:
    for entry, case in zip(column, cases, strict=True):
        if entry.options != column[0].options:
            what = f"has another {quoted(entry.name)} than the case {quoted(cases[0].id)}"
            raise _error(case, f"{what}; the native form has the same for all cases")
    return column[0]


def _expected(row: Sequence[Entry], case: Case) -> Any:
    found = [entry.expected for entry in row if entry.expected is not None]
    if any(value != found[0] for value in found):
        raise _error(
            case, f"expects {quoted(found[0])} and something else; the native form has one `expected` per case"
        )
    return found[0] if found else None


def _entry(spec: ScorerSpec, case: Case) -> Entry:
    if spec.name == "promptfoo_set":
        kind = "assert-set" if spec.parts and spec.label != "weight 0" else "a test without assertions that count"
        raise _error(case, f"has {kind}, which the native form does not have")
    written = str(spec.options["type"])
    kind = written.removeprefix(_NOT)
    if kind not in _NATIVE:
        raise _error(case, f"has the assertion {quoted(written)}, which the native form does not have")
    if spec.options.get("transform"):
        raise _error(
            case, f"has a transform ({quoted(spec.options['transform'][0])}), which the native form does not have"
        )
    if spec.weight == 0:
        raise _error(case, f"has {quoted(written)} with the weight 0, which the native form does not have")
    entry = _NATIVE[kind](spec, case)
    own = {key: value for key, value in (("weight", spec.weight), ("label", spec.label)) if value not in (1.0, written)}
    name = f"not_{entry.name}" if written != kind else entry.name
    return Entry(name, {**entry.options, **own}, entry.expected)


def _equals(spec: ScorerSpec, _case: Case) -> Entry:
    value = spec.options["value"]
    return Entry("json_equal", {}, value) if isinstance(value, dict | list) else Entry("exact", {}, plain_text(value))


def _contains(spec: ScorerSpec, _case: Case) -> Entry:
    fold = {"ignore_case": True} if str(spec.options["type"]).removeprefix(_NOT).startswith("i") else {}
    value = spec.options["value"]
    if isinstance(value, str):
        return Entry("contains", fold, value)
    return Entry("contains", {"all" if str(spec.options["type"]).endswith("all") else "any": list(value), **fold})


def _starts_with(spec: ScorerSpec, _case: Case) -> Entry:
    return Entry("starts_with", {}, spec.options["value"])


def _regex(spec: ScorerSpec, case: Case) -> Entry:
    pattern = spec.options["value"]
    if units(pattern) != pattern:
        raise _error(case, f"has the pattern {quoted(pattern)}, whose characters JavaScript takes for two each")
    translated = python_pattern(pattern).pattern
    return Entry("regex", {}, translated if translated == pattern and "\\" not in pattern else f"(?a){translated}")


def _is_json(spec: ScorerSpec, _case: Case) -> Entry:
    value = spec.options.get("value", True)
    return Entry("json_schema", {"schema": {"$schema": _DRAFT, **value} if isinstance(value, dict) else value})


def _levenshtein(spec: ScorerSpec, _case: Case) -> Entry:
    return Entry("levenshtein", {"max": int(spec.options.get("threshold", _EDITS))}, spec.options["value"])


def _rubric(spec: ScorerSpec, case: Case) -> Entry:
    value = spec.options.get("value")
    if "prompt" in spec.options or not isinstance(value, str):
        raise _error(
            case, "has an `llm-rubric` with a prompt or a mapping of its own, which the native form does not have"
        )
    if str(spec.options["type"]).startswith(_NOT) and "threshold" in spec.options:
        raise _error(case, "has a `not-llm-rubric` with a threshold, which the native form reads the other way round")
    own = {key: spec.options[key] for key in _MODEL if spec.options.get(key)}
    return Entry("rubric", {"criteria": value, **own, **_threshold(spec)})


def _similar(spec: ScorerSpec, case: Case) -> Entry:
    values = spec.options["value"]
    if len(values) > 1:
        raise _error(case, "has a `similar` with several texts, and the native form compares with one")
    own = {key: spec.options[key] for key in _MODEL if spec.options.get(key)}
    return Entry("similar", {**own, "threshold": spec.options.get("threshold", 0.75)}, values[0])


def _threshold(spec: ScorerSpec) -> dict[str, Any]:
    threshold = spec.options.get("threshold")
    return {"threshold": threshold} if threshold else {}


_NATIVE: Mapping[str, Callable[[ScorerSpec, Case], Entry]] = {
    "equals": _equals,
    **dict.fromkeys(
        ("contains", "icontains", "contains-all", "contains-any", "icontains-all", "icontains-any"), _contains
    ),
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": _is_json,
    "levenshtein": _levenshtein,
    "llm-rubric": _rubric,
    "similar": _similar,
    "similar:cosine": _similar,
}


def _error(case: Case, what: str) -> FileError:
    return FileError(shown(case.path) if case.path else "case", case.line, f"the case {quoted(case.id)} {what}")
