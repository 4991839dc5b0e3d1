"""Findings on the models a suite names: a key, an extra or a price that is missing, seen without any call."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opro_action.doctor.finding import Finding, Severity, line_of
from opro_action.errors import OproError, UsageError
from opro_action.models.connect import SERVERS, backend_for
from opro_action.models.embedding import is_embedding
from opro_action.models.keys import key_in, remedy_for
from opro_action.models.litellm_model import is_loopback, load_litellm, missing_keys
from opro_action.models.local_model import weights_file
from opro_action.models.minilm import MiniLM
from opro_action.models.model import Role
from opro_action.models.prices import check_price
from opro_action.suite.suite import ModelSpec, Suite

_USUAL = frozenset({"anthropic", "deepseek", "groq", "mistral", "openai", "openrouter", "xai"})
"""Providers whose key litellm takes from `<PROVIDER>_API_KEY`: it need not be imported, for 3 s, to say so."""

_INSTEAD = {"anthropic": "ANTHROPIC_AUTH_TOKEN"}
"""What may hold a key in its place."""


@dataclass(frozen=True)
class Missing:
    """A model that cannot be asked: what is missing, and what to do."""

    role: Role
    spec: ModelSpec
    what: str
    remedy: str


def model_findings(
    suite: Suite,
    judges: Sequence[ModelSpec],
    *,
    severity: Severity = "warning",
    environment: Mapping[str, str] = os.environ,
) -> list[Finding]:
    """What is missing, each thing once; `judges` are the models that scorers ask.

    `severity` is that of a task or judge model that cannot be asked; of the optimizer model it is at most a warning.
    """
    needed = _needed(suite, judges)
    found = [missing for role, spec in needed if (missing := missing_for(role, spec, environment))]
    remedies = dict.fromkeys(missing.remedy for missing in found)
    groups = [[missing for missing in found if missing.remedy == remedy] for remedy in remedies]
    return [*(_finding(suite, group, severity) for group in groups), *_price_findings(suite)]


def missing_for(role: Role, spec: ModelSpec, environment: Mapping[str, str] = os.environ) -> Missing | None:
    """What a model lacks to be asked, as far as can be told without a call; None for nothing."""
    if spec.id.startswith("local/"):
        return _missing_weights(role, spec)
    names = _missing_keys(role, spec, environment)
    if not names:
        return None
    remedy = remedy_for(names)
    return Missing(role, spec, "no key", f"{remedy[:1].upper()}{remedy[1:]}")


def _needed(suite: Suite, judges: Sequence[ModelSpec]) -> list[tuple[Role, ModelSpec]]:
    found: list[tuple[Role, ModelSpec]] = [("task", suite.model)]
    # The task model as its own judge has other parameters, and the same key.
    found += [("judge", spec) for spec in judges if spec.id != suite.model.id]
    if suite.optimize.model:
        found.append(("optimizer", suite.optimize.model))
    return found


def _finding(suite: Suite, group: Sequence[Missing], severity: Severity) -> Finding:
    models = " and ".join(f"the {missing.role} model {missing.spec.id}" for missing in group)
    what = f"There is {group[0].what} for {models}."
    if all(missing.role == "optimizer" for missing in group):
        return Finding(severity, "optimizer-unavailable", what, group[0].remedy, suite.path, line_of(suite, "optimize"))
    line = line_of(suite, "model", "providers", "judge")
    return Finding(severity, "model-unavailable", what, group[0].remedy, suite.path, line)


def _missing_weights(role: Role, spec: ModelSpec) -> Missing | None:
    try:
        if is_embedding(spec):
            MiniLM.load()
            return None
        backend_for(spec)
        weights_file(spec.id)
    except OproError as error:
        what, _, remedy = str(error).partition(": ")
        return Missing(role, spec, f"nothing to run ({what})", f"{remedy[:1].upper()}{remedy[1:]}")
    if importlib.util.find_spec("xllamacpp") is None:
        return Missing(role, spec, "no engine", "Run `pip install 'opro-action[local]'`.")
    return None


def _missing_keys(role: Role, spec: ModelSpec, environment: Mapping[str, str]) -> list[str]:
    if spec.api_key_env:
        return [] if key_in(environment, spec.api_key_env) else [spec.api_key_env]
    if spec.api_key or is_loopback(spec.params.get("api_base") or environment.get(SERVERS.get(role, ""))):
        return []
    if spec.id == "echo":
        return []
    provider = spec.id.partition("/")[0]
    usual = f"{provider.upper()}_API_KEY"
    if provider in _USUAL:
        return [] if any(key_in(environment, name) for name in (usual, _INSTEAD.get(provider, usual))) else [usual]
    return missing_keys(load_litellm(), spec.id)


def _price_findings(suite: Suite) -> list[Finding]:
    if suite.optimize.max_cost is None:
        return []
    try:
        for spec in (suite.model, suite.optimize.model or suite.model):
            check_price(spec)
    except UsageError as error:
        what, _, remedy = str(error).partition(": ")
        line = line_of(suite, "optimize")
        return [Finding("warning", "no-price", f"{what}.", f"{remedy[:1].upper()}{remedy[1:]}", suite.path, line)]
    return []
