"""Where a scalar stands in a YAML file, byte by byte, and when no text may be put there."""

from __future__ import annotations

import pytest
import yaml

from opro_action.suite.yaml_place import find_scalar

AT = ("messages", 0, "content")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("messages:\n  - content: Hi there # why\n", "Hi there"),
        ("messages:\n  - content: Hi\n      there\n    role: x\n", "Hi\n      there"),
        ("messages:\n- {role: x, content: 'Hi' , z: 1}\n", "'Hi'"),
        ('{"messages": [{"content": "Hi"}]}', '"Hi"'),
        ("messages:\n  - content: |  # why\n      Hi\n\n\n    role: x\n", "|  # why\n      Hi"),
        ("messages:\n  - content: |\n      Hi\n  # less indented\n", "|\n      Hi"),
        ("messages:\n  - content: |+\n      Hi\n\n\n    role: x\n", "|+\n      Hi\n\n"),
        ("messages:\n  - content: |\n      Hi\n        \n    \n", "|\n      Hi\n        "),
        ("messages:\n  - content: >-\n      Hi", ">-\n      Hi"),
        ("messages:\n  - content: |\r\n      Hi\r\n      you\r\n", "|\r\n      Hi\r\n      you"),
        ("messages:\n  - content: &a !!str |2-\n        Hi\n", "|2-\n        Hi"),
        ("messages:\n  - content: !!str  # why\n      Hi\n", "Hi"),
        ("é: 🦉\nmessages:\n  - {ü: [ü], content: Hé}\n", "Hé"),
        ("\ufeffmessages:\n  - content: Hé\n", "Hé"),
        ("# first\n---\nmessages:\n- ? content\n  : Hi\n...\n", "Hi"),
    ],
)
def test_the_scalar_and_the_bytes_around_it(file: str, source: str) -> None:
    place = find_scalar(file.encode(), AT)

    assert place.source == source
    assert place.before + place.source.encode() + place.after == file.encode()
    assert place.text == yaml.safe_load(file)["messages"][0]["content"]


def test_a_value_is_found_by_its_path_and_not_by_its_look() -> None:
    file = b"a: [x, [x, x], {b: x}]\nb: x\n"

    starts = [len(find_scalar(file, path).before) for path in (("a", 0), ("a", 1, 1), ("a", 2, "b"), ("b",))]

    assert starts == [4, 11, 19, 26]


@pytest.mark.parametrize(
    ("file", "indent", "content_indent", "flow"),
    [
        ("messages:\n  - content: |\n       Hi\n", 4, 7, False),
        ("messages:\n- content: |\n\n    Hi\n", 2, 4, False),
        ("messages:\n- role: x\n  content: |1\n    Hi\n", 2, 3, False),
        ("messages:\n- content: Hi\n", 2, 0, False),
        ("messages: [content: Hi]\n", 10, 0, True),
    ],
)
def test_what_decides_how_a_text_may_stand_there(file: str, indent: int, content_indent: int, flow: bool) -> None:
    place = find_scalar(file.encode(), AT)

    assert (place.indent, place.content_indent, place.flow) == (indent, content_indent, flow)


@pytest.mark.parametrize(
    ("end", "count"), [("", 0), ("\n", 0), ("\n\n", 1), ("\n  \n\nx: 1", 2), ("\r\n\r\n# c\r\n\r\n", 1), ("\n\n  ", 1)]
)
def test_blank_lines_after_the_scalar_are_counted(end: str, count: int) -> None:
    assert find_scalar(f"messages:\n- content: |\n    Hi{end}".encode(), AT).blank_lines_after == count


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("a: &x Hi\nmessages: [{content: *x}]\n", r"is an alias \(\*x\)"),
        ("messages: [{content: &x Hi}]\na: *x\n", r"is shared by an alias \(\*x\)"),
        ("messages: &x [{content: Hi}]\na: *x\n", r"is shared by an alias \(\*x\)"),
        ("messages: [{content: }]\n", "is no text"),
        ("messages: [{content: [Hi]}]\n", "is no text"),
        ("messages: [{role: Hi}]\n", "is not there"),
        ("messages: Hi\n", "is not there"),
        ("", "is not there"),
    ],
)
def test_a_place_that_would_not_hold_a_text_of_its_own_is_refused(file: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        find_scalar(file.encode(), AT)


def test_an_anchor_that_nobody_uses_is_no_obstacle() -> None:
    assert find_scalar(b"messages: [{content: &x Hi}]\n", AT).source == "Hi"


@pytest.mark.parametrize("source", ["Hi # not", "Hi\n", "{}", "7", "~", '"Hi', "Hi, x: 2", "&b Hi", "!c Hi", "\0"])
def test_a_spelling_that_says_something_else_does_not_read_as_the_text(source: str) -> None:
    place = find_scalar(b"messages: [{content: Hi, x: 1}]\n", AT)

    assert not place.reads_as(source, source)
    assert place.reads_as('"7"', "7")
