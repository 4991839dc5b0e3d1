"""What the processes of the action are given: keys or the token, never both."""

from __future__ import annotations

from opro_action.action.environment import masks, model_environment, publisher_environment

KEYS = {"OPENAI_API_KEY": "key-of-the-model", "MY_SECRET": "key-of-another"}


def test_a_process_with_model_keys_has_no_token_and_no_file_to_steer_the_job() -> None:
    env = {**KEYS, "GITHUB_TOKEN": "t", "ACTIONS_RUNTIME_TOKEN": "t", "GITHUB_ENV": "/f", "GITHUB_OUTPUT": "/f"}
    assert model_environment(env) == KEYS


def test_the_process_with_the_token_has_no_key_of_any_name() -> None:
    told = {"GITHUB_TOKEN": "t", "GITHUB_JOB": "check", "PATH": "/bin", "OPRO_INPUT_BASE": "main"}
    assert publisher_environment({**told, **KEYS, "GITHUB_API_KEY": "k"}) == told


def test_keys_that_github_does_not_know_as_secrets_are_masked() -> None:
    assert masks({**KEYS, "SHORT_KEY": "k", "PATH": "/usr/local/bin"}) == ["key-of-another", "key-of-the-model"]
