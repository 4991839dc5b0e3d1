"""What the user wrote, as values: a suite, its cases, its model, scorers, gate and search."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from opro_action.suite.prompt import Prompt


def content_digest(value: Any) -> str:
    """The SHA-256 of a JSON value, independent of the order of its keys, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Written(float):
    """A number that knows how it was written: 12.50 is that number, and as a text not 12.5."""

    def __new__(cls, value: float, source: str) -> Written:
        made = super().__new__(cls, value)
        made.source = source
        return made

    source: str

    def __reduce__(self) -> tuple[type[Written], tuple[float, str]]:
        return Written, (float(self), self.source)


@dataclass(frozen=True)
class Case:
    """One example. `vars` fill the prompt's placeholders; `input` is one of them when the case has one.

    `scorers` grade this case instead of the suite's, and `threshold` is the score from which the case has passed,
    instead of each scorer's own. With an `answer` no model is asked: it is what is graded.
    """

    id: str
    vars: Mapping[str, Any]
    expected: Any = None
    tags: tuple[str, ...] = ()
    must_pass: bool = False
    weight: float = 1.0
    path: Path | None = None
    line: int | None = None
    scorers: tuple[ScorerSpec, ...] = ()
    threshold: float | None = None
    answer: str | None = None

    @cached_property
    def digest(self) -> str:
        """Digest of what the model is asked and how it is graded: not of id, tags, weight or place."""
        content = {"vars": dict(self.vars), "expected": self.expected}
        if self.scorers:
            content["scorers"] = [scorer.as_json() for scorer in self.scorers]
        for name in ("threshold", "answer"):
            if getattr(self, name) is not None:
                content[name] = getattr(self, name)
        return content_digest(content)

    @cached_property
    def asked(self) -> str:
        """Digest of what the model is asked, or what stands for its answer: not of how that is graded."""
        return content_digest([dict(self.vars), self.answer])


@dataclass(frozen=True)
class ModelSpec:
    """A model as a suite names it. `params` are sent with each call, `api_base` among them when given.

    `api_key_env` names the environment variable with the key; `api_key` is a literal one, allowed for
    loopback only. `price` is (input, output) in dollars per million tokens, where the user stated it.
    """

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    api_key_env: str | None = None
    api_key: str | None = field(default=None, repr=False)
    price: tuple[float, float] | None = None

    @property
    def deterministic(self) -> bool:
        """Whether the same request may be expected to get the same answer."""
        return self.params.get("temperature") == 0

    def named(self, name: str) -> ModelSpec:
        """The model `name` with these settings, as far as they are not this very model's own.

        Another model has another price. It gets the key only where that goes to the same server: the `api_base`, which
        stays, or else that of the same provider.
        """
        if name == self.id:
            return self
        if self.params.get("api_base") or _provider(name) == _provider(self.id):
            return replace(self, id=name, price=None)
        return replace(self, id=name, price=None, api_key_env=None, api_key=None)


def _provider(model: str) -> str:
    """What tells where a model is asked by default; an id that holds an address, or names no provider, stands alone."""
    return model if "://" in model else model.partition("/")[0]


@dataclass(frozen=True)
class ScorerSpec:
    """A scorer with its options, its share of the case's score, and the score from which it has passed.

    `negated` is `not_` before its name. `label` stands for the name in reports. The scorer `set` has `parts`: their
    weighted mean is its score.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    threshold: float = 1.0
    negated: bool = False
    label: str = ""
    parts: tuple[ScorerSpec, ...] = ()

    @property
    def title(self) -> str:
        """What a report calls it."""
        return self.label or ("not_" if self.negated else "") + self.name

    def as_json(self) -> list[Any]:
        """All that decides a score, for a digest; the label does not."""
        found: list[Any] = [self.name, dict(self.options), self.weight, self.threshold]
        if self.negated or self.parts:
            found += [self.negated, [part.as_json() for part in self.parts]]
        return found


@dataclass(frozen=True)
class GateSpec:
    """When a change fails: the rules are in `opro_action.gate.judge`.

    `confirm` is how often differing cases are asked again before a change is claimed; None is once for a model whose
    answers vary by themselves, and never for others.
    """

    min_score: float | None = None
    max_drop: float = 0.02
    alpha: float = 0.05
    on_inconclusive: str = "pass"
    confirm: int | None = None


@dataclass(frozen=True)
class OptimizeSpec:
    """Bounds and settings of a search. `model` None means the task model writes the candidates.

    `max_calls` and `holdout` None leave them to the number of cases, `patience` None to the course of the search.
    `also` are paths of further suites of the same prompt, relative to the suite's folder, and `models` further task
    models: a winner must make none of them worse.
    """

    model: ModelSpec | None = None
    profile: str = "auto"
    steps: int = 8
    candidates: int = 8
    max_calls: int | None = None
    max_cost: float | None = None
    max_minutes: float = 30.0
    holdout: float | None = None
    selection: str = "auto"
    ways: tuple[str, ...] = ("rewrite", "repair", "edit", "restart", "shorten")
    show: tuple[str, ...] = ("trajectory", "exemplars", "failures", "unsolved", "rejections")
    context_tokens: int = 8000
    demos: int = 0
    also: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    seed: int = 0
    min_gain: float = 0.02
    target: float = 1.0
    patience: int | None = None
    max_length: int | None = None
    propose: str = "promising"


@dataclass(frozen=True)
class Suite:
    """A suite file, read and checked. `root` is the repository's folder; all paths lie within it.

    `judge` is the judge model, None for the task model. `response_format` is sent with each call to the task model.
    `notes` are what a reader of the file should be told: parts of another format that have no meaning here.
    `partial` says that only some of its cases were chosen for this run. `files` are all those that it was read from, as
    the repository names them; what a Python scorer opens or imports by itself is not among them.
    """

    name: str
    path: Path
    root: Path
    description: str
    prompt: Prompt
    model: ModelSpec
    scorers: tuple[ScorerSpec, ...]
    cases: tuple[Case, ...]
    repeats: int = 1
    gate: GateSpec = GateSpec()
    optimize: OptimizeSpec = OptimizeSpec()
    judge: ModelSpec | None = None
    response_format: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    partial: bool = False
    files: frozenset[str] = frozenset()

    @property
    def baseline_path(self) -> Path:
        return self.path.with_name(f"{self.name}.baseline.json")

    @property
    def history_path(self) -> Path:
        return self.path.with_name(f"{self.name}.history.jsonl")

    @property
    def part(self) -> str:
        """What tells it from the other suites of its file; "" when it is the only one."""
        return self.name.removeprefix(self.path.stem).lstrip(".")

    @property
    def title(self) -> str:
        """The suite as the command line takes it and reports call it: `FILE`, or `FILE#PART`."""
        return self.relative(self.path) + (f"#{self.part}" if self.part else "")

    def relative(self, path: Path) -> str:
        """`path` as the repository names it, with forward slashes."""
        return path.relative_to(self.root).as_posix()
