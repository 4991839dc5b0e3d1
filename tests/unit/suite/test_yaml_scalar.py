"""Another text in a place of a YAML file: it reads as that text, and every other byte stays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from yaml_texts import RARE, texts

from opro_action.suite.located import read_yaml
from opro_action.suite.yaml_place import Place, find_scalar
from opro_action.suite.yaml_scalar import spell

AT = ("messages", 0, "content")
BEFORE = ["messages:\n- role: system # who\n  ", "messages:\n    -   ", "# é 🦉\na: &b [1]\nmessages:\n  - "]
SCALARS = [
    "content: Answer shortly.",
    "content: Answer\n{pad}shortly,\n\n{pad}please.",
    "content:\n{pad}Answer on the next line.",
    "content: 'It''s short.'",
    'content: "Answer\\nshortly."',
    'content: "Answer\\\n{pad}  shortly."',
    "content: |\n{pad}Answer\n{pad}  shortly.",
    "content: |-  # kept\n{pad}Answer shortly.",
    "content: |+\n{pad}Answer shortly.\n\n",
    "content: &anchor !!str |\n\n{pad}Answer shortly.",
    "content: |{digit}\n{pad}  Answer\n{pad}shortly.",
    "content: >-\n{pad}Answer\n{pad}shortly,\n\n{pad}with a line that is rather long for one\n{pad}  - and this.",
    "content: >{digit}+ # kept\n{pad}Answer\n{pad}shortly.\n\n",
]
AFTER = ["", "\n", "\n\n\n", "  # after\n", "\nname: x\n", "\n\n   \n# less\n\nname: é\n", "\n# less\n", "\n...\n"]
FLOW = [
    "messages: [{content: Answer, role: system}]",
    'messages: [{"content": "Answer", "role": "system"}]\n',
    "messages:\n- {role: system, content: 'Answer' } # after\n",
    "messages:\n- {role: system,\n   content: Answer\n     shortly\n  }\n",
]
TEXTS = [
    "",
    " ",
    "\n",
    "\n\n",
    " \n ",
    "a\n",
    "a\n\n",
    "a\n\n\n\n",
    "\na",
    " a",
    "a\n b\nc",
    "\ta",
    "a\n\t\nb",
    "a\n  ",
]


def files() -> Iterator[str]:
    for before in BEFORE:
        indent = len(before) - before.rindex("\n") - 1
        pad = " " * (indent + 2)
        for scalar in SCALARS:
            for after in AFTER:
                yield before + scalar.format(pad=pad, digit=2) + after
    yield from FLOW


def rewritten(file: str, text: str) -> tuple[Place, bytes]:
    place = find_scalar(file.encode(), AT)
    return place, place.before + spell(place, text) + place.after


def of_messages(data: bytes) -> Any:
    """All that the file says, and its text apart."""
    top = yaml.safe_load(data.decode())
    return top["messages"][0].pop("content"), top


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_any_text_reads_back_and_every_other_byte_stays(windows: bool, mark: str) -> None:
    chance = random.Random(f"{windows}{mark}")
    for file in files():
        content = mark + (file.replace("\n", "\r\n") if windows else file)
        _, others = of_messages(file.encode())
        for text in [*chance.sample(TEXTS, 2), *texts(chance, 4)]:
            place, new = rewritten(content, text)

            assert of_messages(new) == (text, others), (content, text)
            assert new.startswith(place.before), (content, text)
            assert new.endswith(place.after), (content, text)
            assert place.before + place.source.encode() + place.after == content.encode()


def test_what_this_package_reads_is_the_text_too() -> None:
    chance = random.Random(0)
    for file, text in zip(files(), texts(chance, 1000), strict=False):
        _, new = rewritten(file, text)
        assert read_yaml(new.decode(), Path("x")).plain["messages"][0]["content"] == text


def test_the_same_text_leaves_the_file_as_it_is() -> None:
    for file in files():
        place = find_scalar(file.encode(), AT)
        assert place.before + spell(place, place.text) + place.after == file.encode()


def test_the_way_back_to_a_block_gives_the_same_bytes() -> None:
    file = "messages:\n- content: |2-  # kept\n\n      An example:\n\n        x: {{y}}\n    done\n\n\n# end\n"
    place, new = rewritten(file, "Other.")
    back = find_scalar(new, AT)

    assert back.before + spell(back, place.text) + back.after == file.encode()


LITERAL = "messages:\n- content: |\n     Old.\n  role: x\n"
FOLDED = "messages:\n- content: >\n     Old, and as wide as a line of this file may be.\n"


@pytest.mark.parametrize(
    ("file", "text", "source"),
    [
        (LITERAL, "One.\n\n  Two.\n", "|\n     One.\n\n       Two."),
        (LITERAL, "One.", "|-\n     One."),
        (LITERAL, "One.\n\n", "|+\n     One.\n"),
        (LITERAL, " One.\n", "|3\n      One."),
        (LITERAL, "a: # {b}\n", "|\n     a: # {b}"),
        (LITERAL, "bell \a", '"bell \\u0007"'),
        (LITERAL.replace("|", "|-  # why"), "One.\n", "|  # why\n     One."),
        (LITERAL.replace("|", "|-  # why"), "\r", '"\\r"  # why'),
        (LITERAL.replace("|", "|3"), "One.", "|3-\n     One."),
        (LITERAL.replace("\n", "\r\n"), "One.\nTwo.\n", "|\r\n     One.\r\n     Two."),
        (FOLDED, "One.\nTwo.", ">-\n     One.\n\n     Two."),
        (FOLDED, "One.\n  - two\nThree.\n", ">\n     One.\n       - two\n     Three."),
        (FOLDED, f"{'word ' * 12}end.", f">-\n     {('word ' * 9).strip()}\n     {'word ' * 3}end."),
        ("messages: [{content: Old}]", "Not, so", '"Not, so"'),
        ("messages: [{content: Old}]", "One.\nTwo.", '"One.\\nTwo."'),
        ("messages:\n- content: Old\n", "New: {{input}}, please", '"New: {{input}}, please"'),
        ("messages:\n- content: Old\n", 'New, {{input}}; it\'s "so"', 'New, {{input}}; it\'s "so"'),
        ("messages:\n- content: Old\n", '"so": ' + "{{input}}", "'\"so\": {{input}}'"),
        ("messages:\n- content: Old\n", "One.\nTwo.", "|-\n    One.\n    Two."),
        ("messages:\n- content: Old # why\n", "One.\nTwo.", '"One.\\nTwo."'),
        ("messages:\n- content: Old\n", "No", '"No"'),
        ("messages:\n- content: 'Old'\n", "It's {{input}}", "'It''s {{input}}'"),
        ("messages:\n- content: 'Old'\n", "One.\nTwo.", '"One.\\nTwo."'),
        ('messages:\n- content: "Old"\n', 'a "b" \\ é', '"a \\"b\\" \\\\ é"'),
    ],
)
def test_the_style_is_kept_where_it_can_carry_the_text(file: str, text: str, source: str) -> None:
    assert spell(find_scalar(file.encode(), AT), text).decode() == source


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("messages:\n- content: |\n    Old.\n\n\n", "One.\n\n"),
        ("messages:\n- content: Old\n           \n  role: x\n", "One.\nTwo.\n"),
        ("messages:\n- content: |\n            Old.\n", " One."),
        ("messages:\n- content: |\n    Old.\n", "One.\n  "),
    ],
    ids=[
        "more blank lines follow than it ends with",
        "a wider blank line follows",
        "too deep for an indicator",
        "blank",
    ],
)
def test_what_a_block_cannot_carry_here_is_quoted(file: str, text: str) -> None:
    assert spell(find_scalar(file.encode(), AT), text).startswith(b'"')


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        spell(find_scalar(LITERAL.encode(), AT), "\ud800")


def test_a_json_file_stays_json() -> None:
    import json

    for text in [*RARE, "a\n\tb"]:
        _, new = rewritten('{"messages": [{"content": "Old"}]}', text)
        assert json.loads(new)["messages"][0]["content"] == text
