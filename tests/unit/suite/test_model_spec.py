"""A model in the place of the one that a suite names, and what of the suite's settings it gets."""

from __future__ import annotations

import pytest

from opro_action.suite.suite import ModelSpec

SERVER = "https://models.example/v1"
SMALL = ModelSpec("openai/small", {"temperature": 0}, api_key_env="TEAM_KEY", price=(0.1, 0.4))


def test_the_same_model_keeps_everything() -> None:
    assert SMALL.named("openai/small") == SMALL


def test_another_model_keeps_the_parameters_and_not_the_price() -> None:
    assert SMALL.named("openai/large") == ModelSpec("openai/large", {"temperature": 0}, api_key_env="TEAM_KEY")


@pytest.mark.parametrize("name", ["anthropic/large", "local/large", "scripted/large", "large", "openai/https://large"])
def test_another_provider_gets_no_key(name: str) -> None:
    assert SMALL.named(name) == ModelSpec(name, {"temperature": 0})


def test_a_model_without_a_provider_is_taken_for_none_of_the_same() -> None:
    assert ModelSpec("small", api_key_env="TEAM_KEY").named("large") == ModelSpec("large")


def test_the_server_that_stays_gets_the_key_that_is_for_it() -> None:
    spec = ModelSpec("openai/small", {"api_base": SERVER}, api_key_env="TEAM_KEY", price=(0.1, 0.4))
    assert spec.named("anthropic/large") == ModelSpec("anthropic/large", {"api_base": SERVER}, api_key_env="TEAM_KEY")


def test_a_literal_key_stays_at_its_server() -> None:
    spec = ModelSpec("openai/small", {"api_base": "http://127.0.0.1:1/v1"}, api_key="local")
    assert spec.named("anthropic/large").api_key == "local"
    assert ModelSpec("openai/small", api_key="local").named("anthropic/large").api_key is None
