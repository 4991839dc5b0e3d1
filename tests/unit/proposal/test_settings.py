"""Where to propose, from the environment."""

from __future__ import annotations

import pytest

from opro_action.errors import UsageError
from opro_action.proposal.settings import settings_from

ENVIRONMENT = {"GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "octo/prompts"}


def test_github_com_unless_told() -> None:
    settings = settings_from(ENVIRONMENT)
    assert (settings.repository, settings.base, settings.api_url) == ("octo/prompts", None, "https://api.github.com")


def test_the_api_url_of_the_runner_is_used() -> None:
    assert settings_from({**ENVIRONMENT, "GITHUB_API_URL": "https://hub/api/v3/"}).api_url == "https://hub/api/v3"


def test_the_command_line_wins_over_the_environment() -> None:
    assert settings_from(ENVIRONMENT, repository="octo/other").repository == "octo/other"


def test_a_missing_token_is_named() -> None:
    with pytest.raises(UsageError, match="GITHUB_TOKEN is not set"):
        settings_from({"GITHUB_REPOSITORY": "octo/prompts"})


@pytest.mark.parametrize("name", ["", "prompts", "octo/prompts/x", "octo/../x y"])
def test_a_repository_that_is_none_is_named(name: str) -> None:
    with pytest.raises(UsageError, match="GITHUB_REPOSITORY"):
        settings_from({**ENVIRONMENT, "GITHUB_REPOSITORY": name})


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9", "api.github.com", "ftp://hub/api", "https://", "https://hub:port/", "/api"]
)
def test_an_api_url_that_is_no_address_is_named(url: str) -> None:
    with pytest.raises(UsageError, match=r"GITHUB_API_URL is '.*': write a whole address"):
        settings_from({**ENVIRONMENT, "GITHUB_API_URL": url})
