"""The models, gate and search of a suite, from mappings that fit the schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from opro_action.errors import FileError
from opro_action.suite.suite import GateSpec, ModelSpec, OptimizeSpec

# What a message needs to name a place in the suite file: the path to it and what is wrong there.
Refuse = Callable[[Sequence[str | int], str], FileError]

_LIFTED = ("api_key", "api_key_env", "price")
_LOOPBACK = re.compile(r"localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1")


def task_model(fields: Mapping[str, Any], refuse: Refuse) -> ModelSpec:
    """The model that runs the prompt."""
    return checked_model(fields["model"], fields.get("params", {}), lambda what: refuse(["params", "api_key"], what))


def judge_of(fields: Mapping[str, Any], refuse: Refuse) -> ModelSpec | None:
    """The judge model; None leaves it to the task model."""
    judge = fields.get("judge")
    if judge is None:
        return None
    place = ["judge", "params", "api_key"]
    return checked_model(judge["model"], judge.get("params", {}), lambda what: refuse(place, what))


def optimize_of(fields: Mapping[str, Any], task: ModelSpec, refuse: Refuse) -> OptimizeSpec:
    """Bounds and settings of the search. `params` without a `model` are the task model's, which stays where it is."""
    settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    if settings.get("holdout") == "auto":
        del settings["holdout"]
    model, params = settings.pop("model", None), settings.pop("params", None)
    if model is None and params is None:
        return OptimizeSpec(**_numbers(settings))
    spec = checked_model(model or task.id, params or {}, lambda what: refuse(["optimize", "params", "api_key"], what))
    if model is None:
        spec = _at_the_place_of(task, spec)
    return OptimizeSpec(model=spec, **_numbers(settings))


def gate_of(fields: Mapping[str, Any]) -> GateSpec:
    """When a change fails."""
    return GateSpec(**_numbers(fields))


def checked_model(name: str, params: Mapping[str, Any], refuse: Callable[[str], FileError]) -> ModelSpec:
    """The model `name` with `params` as a user writes them; raises what `refuse` makes of a forbidden key."""
    if "api_key" in params and not _on_loopback(params.get("api_base", "")):
        raise refuse(
            "a literal `api_key` may only go to an `api_base` on loopback; "
            "name an environment variable with `api_key_env` instead"
        )
    return model_of(name, params)


def model_of(name: str, params: Mapping[str, Any]) -> ModelSpec:
    """The model `name`, with what is not sent taken out of `params`: the key's name, a literal key, the price."""
    sent = {key: value for key, value in params.items() if key not in _LIFTED}
    price = params.get("price")
    return ModelSpec(
        id=name,
        params=sent,
        api_key_env=params.get("api_key_env"),
        api_key=params.get("api_key"),
        price=(float(price["input"]), float(price["output"])) if price else None,
    )


def _at_the_place_of(task: ModelSpec, spec: ModelSpec) -> ModelSpec:
    if "api_base" in spec.params:
        return replace(spec, price=spec.price or task.price)
    place = {"api_base": task.params["api_base"]} if "api_base" in task.params else {}
    return ModelSpec(
        id=task.id,
        params={**place, **spec.params},
        api_key_env=spec.api_key_env or task.api_key_env,
        api_key=spec.api_key or task.api_key,
        price=spec.price or task.price,
    )


def _on_loopback(url: str) -> bool:
    try:
        return bool(_LOOPBACK.fullmatch(urlsplit(url).hostname or ""))
    except ValueError:
        return False


def _numbers(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which a number without a fraction is an int: JSON Schema takes 8.0 for a whole number."""
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value for key, value in settings.items()
    }
