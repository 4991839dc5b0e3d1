"""Transforms of answers that are data: a few JavaScript expressions, read as a path through the answer, never run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from opro_action.suite.promptfoo.part import Part
from opro_action.suite.promptfoo.template import as_json
from opro_action.suite.promptfoo.words import SPACE
from opro_action.suite.wording import quoted

TRY_PARSE = "output as JSON, if it is"
"""What promptfoo does with the answer of a model that was asked for a JSON Schema."""

Steps = tuple[tuple[str, str | int], ...]

_METHOD = re.compile(r"\??\.(trim|trimStart|trimEnd|toLowerCase|toUpperCase|toString)\(\)")
_ENTRY = re.compile(r"\??\.([A-Za-z_$][\w$]*)|(?:\?\.)?\[(?:(\d+)|'([^'\\]*)'|\"([^\"\\]*)\")\]")
_CALL = re.compile(r"(JSON\.parse|JSON\.stringify)\(")
_KNOWN = "output, JSON.parse(output), .name, [0], .trim(), .toLowerCase() and .toUpperCase()"


def checked_transform(part: Part) -> str:
    """The text of a transform; raises FileError for one that only JavaScript, or Python, could run."""
    text = part.text()
    if steps(text) is None:
        raise part.error(f"`{part.key}: {quoted(text)[1:-1]}` is code, which is not run; known are {_KNOWN}")
    return text


def steps(text: str) -> Steps | None:
    """What a transform does to the answer, one thing after the other; None for one that is not known."""
    if text == TRY_PARSE:
        return (("try", ""),)
    expression = text.strip(SPACE).removesuffix(";").removeprefix("return ").strip(SPACE)
    found = _expression(expression)
    return found[0] if found and found[1] == len(expression) else None


def transformed(text: str, output: Any) -> Any:
    """The answer after a transform; raises ValueError, with why in words, where it does not fit the answer."""
    for step, argument in steps(text) or ():
        output = _done(step, argument, output)
    if output is None:
        raise ValueError(f"{quoted(text)} gives nothing for this answer")
    return output


def as_text(output: Any) -> str:
    """An answer as assertions compare it: a text as it is, anything else as JSON."""
    return output if isinstance(output, str) else as_json(output)


def _expression(text: str) -> tuple[Steps, int] | None:
    """The steps that begin a text, and where they end."""
    found: list[tuple[str, str | int]] = []
    call = _CALL.match(text)
    if call:
        inner = _expression(text[call.end() :])
        if inner is None or text[call.end() + inner[1] :][:1] != ")":
            return None
        found += [*inner[0], (call.group(1), "")]
        at = call.end() + inner[1] + 1
    elif text.startswith("output"):
        at = len("output")
    else:
        return None
    while match := _METHOD.match(text, at) or _ENTRY.match(text, at):
        found.append(_step(match))
        at = match.end()
    return tuple(found), at


def _step(match: re.Match[str]) -> tuple[str, str | int]:
    if match.re is _METHOD:
        return match.group(1), ""
    name, index, *quoted_names = match.groups()
    return "get", int(index) if index is not None else next(it for it in (name, *quoted_names) if it is not None)


def _done(step: str, argument: str | int, output: Any) -> Any:
    if step in {"JSON.parse", "try"}:
        try:
            return json.loads(as_text(output), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            if step == "try":
                return output
            raise ValueError(f"the answer is not JSON ({error})") from None
    if step == "JSON.stringify":
        return as_json(output)
    if step == "get":
        return _entry(output, argument)
    if not isinstance(output, str):
        raise ValueError(f"the answer is no text that .{step}() could change")  # noqa: TRY004 - of the answer
    strips = {"trimStart": output.lstrip, "trimEnd": output.rstrip, "trim": output.strip}
    if step in strips:
        return strips[step](SPACE)
    return {"toLowerCase": output.lower, "toUpperCase": output.upper, "toString": output.__str__}[step]()


def _entry(output: Any, name: str | int) -> Any:
    if isinstance(output, Mapping):
        return output.get(str(name))
    if isinstance(output, list | str) and isinstance(name, int):
        return output[name] if name < len(output) else None
    if isinstance(output, list | str) and name == "length":
        return len(output)
    raise ValueError(f"the answer has no {quoted(name)}")


def _no_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
