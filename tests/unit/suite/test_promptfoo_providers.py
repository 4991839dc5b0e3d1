"""Providers of promptfoo configurations as models, and what of them is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import write
from promptfoo.configs import PROMPTS, TESTS, error_of, scorer_of, suite_of, suites_of

USUAL = {"temperature": 0, "max_tokens": 1024}


def model_of(folder: Path, provider: str) -> Any:
    return suite_of(folder, f"{PROMPTS}providers: [{provider}]\n{TESTS}").model


@pytest.mark.parametrize(
    ("provider", "model", "params"),
    [
        ("openai:gpt-4.1-mini", "openai/gpt-4.1-mini", USUAL),
        ("openai:chat:ft:gpt-4.1:us::abc", "openai/ft:gpt-4.1:us::abc", USUAL),
        ("openai:responses:gpt-4.1", "openai/responses/gpt-4.1", USUAL),
        ("openai:gpt-5-mini", "openai/gpt-5-mini", {}),
        ("openai:o4-mini", "openai/o4-mini", {}),
        ("azure:chat:my-deployment", "azure/my-deployment", USUAL),
        ("anthropic:messages:claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", {"max_tokens": 1024}),
        ("anthropic:claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", {"max_tokens": 1024}),
        ("google:gemini-2.5-flash", "gemini/gemini-2.5-flash", {}),
        ("vertex:gemini-2.5-pro", "vertex_ai/gemini-2.5-pro", {}),
        ("ollama:chat:llama3.2:1b", "ollama_chat/llama3.2:1b", {}),
        ("ollama:llama3.2:1b", "ollama/llama3.2:1b", {}),
        ("ollama:completion:llama3.2", "ollama/llama3.2", {}),
        ("openrouter:meta-llama/llama-3.1-8b", "openrouter/meta-llama/llama-3.1-8b", USUAL),
        ("openrouter:openai/gpt-5", "openrouter/openai/gpt-5", {}),
        ("mistral:mistral-small-latest", "mistral/mistral-small-latest", {}),
        ("groq:llama-3.3-70b", "groq/llama-3.3-70b", USUAL),
        ("bedrock:us.amazon.nova-lite-v1:0", "bedrock/us.amazon.nova-lite-v1:0", {}),
        ("bedrock:converse:amazon.nova", "bedrock/converse/amazon.nova", {}),
        ("litellm:deepseek/deepseek-chat", "deepseek/deepseek-chat", USUAL),
        ("echo", "echo", {}),
    ],
)
def test_ids_are_those_of_litellm(tmp_path: Path, provider: str, model: str, params: dict[str, Any]) -> None:
    found = model_of(tmp_path, provider)
    assert (found.id, dict(found.params)) == (model, params)


@pytest.mark.parametrize(
    ("config", "params"),
    [
        ("temperature: 0.7, max_tokens: 5", {"temperature": 0.7, "max_tokens": 5}),
        ("omitDefaults: true", {}),
        ("max_completion_tokens: 9", {"temperature": 0, "max_completion_tokens": 9}),
        ("apiBaseUrl: 'http://127.0.0.1:1/v1'", {**USUAL, "api_base": "http://127.0.0.1:1/v1"}),
        ("apiHost: llm.example.org", {**USUAL, "api_base": "https://llm.example.org/v1"}),
        ("top_p: 0.9, stop: [x], seed: 3", {**USUAL, "top_p": 0.9, "stop": ["x"], "seed": 3}),
        ("reasoning: {effort: low}", {**USUAL, "reasoning_effort": "low"}),
        ("headers: {X-Team: a}", {**USUAL, "extra_headers": {"X-Team": "a"}}),
    ],
)
def test_settings_are_sent_as_litellm_names_them(tmp_path: Path, config: str, params: dict[str, Any]) -> None:
    assert dict(model_of(tmp_path, f"{{id: 'openai:gpt-4.1', config: {{{config}}}}}").params) == params


@pytest.mark.parametrize("key", ["apiKeyEnvar: MY_KEY", "apiKey: '{{ env.MY_KEY }}'", "apiKey: '${MY_KEY}'"])
def test_a_key_is_named_by_its_variable(tmp_path: Path, key: str) -> None:
    found = model_of(tmp_path, f"{{id: 'openai:gpt-4.1', config: {{{key}}}}}")
    assert (found.api_key_env, found.api_key) == ("MY_KEY", None)


def test_a_price_per_token_is_one_per_million(tmp_path: Path) -> None:
    config = "{inputCost: 0.000001, outputCost: 0.000002}"
    assert model_of(tmp_path, f"{{id: 'litellm:my/model', config: {config}}}").price == pytest.approx((1, 2))


def test_a_model_that_is_named_instead_has_neither_price_nor_key_of_the_provider(tmp_path: Path) -> None:
    provider = "{id: 'openai:gpt-4.1', config: {apiKeyEnvar: MY_KEY, inputCost: 0.000001, outputCost: 0.000002}}"
    (suite,) = suites_of(tmp_path, f"{PROMPTS}providers: [{provider}]\n{TESTS}", model="anthropic/claude")
    assert (suite.model.id, suite.model.api_key_env, suite.model.price) == ("anthropic/claude", None, None)


def test_a_response_format_is_that_of_the_suite(tmp_path: Path) -> None:
    write(tmp_path / "format.json", '{"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}')
    text = "{id: 'openai:gpt-4.1', config: {response_format: 'file://format.json'}}"
    suite = suite_of(tmp_path, f"{PROMPTS}providers: [{text}]\n{TESTS}")
    assert suite.response_format == {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
    # promptfoo parses the answer of such a model before it is graded.
    assert suite.cases[0].scorers[0].options["transform"] == ["output as JSON, if it is"]


def test_providers_stand_in_a_file_and_as_a_key_too(tmp_path: Path) -> None:
    write(tmp_path / "models.yaml", "- echo\n- {id: openai:gpt-4.1, label: large}\n")
    text = f"{PROMPTS}providers: [file://models.yaml, {{'openai:gpt-4.1-mini': {{config: {{seed: 1}}}}}}]\n{TESTS}"
    suites = suites_of(tmp_path, text)
    assert [suite.model.id for suite in suites] == ["echo", "openai/gpt-4.1", "openai/gpt-4.1-mini"]
    assert suites[2].model.params["seed"] == 1


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("file://provider.js", "`file://provider.js` is code, which is not run"),
        ("python:provider.py", "is code, which is not run"),
        ("'exec:run.sh'", "is code, which is not run"),
        ("'./provider.py'", "is code, which is not run"),
        ("https://example.org/chat", "is a server with rules of its own"),
        ("{id: http, config: {url: x}}", "is a server with rules of its own"),
        ("mcp", "is an agent or a tool"),
        ("promptfoo:redteam:iterative", "belongs to promptfoo's red-team scans"),
        ("openai:embedding:text-embedding-3-small", "is no chat model"),
        ("openai:image:dall-e-3", "is no chat model"),
        ("openai:completion:gpt-3.5-turbo-instruct", "is no chat model"),
        ("opnai:gpt-4.1", "is not known here; did you mean `openai`?, or litellm:MODEL"),
        ("gpt-4.1", "is not known here"),
        ("{label: x}", "a provider needs an `id`"),
        ("{id: 'openai:gpt-4.1', env: {X: y}}", "`env` of a provider is not used"),
        ("{id: 'openai:gpt-4.1', config: {tools: []}}", "`tools` in the `config` of `openai:gpt-4.1` is not supported"),
        ("{id: 'openai:gpt-4.1', config: {temperatur: 1}}", "did you mean `temperature`?"),
        ("{id: 'openai:gpt-4.1', config: {apiKey: sk-123}}", "a literal `api_key` may only go to an `api_base` on"),
        ("{id: 'openai:gpt-4.1', config: {apiBaseUrl: '{{env.URL}}'}}", "`apiBaseUrl` comes from the environment"),
        ("{id: 'openai:gpt-4.1', config: {response_format: {type: xml}}}", "`response_format` has to be"),
        ("{id: 'openai:gpt-4.1', transform: 'output.slice(1)'}", "`transform: output.slice(1)` is code"),
    ],
)
def test_what_is_no_model_is_refused_by_name(tmp_path: Path, provider: str, said: str) -> None:
    found = error_of(tmp_path, f"{PROMPTS}providers: [{provider}]\n{TESTS}")
    assert "promptfooconfig.yaml:2: " in found
    assert said in found


def test_a_configuration_without_providers_is_refused(tmp_path: Path) -> None:
    assert "has no `providers`" in error_of(tmp_path, PROMPTS + TESTS)


@pytest.mark.parametrize(
    ("assertion", "model"),
    [
        ("{type: llm-rubric, value: x, provider: openai:gpt-4.1}", "openai/gpt-4.1"),
        ("{type: llm-rubric, value: x, provider: {id: 'openai:gpt-4.1', config: {temperature: 0}}}", "openai/gpt-4.1"),
        (
            "{type: g-eval, value: x, provider: {text: 'openai:gpt-4.1', embedding: 'openai:embedding:e'}}",
            "openai/gpt-4.1",
        ),
        ("{type: similar, value: x, provider: 'openai:embedding:e'}", "openai/e"),
        ("{type: similar, value: x}", "openai/text-embedding-3-large"),
    ],
)
def test_the_model_that_grades_is_the_one_that_is_named(tmp_path: Path, assertion: str, model: str) -> None:
    assert scorer_of(tmp_path, assertion).options["model"] == model


def test_a_grader_may_be_one_of_the_providers_by_its_label(tmp_path: Path) -> None:
    text = """\
        prompts: ["{{output}}"]
        providers: [echo, {id: openai:gpt-4.1, label: judge, config: {seed: 4}}]
        defaultTest: {options: {provider: judge}}
        tests: [{vars: {output: x}, assert: [{type: llm-rubric, value: x}]}]
        """
    spec = suites_of(tmp_path, text)[0].cases[0].scorers[0]
    assert spec.options["model"] == "openai/gpt-4.1"
    assert spec.options["params"] == {**USUAL, "seed": 4}


def test_a_judge_that_is_not_named_is_the_task_model_and_told(tmp_path: Path) -> None:
    text = f"{PROMPTS}providers: [{{id: 'openai:gpt-4.1', delay: 100}}]\n"
    suite = suite_of(tmp_path, text + "tests: [{vars: {output: x}, assert: [{type: llm-rubric, value: x}]}]\n")
    assert [note.partition(": ")[2] for note in suite.notes] == [
        "`delay` is not used: calls wait only when the provider asks for it",
        "no model is named to grade, so this one does; name another under defaultTest.options.provider",
    ]


def test_echo_is_no_judge(tmp_path: Path) -> None:
    text = f"{PROMPTS}providers: [echo]\ntests: [{{assert: [{{type: llm-rubric, value: x}}]}}]\n"
    assert "promptfooconfig.yaml:3: `llm-rubric` has no model to ask" in error_of(tmp_path, text)


@pytest.mark.parametrize(
    "config",
    [
        "apiHost: 5", "apiBaseUrl: 5", "apiKeyEnvar: 5", "headers: foo", "temperature: hot", "max_tokens: [1]",
        "max_tokens: -1", "cost: -1", "stop: 5", "thinking: 5", "seed: x", "reasoning: 3",
    ],
)  # fmt: skip
def test_a_setting_of_the_wrong_kind_is_refused_with_its_place(tmp_path: Path, config: str) -> None:
    said = error_of(tmp_path, f"{PROMPTS}providers: [{{id: 'openai:m', config: {{{config}}}}}]\n{TESTS}")
    assert "promptfooconfig.yaml:" in said
    assert f"`{config.partition(':')[0]}` has to be " in said


@pytest.mark.parametrize("provider", ['{"openai:m": }', "{id: 'openai:m', config: {reasoning: {}}}"])
def test_settings_that_say_nothing_are_none(tmp_path: Path, provider: str) -> None:
    assert dict(model_of(tmp_path, provider).params) == USUAL
