from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from builders import write

from opro_action.errors import FileError
from opro_action.suite.prompt import Prompt, fill
from opro_action.suite.prompt_file import front_matter_description, read_prompt

MARKS = ["", "\ufeff"]
FRONT = [
    "",
    "---\n---\n",
    "---\ndescription: Route it.\nowner: [a, b] # kept\n---\n",
    "---\r\ntags: [x]\r\n--- \r\n\r\n",
]
BODIES = [
    "One line.",
    "Two\nlines.",
    "Two\r\nlines.",
    "Mixed\r\nline\nends.",
    "  Indented\n\n\tand é 🦉",
    "a\rb",
    "a\r\r\nb",
]
BODIES += ["---\nnot front matter", "{{input}}\u2028x", "a\ufeffb", "\\r\\n", "x\r\n\r\ny\r"]
ENDS = ["", "\n", "\r\n", "\n\n  \n", "\r"]


def read(folder: Path, content: str | bytes) -> Prompt:
    return read_prompt(write(folder / "prompts/x.md", content), folder)


def test_writing_the_same_text_gives_the_same_bytes(tmp_path: Path) -> None:
    for parts in itertools.product(MARKS, FRONT, ["", " \r\n"], BODIES, ENDS):
        content = "".join(parts).encode()
        prompt = read(tmp_path, content)

        assert prompt.with_text(prompt.text) == content, parts


def test_another_text_leaves_every_other_byte(tmp_path: Path) -> None:
    prompt = read(tmp_path, b"\xef\xbb\xbf---\r\na: 1 # why\r\n---\r\n\r\nOld\r\ntext.\r\n\r\n")

    assert prompt.with_text("New\ntext") == b"\xef\xbb\xbf---\r\na: 1 # why\r\n---\r\n\r\nNew\r\ntext\r\n\r\n"


def test_the_text_is_the_same_with_either_line_ending(tmp_path: Path) -> None:
    unix, windows = (read(tmp_path, end.join(["One", "two", ""])) for end in ("\n", "\r\n"))

    assert unix.text == windows.text == "One\ntwo"
    assert unix.digest == windows.digest


def test_one_line_takes_the_line_ending_of_the_front_matter(tmp_path: Path) -> None:
    prompt = read(tmp_path, "---\r\na: 1\r\n---\r\nOne line.")

    assert prompt.with_text("Now\ntwo.").endswith(b"Now\r\ntwo.")


@pytest.mark.parametrize(
    "start", ["---\nA rule, then text\n---\n", "---\nno end", "----\na: 1\n----\n", "\n---\na: 1\n---\n"]
)
def test_what_is_not_front_matter_belongs_to_the_text(tmp_path: Path, start: str) -> None:
    assert read(tmp_path, start + "Route it.").text == start.lstrip("\n") + "Route it."


@pytest.mark.parametrize(
    ("front", "description"),
    [
        ("description: Route it.", "Route it."),
        ("tags: [a]", ""),
        ("", ""),
        ("description: yes", "yes"),
        ("description:", ""),
    ],
)
def test_the_front_matter_describes_the_task(tmp_path: Path, front: str, description: str) -> None:
    assert front_matter_description(read(tmp_path, f"---\n{front}\n---\nRoute it.")) == description


def test_broken_front_matter_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"x\.md:3: not valid YAML"):
        read(tmp_path, "---\na: 1\nb: c: d\n---\nRoute it.")


@pytest.mark.parametrize("content", ["", "\n \n", "---\na: 1\n---\n\n", "\ufeff"])
def test_a_prompt_without_text_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileError, match=r"x\.md: holds no prompt text; write the prompt into it"):
        read(tmp_path, content)


def test_a_prompt_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"x\.md:2: is not UTF-8 \(byte 0xe9\)"):
        read(tmp_path, b"Route\ncaf\xe9")


def test_a_prompt_outside_the_repository_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/x.md", "Route it.")

    with pytest.raises(FileError, match="lies outside the repository"):
        read_prompt(tmp_path / "elsewhere/x.md", tmp_path / "repository")


def test_text_fills_a_placeholder_as_it_is() -> None:
    assert fill("{{a}} {{ b }}", {"a": "{{b}} \\1", "b": "x"}) == "{{b}} \\1 x"


def test_other_values_fill_a_placeholder_as_json() -> None:
    assert fill("{{a}} {{b}}", {"a": {"k": [1, True, "é"]}, "b": 2.5}) == '{"k": [1, true, "é"]} 2.5'


@pytest.mark.parametrize(("text", "refused"), [("---\nmode: x\n---\nSay it.", True), ("Say it --- now.", False)])
def test_a_text_that_would_begin_front_matter_is_forbidden(tmp_path: Path, text: str, refused: bool) -> None:
    forbidden = read_prompt(write(tmp_path / "p.md", "Say.\n"), tmp_path).frame.forbidden
    assert forbidden is not None
    assert bool(forbidden.search(text)) == refused
