"""What each process of the action is given: keys or the token that writes, never both."""

from __future__ import annotations

from collections.abc import Mapping

from opro_action.models.keys import secrets_in

# A process that holds model keys gets no token that may write, and no file through which it could steer the job.
_WITHHELD_FROM_MODELS = frozenset({
    "GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN",
    "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL",
    "GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY",
})  # fmt: skip

# A list of what may pass, because a suite's `api_key_env` can give a key any name.
_GIVEN_TO_PUBLISHER = frozenset({
    "GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_SERVER_URL", "GITHUB_RUN_ID", "GITHUB_SHA",
    "GITHUB_ACTIONS", "GITHUB_ACTOR", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_HEAD_REF", "GITHUB_REF_NAME",
    "GITHUB_REF_TYPE", "GITHUB_WORKFLOW", "GITHUB_JOB", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "RUNNER_TEMP",
    "OPRO_ASKER_PERMISSION",
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
})  # fmt: skip
_INPUTS = "OPRO_INPUT_"


def model_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that calls models: keys yes, tokens no."""
    return {name: value for name, value in env.items() if name not in _WITHHELD_FROM_MODELS}


def publisher_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that calls the GitHub API: the token, and only names known to hold no key."""
    return {name: value for name, value in env.items() if name in _GIVEN_TO_PUBLISHER or name.startswith(_INPUTS)}


def masks(env: Mapping[str, str]) -> list[str]:
    """The keys that a log must not show: GitHub knows those that are secrets of the workflow, and no others."""
    return sorted(secrets_in(env))
