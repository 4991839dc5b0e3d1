"""The suite of a simulated task: as a value, and as the files of a repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from opro_action.suite.prompt import Prompt
from opro_action.suite.suite import Case, ModelSpec, OptimizeSpec, ScorerSpec, Suite
from opro_action.testing.vocabulary import INTRO, LABELS, items, rule_key
from opro_action.testing.world import World

DESCRIPTION = "Route a message to the team that answers it: billing, bug, feature or account."


def simulated_suite(world: World, *, cases: int = 60, placeholder: bool = False, **optimize: Any) -> Suite:
    """The suite of a world with its first `cases` messages; `optimize` are settings of the search.

    With `placeholder` the prompt holds {{input}}, else it is the system message.
    """
    root = Path("/simulated")
    spec = replace(OptimizeSpec(), model=ModelSpec("simulated/optimizer", {"temperature": 1.0}), **optimize)
    return Suite(
        name="simulated",
        path=root / "evals" / "simulated.yaml",
        root=root,
        description=DESCRIPTION,
        prompt=Prompt(root / "prompts" / "simulated.md", first_prompt(world, placeholder=placeholder)),
        model=ModelSpec("simulated/task", {"temperature": world.landscape.temperature}),
        scorers=(ScorerSpec("choice", {"of": list(LABELS)}),),
        cases=simulated_cases(world, cases),
        optimize=spec,
    )


def simulated_cases(world: World, count: int) -> tuple[Case, ...]:
    """The first messages of a world as cases; their ids hold their numbers."""
    tickets = [world.ticket(number) for number in range(count)]
    return tuple(Case(f"m{ticket.number:05}", {"input": ticket.text}, ticket.right) for ticket in tickets)


def number_of(case: Case) -> int:
    """The number of the message that a simulated case holds."""
    return int(case.id[1:])


def first_prompt(world: World, *, placeholder: bool = False) -> str:
    """The prompt that a search of this world starts from."""
    text = [INTRO[0]]
    harmful = [key for key, effect in world.habits.items() if effect < 0]
    helpful = [key for key, effect in world.habits.items() if effect > 0]
    if world.landscape.spoilt:
        text.append(items()[harmful[0]].wordings[0])
    if world.landscape.seeded:
        keys = ["format", *helpful, *(rule_key(kind.cue, kind.right) for kind in world.kinds)]
        text += [max(items()[key].wordings, key=world.strength) for key in keys]
    return " ".join(text) + ("\n\n{{input}}" if placeholder else "")


def write_repository(folder: Path, world: World, *, url: str, cases: int = 60, **optimize: Any) -> Path:
    """Write prompt and suite of a world into `folder`, for models that are served at `url`; the path of the suite."""
    suite = simulated_suite(world, cases=cases)
    place: Mapping[str, Any] = {"api_base": url, "api_key": "none"}
    fields = {
        "description": suite.description,
        "prompt": "../prompts/simulated.md",
        "model": "openai/task",
        "params": {**suite.model.params, **place},
        "scorers": {"choice": {"of": list(LABELS)}},
        "optimize": {"model": "openai/writer", "params": {"temperature": 1.0, **place}, **optimize},
        "cases": [{"id": case.id, "input": case.vars["input"], "expected": case.expected} for case in suite.cases],
    }
    path = folder / "evals" / "simulated.yaml"
    for file, text in (
        (folder / "prompts" / "simulated.md", suite.prompt.text + "\n"),
        (path, json.dumps(fields, indent=1)),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path
