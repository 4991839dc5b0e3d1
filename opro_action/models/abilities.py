"""What a model can do besides writing text, as far as that is known without asking it."""

from __future__ import annotations

from opro_action.models.prices import price_list
from opro_action.suite.suite import ModelSpec


def takes_schema(spec: ModelSpec) -> bool:
    """Whether the model is known to take a JSON Schema as response format: a local one, or one on litellm's list.

    Nothing is known of a server of one's own, whatever the model is called there.
    """
    if spec.id.startswith("local/"):
        return True
    if "api_base" in spec.params:
        return False
    entries = price_list()
    provider, _, name = spec.id.partition("/")
    other = entries.get(name, {})
    same = str(other.get("litellm_provider", "")).startswith(provider)
    return bool(entries.get(spec.id, other if same else {}).get("supports_response_schema"))
