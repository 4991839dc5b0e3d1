"""The assertions of promptfoo as scorers: each rendered for one case, and what cannot be run refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opro_action.suite.promptfoo.expected import python_code, value_of
from opro_action.suite.promptfoo.grading import embedding_options, judge_options
from opro_action.suite.promptfoo.kinds import JUDGES, KINDS, why_not
from opro_action.suite.promptfoo.part import Part
from opro_action.suite.promptfoo.providers import ECHO, Provider
from opro_action.suite.promptfoo.template import render
from opro_action.suite.promptfoo.transforms import checked_transform
from opro_action.suite.suite import ScorerSpec
from opro_action.suite.wording import did_you_mean, quoted

VARS = "promptfoo_vars"
"""The part of a `python` scorer that holds the vars as they are written; a case has them as its prompt shows them."""

_KEYS = ("type", "value", "threshold", "weight", "metric", "provider", "rubricPrompt", "transform", "config")
_SET_KEYS = ("type", "assert", "threshold", "weight", "metric", "config")
_NOT = "not-"
_NEEDS_THRESHOLD = {"cost": "dollars", "latency": "milliseconds"}


@dataclass(frozen=True)
class Setting:
    """What the assertions of one case are read with: its vars, the test's options, and the provider under test."""

    values: Mapping[str, Any]
    options: Mapping[str, Part]
    provider: Provider
    providers: Sequence[Provider]


def scorers_of(asserts: Sequence[Part], setting: Setting) -> tuple[ScorerSpec, ...]:
    """The scorers of one case; raises FileError for the first assertion that cannot be run."""
    specs = tuple(_spec(part, setting) for part in asserts)
    if not specs:
        return (ScorerSpec("promptfoo_set", label="no assertions"),)
    if any(spec.weight for spec in specs):
        return specs
    # Without any weight nothing counts, and the score is 0 though all may have passed: one set can say both.
    return (ScorerSpec("promptfoo_set", label="weight 0", parts=specs),)


def _spec(part: Part, setting: Setting) -> ScorerSpec:
    kind = part.get("type")
    if kind is None:
        unresolved = part.get("$ref")
        if unresolved:
            raise unresolved.error(f"`$ref: {unresolved.value}` points at nothing in this file; correct it")
        raise part.error("an assertion needs a `type`; add it")
    return _set(part, setting) if kind.text() == "assert-set" else _assertion(part, kind, setting)


def _set(part: Part, setting: Setting) -> ScorerSpec:
    fields = part.fields(_SET_KEYS)
    if "assert" not in fields or not fields["assert"].items():
        raise part.error("`assert-set` needs `assert`, a list of assertions; add it")
    for entry in fields["assert"].items():
        kind = entry.get("type")
        if kind and kind.value == "assert-set":
            raise kind.error("an `assert-set` may not stand in another; write its assertions into the outer one")
    options = {"threshold": fields["threshold"].number()} if "threshold" in fields else {}
    parts = tuple(_spec(entry, setting) for entry in fields["assert"].items())
    label = _label(fields, "assert-set", setting)
    return ScorerSpec("promptfoo_set", options, _weight(fields), label=label, parts=parts)


def _assertion(part: Part, kind: Part, setting: Setting) -> ScorerSpec:
    written = kind.text()
    base = written.removeprefix(_NOT)
    reason = why_not(base)
    if reason is not None:
        known = [*KINDS, "assert-set"]
        raise kind.error(f"the assertion {quoted(written)} {reason or f'is unknown; {did_you_mean(base, known)}'}")
    contextual = part.get("contextTransform")
    if contextual:
        raise contextual.error("`contextTransform` is JavaScript, which is not run; remove it")
    fields = part.fields(_KEYS)
    options: dict[str, Any] = {"type": written, **_own_options(base, part, fields, setting)}
    if "threshold" in fields:
        options["threshold"] = fields["threshold"].number()
    elif base in _NEEDS_THRESHOLD:
        raise part.error(f"`{base}` needs a `threshold`, in {_NEEDS_THRESHOLD[base]}; add it")
    transforms = _transforms(fields, setting)
    if transforms:
        options["transform"] = transforms
    # Beside the options, which are code that a pull request's base has to vouch for: vars are data.
    parts = (ScorerSpec(VARS, {"vars": dict(setting.values)}, 0.0),) if base == "python" else ()
    return ScorerSpec(_scorer(base), options, _weight(fields), label=_label(fields, written, setting), parts=parts)


def _scorer(base: str) -> str:
    if base in JUDGES:
        return "promptfoo_judge"
    if base == "python":
        return "promptfoo_python"
    return "promptfoo_similar" if base.startswith("similar") else "promptfoo"


def _own_options(base: str, part: Part, fields: Mapping[str, Part], setting: Setting) -> dict[str, Any]:
    """What the type needs to know: its value, code, or model."""
    if base == "python":
        if "value" not in fields:
            raise part.error("`python` needs a `value`: an expression, or file://name.py; add it")
        config = {"config": fields["config"].plain} if "config" in fields else {}
        return {**python_code(fields["value"], setting.values), **config}
    value = value_of(base, part, setting.values)
    options = {} if value is None else {"value": value}
    if base in JUDGES:
        found = {**options, **judge_options(base, part, setting.values, setting.options, setting.providers)}
        if "model" not in found and setting.provider.spec.id == ECHO:
            raise part.error(f"`{base}` has no model to ask; name one as `provider` under `defaultTest.options`")
        return found
    if base.startswith("similar"):
        return {**options, **embedding_options(part, setting.options, setting.providers)}
    if base == "cost":
        price = setting.provider.spec.price
        return {"priced_as": setting.provider.spec.id, **({"price": list(price)} if price else {})}
    return options


def _transforms(fields: Mapping[str, Part], setting: Setting) -> list[str]:
    """The provider's, the test's and the assertion's, in the order in which they are applied."""
    of_test = setting.options.get("transform") or setting.options.get("postprocess")
    own = [checked_transform(part) for part in (of_test, fields.get("transform")) if part is not None]
    return [*setting.provider.transforms, *own]


def _weight(fields: Mapping[str, Part]) -> float:
    if "weight" not in fields:
        return 1.0
    weight = float(fields["weight"].number())
    if weight < 0:
        raise fields["weight"].error("`weight` may not be below 0; correct it")
    return weight


def _label(fields: Mapping[str, Part], written: str, setting: Setting) -> str:
    return (render(fields["metric"], setting.values) if "metric" in fields else "") or written
