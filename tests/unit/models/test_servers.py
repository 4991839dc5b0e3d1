"""Servers that the environment names, and what is no address of one."""

from __future__ import annotations

import pytest

from opro_action.errors import CallRefused
from opro_action.models.model import Message, Request
from opro_action.models.servers import check_server, is_address, provider_servers

URL = "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("openai/gpt-4.1", "OPENAI_API_BASE"),
        ("openai/gpt-4.1", "OPENAI_BASE_URL"),
        ("gpt-4.1", "OPENAI_BASE_URL"),
        ("text-completion-openai/gpt-3.5-turbo-instruct", "OPENAI_BASE_URL"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_BASE"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_BASE_URL"),
        ("azure/our-deployment", "AZURE_API_BASE"),
        ("azure/our-deployment", "AZURE_OPENAI_ENDPOINT"),
        ("azure_ai/mistral-large", "AZURE_AI_API_BASE"),
        ("bedrock/anthropic.claude-3-haiku-20240307-v1:0", "AWS_BEDROCK_RUNTIME_ENDPOINT"),
        ("fireworks_ai/llama", "FIREWORKS_API_BASE"),
        ("gemini/gemini-2.0-flash", "GEMINI_API_BASE"),
        ("hosted_vllm/llama", "HOSTED_VLLM_API_BASE"),
        ("hosted_vllm/llama", "OPENAI_BASE_URL"),
        ("huggingface/a/b", "HF_API_BASE"),
        ("ollama_chat/llama3", "OLLAMA_API_BASE"),
        ("vertex_ai/gemini-2.0-flash", "VERTEXAI_API_BASE"),
        ("watsonx/ibm/granite", "WX_URL"),
    ],
)
def test_a_variable_that_decides_the_server_is_found(model: str, variable: str) -> None:
    assert provider_servers(model, {variable: URL, "HOME": "/home/me"}) == {variable: URL}


@pytest.mark.parametrize(
    ("model", "environment"),
    [
        ("openai/gpt-4.1", {}),
        ("openai/gpt-4.1", {"OPENAI_BASE_URL": " ", "OPENAI_API_KEY": "sk-1"}),
        ("openai/gpt-4.1", {"ANTHROPIC_BASE_URL": URL, "OPRO_API_BASE": URL, "BASE_URL": URL}),
        ("anthropic/claude-sonnet-4-5", {"OPENAI_BASE_URL": URL}),
        ("our-own", {"OPENAI_BASE_URL": URL}),
        ("local/smollm2-135m", {"LOCAL_BASE_URL": URL}),
        ("echo", {"ECHO_BASE_URL": URL}),
    ],
)
def test_other_variables_are_not_servers_of_the_model(model: str, environment: dict[str, str]) -> None:
    assert provider_servers(model, environment) == {}


def test_what_may_be_a_key_is_left_out_of_an_address() -> None:
    environment = {"OPENAI_BASE_URL": "https://me:sk-1@llm.example/v1?key=sk-2#sk-3"}
    assert provider_servers("openai/m", environment) == {"OPENAI_BASE_URL": "https://llm.example/v1"}


@pytest.mark.parametrize("url", [URL, "https://llm.example", "HTTPS://me:pw@llm.example:443/v1", "http://[::1]:80/v1"])
def test_addresses(url: str) -> None:
    assert is_address(url)


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "127.0.0.1:8000/v1", "llm.example/v1", "ftp://llm.example", "http:/llm.example", "http://",
     "http://llm.example:99999", "http://[::1/v1", f" {URL}"],
)  # fmt: skip
def test_no_addresses(url: str) -> None:
    assert not is_address(url)


@pytest.mark.parametrize(
    ("environment", "name"), [({"OPRO_API_BASE": "me:pw@localhost:8000"}, "OPRO_API_BASE"), ({}, "api_base")]
)
def test_what_is_no_address_is_refused_with_where_it_stands(environment: dict[str, str], name: str) -> None:
    request = Request("openai/m", (Message("user", "hi"),), {"api_base": "me:pw@localhost:8000"})
    with pytest.raises(CallRefused) as caught:
        check_server(request, environment)
    assert str(caught.value) == (
        f"openai/m: {name} is no address of a server (localhost:8000): write it like http://127.0.0.1:8000/v1."
    )
