"""The providers of a promptfoo configuration, and the models that grade: ids as litellm writes them, with params."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opro_action.suite.promptfoo.families import FAMILIES, NOT_CHAT, NOT_MODELS, Family
from opro_action.suite.promptfoo.part import Part, located
from opro_action.suite.promptfoo.transforms import TRY_PARSE, checked_transform
from opro_action.suite.specs import checked_model
from opro_action.suite.suite import ModelSpec
from opro_action.suite.wording import did_you_mean, quoted

ECHO = "echo"
_KEYS = ("id", "label", "config", "prompts", "transform", "delay", "env")
_SAME = (
    "temperature", "max_tokens", "max_completion_tokens", "top_p", "top_k", "min_p", "frequency_penalty",
    "presence_penalty", "seed", "stop", "reasoning_effort", "verbosity", "user", "service_tier", "organization",
    "thinking",
)  # fmt: skip
_RENAMED = {
    "apiBaseUrl": "api_base",
    "apiVersion": "api_version",
    "apiKeyEnvar": "api_key_env",
    "headers": "extra_headers",
    "maxOutputTokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "num_predict": "max_tokens",
    "num_ctx": "num_ctx",
    "projectId": "vertex_project",
    "stopSequences": "stop",
    "stop_sequences": "stop",
    "topK": "top_k",
    "topP": "top_p",
}
_OWN = (
    "apiHost", "apiKey", "region", "cost", "inputCost", "outputCost", "reasoning", "response_format", "omitDefaults",
)  # fmt: skip
_NUMBERS = frozenset(
    ("temperature", "max_tokens", "max_completion_tokens", "top_p", "top_k", "min_p", "frequency_penalty",
     "presence_penalty", "seed", "maxOutputTokens", "max_output_tokens", "num_predict", "num_ctx", "topK", "topP")
)  # fmt: skip
_MAY_BE_NEGATIVE = frozenset({"frequency_penalty", "presence_penalty", "seed", "num_predict"})
_STOPS = frozenset({"stop", "stopSequences", "stop_sequences"})
_MAPPINGS = frozenset({"headers", "thinking"})
_FROM_ENVIRONMENT = re.compile(r"\{\{\s*env\.(\w+)\s*\}\}|\$\{(\w+)\}")
_REASONING = re.compile(r"(?:.*/)?(?:o[134]\b|gpt-5)")


@dataclass(frozen=True)
class Provider:
    """A model to be tested. `transforms` change its answers before they are graded."""

    part: Part
    id: str
    label: str
    spec: ModelSpec
    prompts: tuple[str, ...] | None = None
    transforms: tuple[str, ...] = ()
    response_format: Mapping[str, Any] | None = None

    def matches(self, reference: str) -> bool:
        """Whether a `providers` filter of a test, or a grader that names a provider, means this one."""
        names = [name for name in (self.label, self.id) if name]
        if reference.endswith("*"):
            return any(name.startswith(reference[:-1]) for name in names)
        return any(name == reference or name.startswith(f"{reference}:") for name in names)


def read_providers(config: Part) -> list[Provider]:
    """Every provider of a configuration; raises FileError for the first that cannot be asked."""
    listed = config.get("providers") or config.get("targets")
    if listed is None:
        raise config.error("has no `providers`; add one, such as openai:gpt-4.1-mini")
    if config.get("providers") and config.get("targets"):
        raise config.of(config.value["targets"], "targets").error("`targets` is another name of `providers`; keep one")
    entries = listed.items() if isinstance(listed.value, list) else [listed]
    found: list[Provider] = []
    for entry in entries:
        loaded = entry.loaded() if _is_yaml(entry) else entry
        found += map(_provider, loaded.items() if isinstance(loaded.value, list) else [loaded])
    if not found:
        raise listed.error("`providers` is empty; add one, such as openai:gpt-4.1-mini")
    return found


def grader(part: Part, providers: Sequence[Provider], *, kind: str = "text") -> ModelSpec:
    """The model that an assertion's `provider` names: one of the configuration's, or a new one.

    A mapping of kinds of models gives the one for `kind`, text or embedding.
    """
    if isinstance(part.value, dict) and not {"id", "config"} & part.value.keys():
        entries = part.fields(("text", "embedding", "classification", "moderation"))
        if kind not in entries:
            raise part.error(f"`{part.key}` names no model of the kind `{kind}`; add it")
        part = entries[kind]
    if isinstance(part.value, str):
        known = next((provider for provider in providers if part.value in {provider.label, provider.id}), None)
        if known:
            return known.spec
    return _provider(part, embedding=kind == "embedding").spec


def _is_yaml(part: Part) -> bool:
    return isinstance(part.value, str) and part.value.endswith((".yaml", ".yml", ".json"))


def _provider(part: Part, *, embedding: bool = False) -> Provider:
    if isinstance(part.value, str):
        part = part.of(located({"id": part.value}, part.line), part.key)
    elif isinstance(part.value, dict) and "id" not in part.value and len(part.value) == 1:
        [(name, options)] = part.value.items()
        if isinstance(options.value, dict | None):
            fields_of = {"id": located(name, options.line), **(options.value or {})}
            part = part.of(options._replace(value=fields_of), part.key)
    fields = part.fields(_KEYS)
    if "id" not in fields:
        raise part.error("a provider needs an `id`, such as openai:gpt-4.1-mini; add it")
    if "env" in fields:
        raise fields["env"].error("`env` of a provider is not used; set the variables in the environment")
    name = fields["id"].text()
    family, model = _model(fields["id"], embedding=embedding)
    family = replace(family, usual={}) if embedding else family
    config = fields["config"].entries() if "config" in fields else {}
    spec, response_format = _spec(family, model, config, fields["id"])
    transforms: tuple[str, ...] = (TRY_PARSE,) if response_format and response_format["type"] == "json_schema" else ()
    if "transform" in fields:
        transforms += (checked_transform(fields["transform"]),)
    prompts = fields.get("prompts")
    return Provider(
        part=part,
        id=name,
        label=fields["label"].text() if "label" in fields else "",
        spec=spec,
        prompts=None if prompts is None else tuple(entry.text() for entry in prompts.items()),
        transforms=transforms,
        response_format=response_format,
    )


def _model(part: Part, *, embedding: bool) -> tuple[Family, str]:
    """The family of a provider's id, and the model as litellm names it."""
    name = part.text()
    if name == ECHO:
        return Family(""), ECHO
    first, _, rest = name.partition(":")
    for start, what in NOT_MODELS.items():
        if name == start or name.startswith((f"{start}:", f"{start}//")) or (start == "." and name.startswith("./")):
            raise part.error(f"the provider {quoted(name)} {what}; use a model")
    family = FAMILIES.get(first)
    if family is None or not rest:
        what = f"the provider {quoted(name)} is not known here"
        raise part.error(f"{what}; {did_you_mean(first, [ECHO, *FAMILIES])}, or litellm:MODEL for any other")
    kind, _, model = rest.partition(":")
    if embedding and kind in {"embedding", "embeddings"}:
        return family, f"{family.prefix}{model}"
    if kind in NOT_CHAT and kind not in family.kinds:
        raise part.error(f"the provider {quoted(name)} is no chat model, and only those are asked; name another")
    return family, f"{family.kinds[kind]}{model}" if kind in family.kinds and model else f"{family.prefix}{rest}"


