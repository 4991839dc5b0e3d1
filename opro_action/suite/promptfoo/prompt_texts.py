"""Prompts as promptfoo keeps them: several texts in a file, chats in JSON or YAML, texts in the configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from opro_action.errors import FileError
from opro_action.suite.prompt import Frame, Prompt
from opro_action.suite.promptfoo.part import FILE, Part, located, read_part
from opro_action.suite.promptfoo.template import MARK, check_template
from opro_action.suite.promptfoo.words import SPACE
from opro_action.suite.sources import read_bytes, shown
from opro_action.suite.wording import quoted
from opro_action.suite.yaml_place import Place, find_scalar

_ROLES = ("system", "developer", "user", "assistant")
_SEPARATOR = "---"
_BOM = b"\xef\xbb\xbf"

Steps = tuple[str | int, ...]


def prompts_in_file(path: Path, part: Part) -> list[Prompt]:
    """All prompts of the file at `path`, which `part` names."""
    data = read_bytes(path)
    if path.suffix == ".txt":
        return list(_between_separators(path, data, part))
    if path.suffix == ".md":
        return [_checked(_whole(path, data), part)]
    return [_chat(read_part(path, part.root, part.base, "prompt"), data, ())]


def prompt_in_config(part: Part, data: bytes, at: Steps) -> Prompt:
    """A prompt that stands in the configuration, at `at` in its bytes `data`: a text, or a chat as JSON."""
    text = part.text()
    chat = _parsed_chat(text, part)
    if chat is not None:
        return replace(chat, spell=_refusing(part, "is a chat inside of a text; keep it in a .json or .yaml file"))
    check_template(text, part)
    if not text.strip():
        raise part.error("this prompt is empty; write its text")
    return _placed(_with_tail(Prompt(part.path, text, frame=Frame("user", marks=MARK))), data, at, part)


def fixed(part: Part, why: str) -> Prompt:
    """A prompt that cannot be rewritten."""
    return Prompt(part.path, part.text(), frame=Frame("user", marks=MARK), spell=_refusing(part, why))


def _between_separators(path: Path, data: bytes, part: Part) -> Iterator[Prompt]:
    """Every prompt of a text file: they stand between lines that are nothing but `---`."""
    start = at = len(_BOM) if data.startswith(_BOM) else 0
    spans: list[tuple[int, int]] = []
    for line in data[start:].split(b"\n"):
        if line.decode().strip(SPACE) == _SEPARATOR:
            spans.append((start, at))
            start = at + len(line) + 1
        at += len(line) + 1
    spans.append((min(start, len(data)), len(data)))
    prompts = [_trimmed(path, data, begin, end) for begin, end in spans]
    found = [prompt for prompt in prompts if prompt.text]
    if not found:
        raise FileError(shown(path), None, "holds no prompt text; write the prompt into it")
    for prompt in found:
        yield _checked(replace(prompt, spell=_without_separator(prompt)), part)


def _trimmed(path: Path, data: bytes, begin: int, end: int) -> Prompt:
    text = data[begin:end].decode()
    head = text[: len(text) - len(text.lstrip(SPACE))].encode()
    body = text.strip(SPACE).encode()
    return _span(path, data, begin + len(head), begin + len(head) + len(body))


def _span(path: Path, data: bytes, start: int, end: int) -> Prompt:
    pairs = data.count(b"\r\n")
    newline = "\r\n" if pairs and pairs == data.count(b"\n") else "\n"
    text = data[start:end].decode().replace(newline, "\n")
    return Prompt(path, text, data[:start], data[end:], newline, Frame("user", marks=MARK))


def _whole(path: Path, data: bytes) -> Prompt:
    """All of a file, the white space at its end included, which is sent and kept."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    prompt = _with_tail(_span(path, data, start, len(data)))
    end = len(data) - len(prompt.frame.tail.replace("\n", prompt.newline).encode())
    return replace(prompt, after=data[end:])


