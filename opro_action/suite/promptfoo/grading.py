"""The models that grade: which one an assertion asks, and the prompt it is given when the file has its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opro_action.suite.promptfoo.part import Part, located
from opro_action.suite.promptfoo.providers import Provider, grader
from opro_action.suite.promptfoo.template import MARK, as_json, check_template, look_up, said
from opro_action.suite.sources import read_text
from opro_action.suite.suite import ModelSpec

USUAL_EMBEDDING = "openai/text-embedding-3-large"
"""What promptfoo asks for `similar` when the configuration names no model."""

_ANSWER = frozenset(("output", "completion"))
_INPUT = frozenset(("input", "prompt"))
_SCORES = ("subset", "superset", "agree", "disagree", "differButFactual")


def judge_options(
    base: str, part: Part, values: Mapping[str, Any], test: Mapping[str, Part], providers: Sequence[Provider]
) -> dict[str, Any]:
    """The judge's model where one is named, its own prompt, and the scores of a factuality check."""
    named, own = part.get("provider") or test.get("provider"), part.get("rubricPrompt") or test.get("rubricPrompt")
    options = _model_options(grader(named, providers)) if named else {}
    if own is not None:
        if base == "g-eval":
            raise own.error("`rubricPrompt` for `g-eval` is not supported; use `llm-rubric`, or remove it")
        options["prompt"] = _prompt(own, values)
    elif part.get("value") is None:
        raise part.error(f"`{base}` needs a `value`, what the answer has to meet; add it")
    factuality = test.get("factuality")
    if base.endswith("factuality") and factuality:
        options["scores"] = {key: entry.number() for key, entry in factuality.fields(_SCORES).items()}
    return options


def embedding_options(part: Part, test: Mapping[str, Part], providers: Sequence[Provider]) -> dict[str, Any]:
    """The embedding model: the assertion's or the test's, else the one that promptfoo asks."""
    named = part.get("provider")
    shared = test.get("provider")
    if named is None and shared is not None and isinstance(shared.value, dict) and "embedding" in shared.value:
        named = shared
    if named is None:
        return {"model": USUAL_EMBEDDING}
    return _model_options(grader(named, providers, kind="embedding"))


def _model_options(spec: ModelSpec) -> dict[str, Any]:
    """A model as the options of a scorer name it."""
    params = dict(spec.params)
    if spec.api_key_env:
        params["api_key_env"] = spec.api_key_env
    if spec.api_key:
        params["api_key"] = spec.api_key
    if spec.price:
        params["price"] = {"input": spec.price[0], "output": spec.price[1]}
    return {"model": spec.id, "params": params}


def _prompt(part: Part, values: Mapping[str, Any]) -> list[list[Any]]:
    """A prompt for the judge as messages of [role, pieces]: a piece is a text, or the name of what is put in later."""
    name = part.named_file()
    if name is not None and name.endswith((".txt", ".md")):
        path = part.file(name)
        part = Part(located(read_text(path), 1), path, part.root, part.base, part.key)
    elif name is not None:
        part = part.loaded()
    value = part.plain
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return [["user", _pieces(value, part, values)]]
    if not isinstance(value, list) or not all(map(_is_message, value)):
        raise part.error("`rubricPrompt` has to be a text, or a list of messages with `role` and `content`; correct it")
    return [[message["role"], _pieces(message["content"], part, values)] for message in value]


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("role", "content"))


def _pieces(text: str, part: Part, values: Mapping[str, Any]) -> list[Any]:
    """A template in pieces; `{"put": name}` stands for the answer, the prompt, or what the assertion expects."""
    check_template(text, part)
    pieces: list[Any] = []
    at = 0
    for mark in MARK.finditer(text):
        pieces.append(text[at : mark.start()])
        at = mark.end()
        pieces.append(_piece(mark.group(1), part, values))
    pieces.append(text[at:])
    return [piece for piece in pieces if piece != ""]


def _piece(name: str, part: Part, values: Mapping[str, Any]) -> Any:
    if name in _ANSWER:
        return {"put": "answer"}
    if name in {"rubric", "criteria", "ideal"}:
        return {"put": "value"}
    if name in _INPUT and name not in values:
        return {"put": "prompt"}
    found = look_up(values, name)
    return as_json(found) if isinstance(found, dict | list) else said(found, name, part)