def _spec(
    family: Family, model: str, config: Mapping[str, Part], part: Part
) -> tuple[ModelSpec, Mapping[str, Any] | None]:
    known = [*_SAME, *_RENAMED, *_OWN]
    for key, entry in config.items():
        if key not in known:
            what = f"`{key}` in the `config` of {quoted(part.text())} is not supported"
            raise entry.error(f"{what}; {did_you_mean(key, known)}")
    params: dict[str, Any] = {} if "omitDefaults" in config else _usual(family, model)
    if "max_completion_tokens" in config:
        params.pop("max_tokens", None)
    for key, entry in config.items():
        if key in _SAME or key in _RENAMED:
            params[_RENAMED.get(key, key)] = _sent(key, entry)
    params |= _places(family, config) | _price(config)
    effort = config["reasoning"].fields(("effort",)).get("effort") if "reasoning" in config else None
    if effort:
        params["reasoning_effort"] = effort.text()
    if "apiKey" in config:
        params |= _key(config["apiKey"])
    where = config.get("apiKey", part)
    return checked_model(model, params, where.error), _response_format(config.get("response_format"))


def _usual(family: Family, model: str) -> dict[str, Any]:
    return {} if family.sampled and _REASONING.match(model.partition("/")[2]) else dict(family.usual)


def _sent(key: str, entry: Part) -> Any:
    if _FROM_ENVIRONMENT.search(str(entry.plain)):
        raise entry.error(f"`{key}` comes from the environment, which is only read for `apiKey`; write the value")
    if key in _NUMBERS:
        return entry.plain if key in _MAY_BE_NEGATIVE and entry.number() < 0 else _from_zero(entry)
    if key in _MAPPINGS:
        return {name: part.plain for name, part in entry.entries().items()}
    if key in _STOPS and isinstance(entry.value, list):
        return [part.text() for part in entry.items()]
    return entry.text()


def _from_zero(entry: Part) -> Any:
    if entry.number() < 0:
        raise entry.wrong("a number from 0 on")
    return entry.plain


def _places(family: Family, config: Mapping[str, Part]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "apiHost" in config:
        host = _sent("apiHost", config["apiHost"])
        found["api_base"] = (host if "://" in host else f"https://{host}") + family.path
    if "region" in config:
        found[family.region] = _sent("region", config["region"])
    return found


def _price(config: Mapping[str, Part]) -> dict[str, Any]:
    """Dollars per token as dollars per million tokens."""
    both = config.get("cost")
    parts = {name: config.get(f"{name}Cost", both) for name in ("input", "output")}
    if not any(parts.values()):
        return {}
    return {"price": {name: (_from_zero(entry) if entry else 0) * 1e6 for name, entry in parts.items()}}


def _key(entry: Part) -> dict[str, Any]:
    """A key that stands in the environment under a name; checking the model refuses any other."""
    found = _FROM_ENVIRONMENT.fullmatch(entry.text().strip())
    return {"api_key_env": found.group(1) or found.group(2)} if found else {"api_key": entry.text()}


def _response_format(part: Part | None) -> Mapping[str, Any] | None:
    if part is None:
        return None
    value = part.loaded().plain
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "text":
        return None
    if kind == "json_object" or (kind == "json_schema" and isinstance(value.get("json_schema"), dict)):
        return dict(value)
    raise part.error("`response_format` has to be {type: json_object} or {type: json_schema, json_schema: {...}}")
