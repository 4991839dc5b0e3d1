"""What in a suite runs code or decides where keys and texts go, and which of it the base of a pull request vouches for.

The rule for whoever runs a suite of a pull request with secrets at hand: nothing that `untrusted_parts` names is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opro_action.errors import OproError
from opro_action.suite.specs import model_of
from opro_action.suite.suite import ModelSpec, ScorerSpec, Suite, content_digest
from opro_action.suite.tree import read_at, tree_at

_HARMLESS = frozenset(
    ("temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens", "seed", "stop", "n", "logprobs",
     "top_logprobs", "presence_penalty", "frequency_penalty", "reasoning_effort", "verbosity", "dimensions")
)  # fmt: skip
"""Parameters that shape an answer and nothing else. Any other may name a server, so only these go without trust."""


@dataclass(frozen=True)
class CodePart:
    """One part of a suite that has to be trusted: what it is, in words for a message, and the digest of all of it."""

    what: str
    digest: str


def code_parts(suite: Suite) -> tuple[CodePart, ...]:
    """The Python scorers of a suite and its cases, and the models with settings that say where a call or a key goes."""
    specs = [*_with_parts(suite.scorers), *(spec for case in suite.cases for spec in _with_parts(case.scorers))]
    models = [("model", suite.model), ("optimize.model", suite.optimize.model), ("judge", suite.judge)]
    models += [(f"optimize.models: {name}", suite.model.named(name)) for name in suite.optimize.models]
    judge = suite.judge or suite.model
    models += [(f"the model of {spec.title}", _own_model(spec.options, judge)) for spec in specs]
    parts = [_python_part(spec) for spec in specs if spec.name.endswith("python")]
    parts += [part for what, model in models if model for part in _model_parts(what, model)]
    return tuple(dict.fromkeys(parts))


def untrusted_parts(suite: Suite, base: str) -> tuple[CodePart, ...]:
    """The parts of `code_parts` that the same suite at the commit `base` does not have, to the letter.

    All of them when there is no such commit, or no such suite in it that can be read: what cannot be compared is not
    trusted. The scorer `python` runs a file only while its content is the one that was compared here.
    """
    parts = code_parts(suite)
    if not parts:
        return ()
    known = _parts_at(base, suite)
    return tuple(part for part in parts if part.digest not in known)


def _parts_at(base: str, suite: Suite) -> frozenset[str]:
    try:
        with tree_at(suite.root, base) as tree:
            suites = read_at(suite.relative(suite.path), tree)
            return frozenset(part.digest for known in suites for part in code_parts(known))
    except OproError:
        return frozenset()


def _with_parts(specs: Sequence[ScorerSpec]) -> Iterator[ScorerSpec]:
    for spec in specs:
        yield spec
        yield from _with_parts(spec.parts)


def _python_part(spec: ScorerSpec) -> CodePart:
    return CodePart(f"{spec.title}: {spec.options.get('function', 'code')}", content_digest([spec.name, spec.options]))


def _own_model(options: Mapping[str, Any], judge: ModelSpec) -> ModelSpec | None:
    """The model that a scorer asks by settings of its own; without a name these are added to those of the judge."""
    if "model" not in options and "params" not in options:
        return None
    own = model_of(str(options.get("model", judge.id)), options.get("params") or {})
    if "model" in options:
        return own
    return replace(own, params={**judge.params, **own.params}, api_key_env=own.api_key_env or judge.api_key_env)


def _model_parts(what: str, spec: ModelSpec) -> Iterator[CodePart]:
    """One part for all settings of a model, since a key and a server that are each known may not go together."""
    settings = {name: value for name, value in spec.params.items() if name not in _HARMLESS}
    if spec.api_key_env is not None:
        settings["api_key_env"] = spec.api_key_env
    if settings or "://" in spec.id:
        provider = spec.id if "://" in spec.id else spec.id.partition("/")[0]
        named = ", ".join(sorted(settings)) or spec.id
        yield CodePart(f"{what}: {named}", content_digest([provider, settings]))
