"""What the tests are built from: prompts, suites and cases as files in a temporary folder, and as values."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from opro_action.models.model import Completion
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers import grade, grade_all
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import Case, ScorerSpec, Suite

PROMPT = "Name the team that answers the ticket: billing, bug or feature.\n"
CASES: tuple[dict[str, Any], ...] = (
    {"id": "refund", "input": "I was charged twice", "expected": "billing"},
    {"id": "crash", "input": "It crashes on start", "expected": "bug"},
)


def write_suite(folder: Path, *, name: str = "routing", prompt: str = PROMPT, **keys: Any) -> Path:
    """Write `prompts/<name>.md` and `evals/<name>.yaml`; `keys` replace those of the suite, None takes one out."""
    defaults: dict[str, Any] = {
        "prompt": f"../prompts/{name}.md",
        "model": "scripted/test",
        "scorers": "exact",
        "cases": list(CASES),
    }
    fields = {key: value for key, value in {**defaults, **keys}.items() if value is not None}
    write(folder / "prompts" / f"{name}.md", prompt)
    return write(folder / "evals" / f"{name}.yaml", yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))


def make_suite(folder: Path, **keys: Any) -> Suite:
    """The suite that `write_suite` writes, read; `folder` is its repository."""
    return read_suite(write_suite(folder, **keys), root=folder)


def write(path: Path, content: str | bytes) -> Path:
    """Write a file, folders included, byte by byte as given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def make_case(name: str = "refund", said: str = "I was charged twice", expected: Any = "billing", **keys: Any) -> Case:
    """A case as a value."""
    return Case(id=name, vars={"input": said}, expected=expected, **keys)


def make_cases(count: int, *, labels: Sequence[str] = ("billing", "bug", "feature")) -> tuple[Case, ...]:
    """Cases `case-0`, `case-1`, … whose expected answers go round the labels."""
    return tuple(make_case(f"case-{i}", f"ticket {i}", labels[i % len(labels)]) for i in range(count))


def graded(spec: ScorerSpec, case: Case, answer: str, tools: Tools | None = None) -> Grade:
    """The judgement of one scorer on an answer."""
    return asyncio.run(grade(spec, Asked(case, Completion(answer)), tools or Tools()))


def by(name: str, expected: Any, answer: str, **options: Any) -> Grade:
    """The judgement of the scorer `name` on an answer to a case that expects `expected`."""
    return graded(ScorerSpec(name, options), Case("c", {}, expected), answer)


def graded_by(
    specs: Sequence[ScorerSpec], case: Case, answer: str, tools: Tools | None = None
) -> tuple[float | None, bool, str]:
    """Score, whether it passed and the explanation of an answer under several scorers."""
    return asyncio.run(grade_all(specs, Asked(case, Completion(answer)), tools or Tools()))
