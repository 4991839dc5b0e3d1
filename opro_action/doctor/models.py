"""Findings on the models a suite names: a key, an extra or a price that is missing, seen without any call."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass

from opro_action.doctor.finding import Finding, Severity, line_of
from opro_action.errors import OproError, UsageError
from opro_action.models.connect import SERVERS, backend_for
from opro_action.models.keys import api_key
from opro_action.models.litellm_model import is_loopback, load_litellm
from opro_action.models.local_model import weights_file
from opro_action.models.model import Role
from opro_action.models.prices import check_price
from opro_action.suite.suite import ModelSpec, Suite

_KEYS: Mapping[Role, tuple[str, ...]] = {
    "task": ("model", "providers"),
    "optimizer": ("optimize", "model"),
    "judge": ("judge", "evaluators", "model"),
}


@dataclass(frozen=True)
class Needed:
    """A model that the suite needs, and what for."""

    role: Role
    spec: ModelSpec


def model_findings(
    suite: Suite, *, judged: bool, severity: Severity = "warning", environment: Mapping[str, str] = os.environ
) -> list[Finding]:
    """Each missing key or extra once; `judged` says whether the scorers ask a model."""
    found: dict[str, Finding] = {}
    for needed in _needed(suite, judged=judged):
        missing = why_unavailable(needed.spec, needed.role, environment)
        if missing and missing not in found:
            what = f"The {needed.role} model cannot be asked: {missing}"
            remedy = "Do that before `opro check` or `opro optimize`; `--no-calls` looks at the rest without it."
            line = line_of(suite, *_KEYS[needed.role])
            found[missing] = Finding(severity, "model-unavailable", what, remedy, suite.path, line)
    return [*found.values(), *_price_findings(suite)]


def why_unavailable(spec: ModelSpec, role: Role, environment: Mapping[str, str] = os.environ) -> str | None:
    """A sentence on what is missing and how to get it; None when nothing is, as far as can be told without a call."""
    try:
        if spec.id.startswith("local/"):
            return _missing_extra(spec)
        return _missing_key(spec, role, environment)
    except OproError as error:
        return str(error)


def _needed(suite: Suite, *, judged: bool) -> list[Needed]:
    needed = [Needed("task", suite.model)]
    if judged and suite.judge:
        needed.append(Needed("judge", suite.judge))
    if suite.optimize.model:
        needed.append(Needed("optimizer", suite.optimize.model))
    return needed


def _missing_extra(spec: ModelSpec) -> str | None:
    backend_for(spec)
    weights_file(spec.id)
    if importlib.util.find_spec("xllamacpp") is None:
        return f"{spec.id} needs an extra: run `pip install 'opro-action[local]'`."
    return None


def _missing_key(spec: ModelSpec, role: Role, environment: Mapping[str, str]) -> str | None:
    if api_key(spec, environment):
        return None
    base = spec.params.get("api_base") or environment.get(SERVERS.get(role, ""))
    provider = spec.id.partition("/")[0].upper()
    # litellm takes 3 s to import, and for most providers this is the name it would look for.
    if is_loopback(base) or environment.get(f"{provider}_API_KEY"):
        return None
    missing = load_litellm().validate_environment(spec.id)["missing_keys"]
    if not missing:
        return None
    return f"there is no key for {spec.id}; set the environment variable {' and '.join(missing)}, or `api_key_env`."


def _price_findings(suite: Suite) -> list[Finding]:
    if suite.optimize.max_cost is None:
        return []
    try:
        for spec in (suite.model, suite.optimize.model or suite.model):
            check_price(spec)
    except UsageError as error:
        what = f"`opro optimize` will refuse to start. {error}"
        return [Finding("warning", "no-price", what, "See above.", suite.path, line_of(suite, "optimize"))]
    return []
