"""Keys: found where the suite says, and never shown."""

from __future__ import annotations

import pytest

from opro_action.errors import CallRefused
from opro_action.models.keys import api_key, redact, unsendable
from opro_action.suite.suite import ModelSpec


def test_the_variable_that_the_suite_names_holds_the_key() -> None:
    assert api_key(ModelSpec("openai/m", api_key_env="TEAM_KEY"), {"TEAM_KEY": "sk-1"}) == "sk-1"


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(CallRefused, match="TEAM_KEY is not set"):
        api_key(ModelSpec("openai/m", api_key_env="TEAM_KEY"), {})


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_variable_that_is_blank_is_named_as_empty(blank: str) -> None:
    with pytest.raises(CallRefused, match="TEAM_KEY is empty; set it"):
        api_key(ModelSpec("openai/m", api_key_env="TEAM_KEY"), {"TEAM_KEY": blank})


def test_without_a_name_the_choice_is_litellms() -> None:
    assert api_key(ModelSpec("openai/m"), {"OPENAI_API_KEY": "sk-1"}) is None


def test_known_keys_are_taken_out_of_a_message() -> None:
    assert redact("bad key sk-12345678!", "sk-12345678", environment={}) == "bad key [redacted]!"


def test_values_of_variables_named_like_keys_are_taken_out() -> None:
    text = redact("got sk-12345678 and /home/me", environment={"OPENAI_API_KEY": "sk-12345678", "HOME": "/home/me"})
    assert text == "got [redacted] and /home/me"


def test_a_key_is_taken_out_without_the_line_break_at_its_end_and_with_it_spelled_out() -> None:
    text = redact("sk-12345678 in b'Bearer sk-12345678\\n'", environment={"OPENAI_API_KEY": "sk-12345678\n"})
    assert text == "[redacted] in b'Bearer [redacted]'"


def test_blanks_are_no_key_that_a_message_could_hold() -> None:
    assert redact("a cat", "a" + " " * 20, environment={"OPENAI_API_KEY": " " * 20}) == "a cat"


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (ModelSpec("openai/m"), ["OPENAI_API_KEY"]),
        (ModelSpec("openai/m", api_key_env="TEAM_KEY"), ["TEAM_KEY"]),
        (ModelSpec("openai/m", api_key_env="GOOD_API_KEY"), []),
        (ModelSpec("openai/m", api_key="sk-…"), ["api_key"]),
    ],
)
def test_a_key_that_cannot_be_sent_is_found_where_it_stands(spec: ModelSpec, names: list[str]) -> None:
    environment = {"OPENAI_API_KEY": "sk-1\n", "TEAM_KEY": "sk-\t1", "GOOD_API_KEY": "sk-1", "NOTE": "ä"}
    assert unsendable(spec, environment) == names


def test_a_value_too_short_to_be_a_key_stays() -> None:
    assert redact("a cat", environment={"CI_TOKEN": "a"}) == "a cat"
