"""The providers of promptfoo by the first word of their ids: what litellm calls them, and which are no models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SAMPLED = {"temperature": 0, "max_tokens": 1024}


@dataclass(frozen=True)
class Family:
    """How a provider's ids are read: `prefix` is litellm's; each of `kinds` may stand before a model's name.

    `usual` are the parameters that promptfoo sends where the configuration does not say; a model that reasons gets
    none of them when `sampled`. `path` follows the host in an address; `region` is the parameter for one.
    """

    prefix: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    usual: Mapping[str, Any] = field(default_factory=dict)
    sampled: bool = False
    path: str = ""
    region: str = "region"


def _like_openai(prefix: str, *, path: str = "/v1", responses: str = "") -> Family:
    kinds = {"chat": prefix, **({"responses": responses} if responses else {})}
    return Family(prefix, kinds, _SAMPLED, sampled=True, path=path)


FAMILIES: Mapping[str, Family] = {
    "openai": _like_openai("openai/", responses="openai/responses/"),
    "azure": _like_openai("azure/", path="", responses="azure/responses/"),
    "azureopenai": _like_openai("azure/", path=""),
    # promptfoo sends its temperature of 0 to some of these models only: newer ones refuse any.
    "anthropic": Family("anthropic/", {"messages": "anthropic/"}, {"max_tokens": 1024}),
    "google": Family("gemini/"),
    "vertex": Family("vertex_ai/", {"chat": "vertex_ai/"}, region="vertex_location"),
    "ollama": Family("ollama/", {"chat": "ollama_chat/", "completion": "ollama/"}),
    "openrouter": _like_openai("openrouter/"),
    "mistral": Family("mistral/", {"chat": "mistral/"}),
    "groq": _like_openai("groq/"),
    "bedrock": Family("bedrock/", {"converse": "bedrock/converse/"}, region="aws_region_name"),
    "cohere": Family("cohere_chat/"),
    "togetherai": _like_openai("together_ai/"),
    "deepseek": _like_openai("deepseek/"),
    "xai": _like_openai("xai/"),
    "perplexity": _like_openai("perplexity/"),
    "fireworks": _like_openai("fireworks_ai/"),
    "cerebras": _like_openai("cerebras/"),
    "databricks": _like_openai("databricks/"),
    "github": _like_openai("github/"),
    "nvidia": _like_openai("nvidia_nim/"),
    "moonshot": _like_openai("moonshot/"),
    "huggingface": Family("huggingface/", {"chat": "huggingface/", "text-generation": "huggingface/"}),
    "replicate": Family("replicate/"),
    "litellm": _like_openai(""),
    "localai": _like_openai("openai/"),
}

NOT_CHAT = frozenset(
    ("embedding", "embeddings", "image", "video", "moderation", "realtime", "tts", "speech", "transcription",
     "completion", "assistant", "agents", "chatkit", "codex-sdk", "codex", "codex-app-server", "live", "rerank",
     "claude-agent-sdk", "claude-code", "feature-extraction", "sentence-similarity", "text-classification", "kb")
)  # fmt: skip
"""Kinds of models that are not asked, unless a family has them."""

_CODE = "is code, which is not run"
_SERVER = "is a server with rules of its own"
_AGENT = "is an agent or a tool"

NOT_MODELS: Mapping[str, str] = {
    "file": _CODE,
    "python": _CODE,
    "javascript": _CODE,
    "golang": _CODE,
    "ruby": _CODE,
    "exec": _CODE,
    "package": _CODE,
    ".": _CODE,
    "http": _SERVER,
    "https": _SERVER,
    "ws": _SERVER,
    "wss": _SERVER,
    "websocket": _SERVER,
    "webhook": _SERVER,
    "a2a": _AGENT,
    "mcp": _AGENT,
    "browser": _AGENT,
    "sequence": _AGENT,
    "promptfoo": "belongs to promptfoo's red-team scans",
    "manual-input": "is a person at a keyboard",
}
