"""A promptfoo suite in the native form: the text of its prompt file and the fields of its suite file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.prompt import PLACEHOLDER
from opro_action.suite.promptfoo.cases import PREFIX, SUFFIX
from opro_action.suite.promptfoo.native_scorers import native_scorers
from opro_action.suite.sources import shown
from opro_action.suite.suite import Case, ModelSpec, Suite
from opro_action.suite.wording import quoted

_SETTINGS = "which the native form does not have"


@dataclass(frozen=True)
class Native:
    """What the native form of a suite says. `fields` lack the path of the prompt."""

    prompt: str
    fields: Mapping[str, Any]


def native(suite: Suite) -> Native:
    """The suite in the native form; raises FileError, naming it, for what that cannot express."""
    if suite.response_format:
        raise FileError(shown(suite.path), None, f"the provider has a `response_format`, {_SETTINGS}")
    for case in suite.cases:
        _check_case(case)
    variable = _user_variable(suite)
    scorers, expected = native_scorers(suite.cases)
    cases = [_case(case, value, suite, variable) for case, value in zip(suite.cases, expected, strict=True)]
    fields = {
        "description": suite.description or None,
        "model": suite.model.id,
        "params": _params(suite.model) or None,
        "repeats": suite.repeats if suite.repeats > 1 else None,
        "scorers": [name if entry[name] is None else entry for entry in scorers for name in entry],
        "cases": cases,
    }
    return Native(suite.prompt.text.strip() + "\n", {key: value for key, value in fields.items() if value is not None})


def _check_case(case: Case) -> None:
    for name, what in (("threshold", "a `threshold` of its own"), ("answer", "a `providerOutput`")):
        if getattr(case, name) is not None:
            raise FileError(shown(case.path) if case.path else "case", case.line, f"the test has {what}, {_SETTINGS}")
    if not case.weight:
        what = f"the test has no assertion that counts, {_SETTINGS}; remove it"
        raise FileError(shown(case.path) if case.path else "case", case.line, what)


def _user_variable(suite: Suite) -> str | None:
    """The var that the user says, where the prompt is the system message of a chat; None for a text by itself.

    The native form has those two, and no other chats.
    """
    prompt, frame = suite.prompt, suite.prompt.frame
    names = sorted(frame.placeholders(prompt.text))
    if any(not PLACEHOLDER.fullmatch(f"{{{{{name}}}}}") for name in names):
        raise _error(suite, f"the prompt has the placeholder {quoted(names[0])}, which is no name in the native form")
    if PREFIX in names or SUFFIX in frame.placeholders(frame.tail):
        raise _error(suite, f"tests have a `prefix` or `suffix`, {_SETTINGS}; write it into the prompt")
    if prompt.text.lstrip().startswith("---"):
        raise _error(suite, "the prompt begins with `---`, which would begin the front matter of a prompt file")
    if frame.role == "user" and not frame.before and not frame.after:
        if not names:
            raise _error(suite, "the prompt has no placeholder, and the native form would send the case after it")
        return None
    said = frame.after[0] if len(frame.after) == 1 and not frame.before and frame.role == "system" else None
    mark = frame.marks.fullmatch(said[1].strip()) if said and said[0] == "user" else None
    if mark is None or names:
        what = "the prompt is a chat; the native form has a text with placeholders, or a system message"
        raise _error(suite, f"{what} followed by what the user says")
    return str(mark.group(1))


def _case(case: Case, expected: Any, suite: Suite, variable: str | None) -> dict[str, Any]:
    wanted = suite.prompt.frame.placeholders(suite.prompt.text)
    values = {name: value for name, value in case.vars.items() if name in wanted} if variable is None else {}
    fields: dict[str, Any] = {"id": case.id}
    if variable is not None:
        fields["input"] = case.vars[variable]
    elif values.keys() == {"input"}:
        fields["input"] = values["input"]
    else:
        fields["vars"] = values
    if expected is not None:
        fields["expected"] = expected
    return {**fields, "tags": list(case.tags)} if case.tags else fields


def _params(spec: ModelSpec) -> dict[str, Any]:
    """The parameters as a suite file has them."""
    key = {"api_key_env": spec.api_key_env} if spec.api_key_env else {"api_key": spec.api_key} if spec.api_key else {}
    price = {"price": {"input": spec.price[0], "output": spec.price[1]}} if spec.price else {}
    return {**spec.params, **key, **price}


def _error(suite: Suite, what: str) -> FileError:
    line = suite.prompt.before.count(b"\n") + 1
    return FileError(shown(suite.prompt.path), line, what)
