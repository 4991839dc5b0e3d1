"""The model `echo`: it says what it was asked, and costs nothing."""

from __future__ import annotations

import asyncio

import pytest

from opro_action.models.connect import backend_for
from opro_action.models.echo import EchoModel
from opro_action.models.model import Message, Request
from opro_action.suite.suite import ModelSpec


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        ([("user", "Hi 😀\n")], "Hi 😀\n"),
        ([("user", "")], ""),
        (
            [("system", 'Be "brief".'), ("user", "Hi")],
            '[\n  {\n    "role": "system",\n    "content": "Be \\"brief\\"."\n  },\n'
            '  {\n    "role": "user",\n    "content": "Hi"\n  }\n]',
        ),
    ],
)
def test_it_answers_with_the_prompt(messages: list[tuple[str, str]], answer: str) -> None:
    request = Request("echo", tuple(Message(role, text) for role, text in messages))
    found = asyncio.run(EchoModel().complete(request))
    assert (found.text, found.cost_usd, found.finish_reason) == (answer, 0.0, "")


def test_it_is_what_answers_for_its_name() -> None:
    assert isinstance(backend_for(ModelSpec("echo")), EchoModel)
