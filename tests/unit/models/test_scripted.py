"""The scripted model: a list, a mapping or a function answers, and the requests are kept."""

from __future__ import annotations

import asyncio

import pytest

from opro_action.errors import CallFailed, CallRefused
from opro_action.models.model import Completion, Message, Request
from opro_action.models.scripted import ScriptedModel

REQUEST = Request("any", (Message("system", "Route."), Message("user", "hi there")))


def ask(model: ScriptedModel, request: Request = REQUEST) -> Completion:
    return asyncio.run(model.complete(request))


def test_a_list_is_used_up_in_order() -> None:
    model = ScriptedModel(["a", "b"])
    assert [ask(model).text, ask(model).text] == ["a", "b"]
    with pytest.raises(CallRefused, match="no answer left for 'Route"):
        ask(model)


def test_a_mapping_is_asked_for_the_last_user_message() -> None:
    assert ask(ScriptedModel({"hi there": "yes", "Route.\n\nhi there": "no"})).text == "yes"


def test_a_mapping_is_asked_for_the_whole_text_next() -> None:
    assert ask(ScriptedModel({"Route.\n\nhi there": "yes"})).text == "yes"


def test_a_mapping_without_the_message_refuses() -> None:
    with pytest.raises(CallRefused, match="hi there"):
        ask(ScriptedModel({"bye": "no"}))


def test_a_function_sees_the_request() -> None:
    assert ask(ScriptedModel(lambda request: request.messages[-1].content.upper())).text == "HI THERE"


def test_an_exception_is_raised() -> None:
    with pytest.raises(CallFailed, match="503"):
        ask(ScriptedModel([CallFailed("503")]))


def test_a_completion_is_returned_as_it_is() -> None:
    completion = Completion("a", cost_usd=None, finish_reason="length")
    assert ask(ScriptedModel([completion])) is completion


def test_tokens_are_words() -> None:
    completion = ask(ScriptedModel(["one two"]))
    assert (completion.prompt_tokens, completion.completion_tokens, completion.cost_usd) == (3, 2, 0.0)


def test_requests_are_kept_in_order() -> None:
    model = ScriptedModel(["a"])
    ask(model)
    assert model.requests == [REQUEST]
