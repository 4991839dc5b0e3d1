"""The parts of a suite that are not cases: its models, scorers, gate and search, from mappings that fit the schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from opro_action.errors import FileError
from opro_action.suite.schemas import schema
from opro_action.suite.suite import GateSpec, ModelSpec, OptimizeSpec, ScorerSpec
from opro_action.suite.wording import described, did_you_mean, listed, quoted

# What a message needs to name a place in the suite file: the path to it and what is wrong there.
Refuse = Callable[[Sequence[str | int], str], FileError]

_LATER = ("json_schema", "rubric", "similar", "python", "levenshtein", "rouge_l", "starts_with", "ends_with")
_LIFTED = ("api_key", "api_key_env", "price")
_LOOPBACK = re.compile(r"localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1")


def check_scorer_names(value: Any, refuse: Refuse) -> None:
    """Raises FileError for a scorer that is not there, before the schema could only call it an unknown key."""
    for at, entry in _entries(value):
        if isinstance(entry, dict) and len(entry) > 1:
            what = f"a scorer is one name, but {listed(list(entry))} stand together; indent the options under the name"
            raise refuse(at, what)
        if not isinstance(entry, dict | str):
            raise refuse(at, f"a scorer is a name, or a name with its options, not {described(entry)}; correct it")
        if entry == "choice":
            raise refuse(at, "scorer `choice` needs its options; write `choice: {of: [...]}`")
        for name in entry if isinstance(entry, dict) else [entry]:
            wrong = _wrong_with_scorer(name)
            if wrong:
                raise refuse(at, wrong)


def scorers_of(value: Any, refuse: Refuse) -> tuple[ScorerSpec, ...]:
    """The scorers under the key `scorers`."""
    specs = []
    for at, entry in _entries(value):
        spec = _scorer(entry)
        wrong = _wrong_with_pattern(spec.options.get("pattern", ""))
        if wrong:
            raise refuse([*at, spec.name, "pattern"], wrong)
        specs.append(spec)
    return tuple(specs)


def _entries(value: Any) -> list[tuple[list[str | int], Any]]:
    """Each scorer with its place."""
    if isinstance(value, list):
        return [(["scorers", index], entry) for index, entry in enumerate(value)]
    return [(["scorers"], value)]


def _wrong_with_scorer(name: str) -> str | None:
    known = list(schema("suite")["$defs"]["scorer_with_options"]["properties"])
    if name in known:
        return None
    if name in _LATER or name.startswith("not_"):
        return f"scorer {quoted(name)} is not available in this version; use one of {listed(known, 'or')}"
    return f"there is no scorer {quoted(name)}; {did_you_mean(name, known)}"


def _wrong_with_pattern(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"`pattern` is not a regular expression: {quoted(error)}; correct it"
    return None


def _scorer(entry: str | Mapping[str, Any]) -> ScorerSpec:
    if isinstance(entry, str):
        return ScorerSpec(entry)
    [(name, given)] = entry.items()
    options = dict(given or {})
    weight, threshold = options.pop("weight", 1), options.pop("threshold", 1)
    return ScorerSpec(name, options, float(weight), float(threshold))


def task_model(fields: Mapping[str, Any], refuse: Refuse) -> ModelSpec:
    """The model that runs the prompt."""
    return _model(fields["model"], fields.get("params", {}), lambda what: refuse(["params", "api_key"], what))


def optimize_of(fields: Mapping[str, Any], task: ModelSpec, refuse: Refuse) -> OptimizeSpec:
    """Bounds and settings of the search. `params` without a `model` are the task model's, which stays where it is."""
    settings = dict(fields)
    model, params = settings.pop("model", None), settings.pop("params", None)
    if model is None and params is None:
        return OptimizeSpec(**_numbers(settings))
    spec = _model(model or task.id, params or {}, lambda what: refuse(["optimize", "params", "api_key"], what))
    if model is None:
        spec = _at_the_place_of(task, spec)
    return OptimizeSpec(model=spec, **_numbers(settings))


def gate_of(fields: Mapping[str, Any]) -> GateSpec:
    """When a change fails."""
    return GateSpec(**_numbers(fields))


def _model(name: str, params: Mapping[str, Any], refuse: Callable[[str], FileError]) -> ModelSpec:
    sent = {key: value for key, value in params.items() if key not in _LIFTED}
    if "api_key" in params and not _on_loopback(sent.get("api_base", "")):
        raise refuse(
            "a literal `api_key` may only go to an `api_base` on loopback; "
            "name an environment variable with `api_key_env` instead"
        )
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
