"""What a call costs: the price a user stated, else litellm's list, read without importing litellm."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import UsageError
from opro_action.models.model import Completion, Request
from opro_action.suite.suite import ModelSpec

# Chat templates add a few tokens to each message, and one opening for the answer.
_TOKENS_PER_MESSAGE = 16


@dataclass(frozen=True)
class Price:
    """Dollars per token in and out, and the most tokens the model writes (None where the list does not say)."""

    input: float
    output: float
    longest_output: int | None = None


FREE = Price(0.0, 0.0, 0)


def price_of(spec: ModelSpec) -> Price | None:
    """The price that the suite states, else litellm's; `local/` is free; None when nobody knows."""
    if spec.id.startswith("local/") or spec.id == "echo":
        return FREE
    listed = _listed(spec.id)
    if spec.price is None:
        return listed
    longest = listed.longest_output if listed else None
    return Price(spec.price[0] / 1e6, spec.price[1] / 1e6, longest)


def check_price(spec: ModelSpec) -> None:
    """Raise UsageError when a cap in dollars could not be kept for this model."""
    price = price_of(spec)
    if price is None:
        raise UsageError(
            f"The price of {spec.id} is not known, so max_cost cannot be kept: set max_calls instead, or state "
            "`price: {input: 1.0, output: 2.0}`, dollars per million tokens, in params."
        )
    if price.longest_output is None and not _asked_output(spec.params):
        raise UsageError(
            f"How much {spec.id} may write is not known, so max_cost cannot be kept: set max_tokens in params."
        )


def most_it_can_cost(request: Request, price: Price) -> float:
    """Dollars, from above: no tokenizer makes more tokens than bytes, and no answer is longer than its limit."""
    texts = [message.content for message in request.messages]
    if request.response_format is not None:
        texts.append(json.dumps(request.response_format, default=dict))
    tokens = sum(len(text.encode()) + _TOKENS_PER_MESSAGE for text in texts)
    longest = _asked_output(request.params) or price.longest_output or 0
    return tokens * price.input + longest * int(request.params.get("n", 1)) * price.output


def cost_of(completion: Completion, price: Price) -> float:
    """Dollars for the tokens that a completion reports."""
    return completion.prompt_tokens * price.input + completion.completion_tokens * price.output


def _asked_output(params: Mapping[str, Any]) -> int:
    limits = [params.get("max_tokens"), params.get("max_completion_tokens")]
    return max((int(limit) for limit in limits if limit is not None), default=0)


def _listed(model: str) -> Price | None:
    entries = price_list()
    provider, _, name = model.partition("/")
    entry = entries.get(model)
    if entry is None and str(entries.get(name, {}).get("litellm_provider", "")).startswith(provider):
        entry = entries[name]
    if entry is None or "input_cost_per_token" not in entry or "output_cost_per_token" not in entry:
        return None
    longest = entry.get("max_output_tokens") or entry.get("max_tokens")
    return Price(_highest(entry, "input"), _highest(entry, "output"), int(longest) if longest else None)


def _highest(entry: Mapping[str, Any], direction: str) -> float:
    """Long prompts cost more per token with some providers (`..._above_200k_tokens`)."""
    priced = re.compile(rf"{direction}_cost_per_token(_above_\w+_tokens)?")
    return max(float(value) for name, value in entry.items() if priced.fullmatch(name))


@functools.cache
def price_list() -> Mapping[str, Any]:
    # 3 MB of JSON in 30 ms, against 3 s and 165 MB for importing the package that it ships in.
    found = importlib.util.find_spec("litellm")
    if found is None or found.origin is None:
        return {}
    path = Path(found.origin).with_name("model_prices_and_context_window_backup.json")
    entries: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return entries
