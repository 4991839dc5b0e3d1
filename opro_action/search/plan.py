"""The plan: the file that a search leaves for the step that opens the pull request, and all that step reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from opro_action.errors import FileError
from opro_action.suite.files import write_atomically
from opro_action.suite.schemas import checker

SCHEMA = "opro.plan/1"
_AGAIN = "write the plan again with `opro optimize`"


@dataclass(frozen=True)
class PlanFile:
    """A file as the proposal shall leave it.

    `before_sha256` is the digest of the bytes that the search read, None when the file did not exist.
    """

    path: str
    content: str
    before_sha256: str | None


@dataclass(frozen=True)
class Plan:
    """What to propose, with the evidence for it. `result` is the `opro.optimize/1` object; paths are the repository's.

    `history` is oldest first. Scores are in [0, 1].
    """

    name: str
    suite: str
    prompt: str
    description: str
    propose: Literal["pull-request", "draft", "none"]
    files: tuple[PlanFile, ...]
    result: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]]
    cases: Mapping[str, Any]
    made_with: Mapping[str, Any]

    @property
    def seed(self) -> Mapping[str, Any]:
        """The prompt that the file held: text, digest, search_score."""
        prompt: Mapping[str, Any] = self.result["seed_prompt"]
        return prompt

    @property
    def best(self) -> Mapping[str, Any]:
        """The prompt that is proposed: text, digest, search_score, holdout_score."""
        prompt: Mapping[str, Any] = self.result["best"]
        return prompt

    @property
    def evidence(self) -> str:
        return str(self.result["evidence"])


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as the JSON object `opro.plan/1`."""
    return {"schema": SCHEMA, **asdict(plan)}


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan so that a reader sees all of it or nothing."""
    write_atomically(path, json.dumps(plan_json(plan), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_plan(path: Path) -> Plan:
    """Read a plan and check it against its schema; raises FileError with one sentence for whatever is wrong."""
    value = _loaded(path)
    _check(path, value)
    del value["schema"]
    files = tuple(PlanFile(**file) for file in value.pop("files"))
    return Plan(files=files, **value)


def _loaded(path: Path) -> Any:
    try:
        value = json.loads(path.read_bytes().decode(), parse_constant=_not_json)
        json.dumps(value, ensure_ascii=False).encode()
    except OSError as error:
        raise FileError(path, None, f"the plan cannot be read ({error.strerror}); {_AGAIN}.") from error
    except RecursionError as error:
        raise FileError(path, None, f"the plan is nested too deeply; {_AGAIN}.") from error
    except json.JSONDecodeError as error:
        raise FileError(path, error.lineno, f"the plan is not JSON ({error.msg}); {_AGAIN}.") from error
    except ValueError as error:
        raise FileError(path, None, f"the plan is not JSON in UTF-8 ({_clipped(str(error))}); {_AGAIN}.") from error
    return value


def _check(path: Path, value: Any) -> None:
    problem = checker("plan")(value)
    if problem is not None:
        raise FileError(path, None, f"the plan is damaged: {_clipped(problem.sentence.split(';')[0])}; {_AGAIN}.")


def _clipped(text: str) -> str:
    return text if len(text) <= 160 else text[:159] + "…"


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
