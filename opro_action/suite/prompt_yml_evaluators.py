"""The `evaluators` of a `.prompt.yml` as scorers: string operators, judges with choices, and built-in rubrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.located import Located
from opro_action.suite.suite import ScorerSpec
from opro_action.suite.wording import described, listed, quoted

# The path to a place in the file and what is wrong there.
Refuse = Callable[[Sequence[str | int], str], FileError]

_KINDS = ("string", "llm", "uses")
_ENOUGH = 0.75
_COMPLETION = re.compile(r"\{\{completion\}\}")


def check_evaluators(value: Any, refuse: Refuse) -> None:
    """Raises FileError for an evaluator that is not just one, before the schema could only count its keys."""
    for number, entry in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(entry, dict):
            continue
        at: list[str | int] = ["evaluators", number]
        kinds = [kind for kind in _KINDS if kind in entry]
        if len(kinds) > 1:
            raise refuse([*at, kinds[1]], f"an evaluator is one of {listed(_KINDS)}, not two; write one for each")
        if not kinds and entry.keys() <= {"name", "threshold"}:
            raise refuse(at, f"an evaluator needs one of {listed(_KINDS)}; add it")
        operators = entry.get("string")
        if isinstance(operators, dict) and len(operators) > 1:
            what = f"has one operator, but {listed(list(operators))} stand together; write an evaluator for each"
            raise refuse([*at, "string"], f"a string evaluator {what}")
        if "string" in entry and "threshold" in entry:
            raise refuse([*at, "threshold"], "a string evaluator passes or fails, without a `threshold`; leave it out")


def scorers_of(node: Located, refuse: Refuse) -> tuple[ScorerSpec, ...]:
    """A scorer for each evaluator; `node` fits the schema, and what was written as a word is taken as the word."""
    return tuple(_scorer(entry, ["evaluators", number], refuse) for number, entry in enumerate(node.value))


def _scorer(entry: Located, at: list[str | int], refuse: Refuse) -> ScorerSpec:
    fields: Mapping[str, Any] = entry.plain
    label = fields.get("name", "")
    if "string" in fields:
        [(operator, text)] = entry.value["string"].value.items()
        return ScorerSpec("prompt_yml_string", {operator: text.source}, label=label)
    if "uses" in fields:
        threshold = float(fields.get("threshold", _ENOUGH))
        return ScorerSpec("prompt_yml_uses", {"uses": fields["uses"]}, threshold=threshold, label=label)
    llm = entry.value["llm"].value
    choices = _choices(llm["choices"], [*at, "llm", "choices"], refuse)
    if not _COMPLETION.search(fields["llm"]["prompt"]):
        what = "`prompt` has no `{{completion}}`, so that the judge would not see the answer; add it"
        raise refuse([*at, "llm", "prompt"], what)
    # `model`, as in other scorers: what is trusted in a pull request is looked for under that name.
    names = {"modelId": "model", "systemPrompt": "system", "prompt": "prompt"}
    options = {name: fields["llm"][key] for key, name in names.items() if key in fields["llm"]}
    threshold = float(fields.get("threshold", max(choices.values())))
    return ScorerSpec("prompt_yml_llm", {**options, "choices": choices}, threshold=threshold, label=label)


def _choices(node: Located, at: Sequence[str | int], refuse: Refuse) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, entry in enumerate(node.value):
        choice = entry.value["choice"].source
        if not choice.strip():
            raise refuse([*at, number], f"a choice has to be a word, not {described(choice)}; write one")
        if choice.strip().casefold() in {other.strip().casefold() for other in found}:
            raise refuse([*at, number], f"the choice {quoted(choice)} stands twice; keep one")
        found[choice] = float(entry.value["score"].value)
    if max(found.values()) <= 0:
        raise refuse(at, "no choice has a score above 0, so that no answer could pass; give the best one 1")
    return found
