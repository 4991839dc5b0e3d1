"""Prices: where they come from, and that a call's most is really the most."""

from __future__ import annotations

from typing import Any

import pytest

from opro_action.errors import UsageError
from opro_action.models.model import Completion, Message, Request
from opro_action.models.prices import FREE, Price, check_price, cost_of, most_it_can_cost, price_of
from opro_action.suite.suite import ModelSpec


def ask(text: str, **params: Any) -> Request:
    return Request("openai/m", (Message("user", text),), params)


def test_a_local_model_is_free() -> None:
    assert price_of(ModelSpec("local/smollm2-135m")) == FREE


@pytest.mark.parametrize("model", ["openai/gpt-4.1", "gpt-4.1"])
def test_a_known_model_is_looked_up_with_or_without_its_provider(model: str) -> None:
    assert price_of(ModelSpec(model)) == Price(2e-6, 8e-6, 32768)


def test_a_name_of_another_provider_is_not_taken_for_it() -> None:
    assert price_of(ModelSpec("anthropic/gpt-4.1")) is None


def test_the_dearer_price_of_long_prompts_counts() -> None:
    price = price_of(ModelSpec("gemini/gemini-2.5-pro"))
    assert price is not None
    assert price.input == pytest.approx(2.5e-6)


def test_the_price_that_the_user_states_wins() -> None:
    price = price_of(ModelSpec("openai/gpt-4.1", price=(3.0, 4.0)))
    assert price == Price(3e-6, 4e-6, 32768)


def test_an_unknown_price_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"openai/smollm2 is not known.* set max_calls instead, or state `price:"):
        check_price(ModelSpec("openai/smollm2"))


def test_a_stated_price_without_a_limit_on_the_answer_is_refused() -> None:
    with pytest.raises(UsageError, match="set max_tokens in params"):
        check_price(ModelSpec("openai/smollm2", price=(1.0, 1.0)))


def test_a_stated_price_with_a_limit_on_the_answer_is_enough() -> None:
    check_price(ModelSpec("openai/smollm2", {"max_tokens": 8}, price=(1.0, 1.0)))


def test_the_most_counts_each_byte_of_the_prompt_as_a_token() -> None:
    assert most_it_can_cost(ask("é" * 100, max_tokens=0), Price(1.0, 0.0)) >= 200


def test_the_most_counts_the_longest_answer_that_was_asked_for() -> None:
    assert most_it_can_cost(ask("", max_tokens=10), Price(0.0, 2.0, 1000)) == 20


def test_the_most_counts_the_models_own_limit_when_none_was_asked_for() -> None:
    assert most_it_can_cost(ask(""), Price(0.0, 2.0, 1000)) == 2000


def test_several_choices_cost_several_answers() -> None:
    assert most_it_can_cost(ask("", max_tokens=10, n=3), Price(0.0, 1.0)) == 30


def test_a_completion_costs_its_tokens() -> None:
    assert cost_of(Completion("", prompt_tokens=10, completion_tokens=2), Price(0.5, 3.0)) == 11
