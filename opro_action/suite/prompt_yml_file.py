"""A `.prompt.yml` as it stands: its fields with their lines, its messages, and the one that a search rewrites."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.located import Located, read_yaml
from opro_action.suite.prompt import Chat, Frame, Prompt
from opro_action.suite.prompt_yml_evaluators import check_evaluators
from opro_action.suite.schemas import checker
from opro_action.suite.sources import read_bytes, shown
from opro_action.suite.yaml_place import Place, find_scalar

MARK = re.compile(r"\{\{([\w.-]+)\}\}")
"""What may be a placeholder; it is one where the test data have its key."""
NO_MARK = re.compile(r"(?!)()")


@dataclass(frozen=True)
class PromptFile:
    """A file that fits the schema: its bytes, what they say with lines, and the same as plain values."""

    path: Path
    data: bytes
    node: Located
    fields: Mapping[str, Any]

    def error(self, at: Sequence[str | int], what: str) -> FileError:
        return FileError(shown(self.path), self.node.line_at(at), what)

    @property
    def messages(self) -> Chat:
        return tuple((message["role"], message["content"]) for message in self.fields["messages"])


def holds_suite(path: Path) -> bool:
    """Whether a file of this format has what a suite needs, test data and evaluators: without them it is a prompt only.

    A file that cannot be read counts, so that reading it says why.
    """
    try:
        top = read_yaml(read_bytes(path).decode("utf-8-sig"), path).value
    except FileError:
        return True
    return not isinstance(top, dict) or {"testData", "evaluators"} <= top.keys()


def read_file(data: bytes, path: Path) -> PromptFile:
    """The bytes of the file at `path`, checked; raises FileError for the first thing that is wrong."""
    node = read_yaml(data.decode("utf-8-sig"), path)
    if not isinstance(node.value, dict):
        raise FileError(shown(path), node.line, "has to be a mapping with `messages`; see the docs of the format")
    file = PromptFile(path, data, node, node.plain)
    if "evaluators" in file.fields:
        check_evaluators(file.fields["evaluators"], file.error)
    problem = checker("prompt_yml")(file.fields)
    if problem:
        raise file.error(problem.path, problem.sentence)
    return file


def prompt_of(data: bytes, path: Path) -> Prompt:
    """The prompt in the bytes of such a file: the message that a search rewrites; raises FileError as reading does."""
    return prompt_in(read_file(data, path), NO_MARK)


def prompt_in(file: PromptFile, marks: re.Pattern[str]) -> Prompt:
    """The message that a search rewrites, in its chat; `marks` finds the placeholders."""
    index = _chosen(file)
    messages = file.messages
    at = ("messages", index, "content")
    role, content = messages[index]
    text = content.rstrip()
    if not text:
        raise file.error(at, f"`messages[{index}].content` holds no prompt text; write the prompt into it")
    try:
        place = find_scalar(file.data, at)
    except ValueError as error:
        raise file.error(at, f"`messages[{index}].content` {error}") from None
    tail = content[len(text) :]
    frame = Frame(role, messages[:index], messages[index + 1 :], marks, tail)
    return Prompt(
        path=file.path,
        text=text,
        before=place.before,
        after=place.after,
        newline=place.newline,
        frame=frame,
        spell=lambda other: _spelled(place, other + tail),
    )


def _spelled(place: Place, text: str) -> bytes:
    from opro_action.suite.yaml_scalar import spell  # 10 ms of patterns, and only to write

    return spell(place, text)


def _chosen(file: PromptFile) -> int:
    """The number of the message that a search rewrites."""
    given = file.fields.get("optimize")
    at = ["optimize", "message"] if isinstance(given, dict) else ["optimize"]
    wanted = given.get("message") if isinstance(given, dict) else given
    messages = file.messages
    if wanted is None:
        return _usual(messages)
    if isinstance(wanted, str):
        found = next((number for number, (role, _) in enumerate(messages) if role == wanted), None)
        if found is None:
            raise file.error(at, f"there is no message with the role `{wanted}` to optimize; name another")
        return found
    if wanted >= len(messages):
        last = len(messages) - 1
        raise file.error(at, f"there is no message {int(wanted)} to optimize; they are numbered from 0 to {last}")
    return int(wanted)


def _usual(messages: Chat) -> int:
    """The first system message, else the first user message that is more than placeholders, else the first of all."""
    systems = [number for number, (role, _) in enumerate(messages) if role == "system"]
    users = [number for number, (role, text) in enumerate(messages) if role == "user" and MARK.sub("", text).strip()]
    return next(iter([*systems, *users]), 0)