def _with_tail(prompt: Prompt) -> Prompt:
    """The prompt with the white space that ends its text beside it: it is sent, and a rewrite keeps it."""
    text = prompt.text.rstrip()
    return replace(prompt, text=text, frame=replace(prompt.frame, tail=prompt.text[len(text) :]))


def _without_separator(prompt: Prompt) -> Callable[[str], bytes]:
    def spell(text: str) -> bytes:
        if any(line.strip(SPACE) == _SEPARATOR for line in text.split("\n")):
            what = "a line `---` would divide this file into two prompts, so the new text is not written into it"
            raise FileError(shown(prompt.path), None, what)
        return text.replace("\n", prompt.newline).encode()

    return spell


def _checked(prompt: Prompt, part: Part) -> Prompt:
    """The prompt, if there is nothing in its text but words and placeholders."""
    line = prompt.before.count(b"\n") + 1
    check_template(prompt.text, Part(located("", line), prompt.path, part.root, part.base, "prompt"), by_line=True)
    if not prompt.text.strip():
        raise FileError(shown(prompt.path), None, "holds no prompt text; write the prompt into it")
    return prompt


def _parsed_chat(text: str, part: Part) -> Prompt | None:
    """The chat that a text is as JSON; None for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _chat(part.of(located(value, part.line), "prompt"), b"", None) if isinstance(value, list) else None


def _chat(part: Part, data: bytes, at: Steps | None) -> Prompt:
    """A list of messages; the last system message is the one that may be rewritten, else the first of the user."""
    if not isinstance(part.value, list) or not part.value:
        raise part.error("a prompt in JSON or YAML has to be a list of messages with `role` and `content`; write one")
    chat = tuple(map(_message, part.items()))
    index = _rewritable([role for role, _ in chat])
    role, text = chat[index]
    frame = Frame(role, chat[:index], chat[index + 1 :], MARK)
    prompt = _with_tail(Prompt(part.path, text, frame=frame))
    return prompt if at is None else _placed(prompt, data, (*at, index, "content"), part.items()[index])


def _message(part: Part) -> tuple[str, str]:
    fields = part.fields(("role", "content"))
    for key in ("role", "content"):
        if key not in fields:
            raise part.error(f"a message needs `role` and `content`, and this has no `{key}`; add it")
    role, content = fields["role"].text(), fields["content"]
    if role not in _ROLES:
        raise fields["role"].error(f"the role {quoted(role)} is not one of {', '.join(_ROLES)}; correct it")
    if not isinstance(content.value, str):
        raise content.error("`content` is not a text, and only texts are put to models here; write it as one text")
    if content.value.startswith(FILE):
        raise content.error("`content` names a file; write its text here, so that it can be rewritten")
    check_template(content.value, content)
    return role, content.value


def _rewritable(roles: Sequence[str]) -> int:
    systems = [index for index, role in enumerate(roles) if role in {"system", "developer"}]
    users = [index for index, role in enumerate(roles) if role == "user"]
    return systems[-1] if systems else users[0] if users else 0


def _placed(prompt: Prompt, data: bytes, at: Steps, part: Part) -> Prompt:
    """The prompt with the bytes around its text; one whose place cannot be found says so when it is rewritten."""
    try:
        place = find_scalar(data, at)
    except (ValueError, yaml.YAMLError) as error:
        what = "stands where it cannot be rewritten; keep it in a .txt file"
        return replace(prompt, spell=_refusing(part, str(error) if isinstance(error, ValueError) else what))
    tail = prompt.frame.tail
    if place.text != prompt.text + tail:
        return replace(prompt, spell=_refusing(part, "is written in a way that cannot be rewritten; keep it in a file"))
    return replace(
        prompt,
        before=place.before,
        after=place.after,
        newline=place.newline,
        spell=lambda text: _spelled(place, text + tail),
    )


def _spelled(place: Place, text: str) -> bytes:
    from opro_action.suite.yaml_scalar import spell  # 10 ms of patterns, and only to write

    return spell(place, text)


def _refusing(part: Part, why: str) -> Callable[[str], bytes]:
    def spell(_text: str) -> bytes:
        raise part.error(f"this prompt {why}")

    return spell
