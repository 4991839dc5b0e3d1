"""The folder that a run leaves for whoever publishes it: in the same job, or in another one by way of an artifact.

`check.json` is the result of a check, `plan-1.json` and so on the plans of searches, and `job.json` says how the run
ended, also one that was refused. Whoever reads it has a token that writes, so it is data of a stranger: each file is
held against its schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import FileError, UsageError
from opro_action.search.plan import Plan, read_plan
from opro_action.suite.schemas import checker

_MOST_PLANS = 20
_MOST_BYTES = 50_000_000
_MOST_WORDS = 2000
_MOST_WARNINGS = 20


@dataclass(frozen=True)
class Ended:
    """How a run ended: the exit code of what decided it, and its last words ("" when all went well).

    `commit` is the one that was checked out, `warnings` are sentences that belong to the result.
    """

    exit_code: int = 0
    words: str = ""
    commit: str = ""
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Results:
    """What a run left. `check` is the `opro.check/1` object, None without one."""

    ended: Ended = Ended()
    check: Mapping[str, Any] | None = None
    plans: Sequence[Plan] = ()


def write_ended(folder: Path, ended: Ended) -> None:
    """Say in the folder how the run ended."""
    (folder / "job.json").write_text(json.dumps(asdict(ended)) + "\n", "utf-8")


def read_results(folder: Path) -> Results:
    """What lies in the folder; raises UsageError with one sentence for whatever is not as a run leaves it."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder; download the artifact of the job that ran `opro` first.")
    for path in folder.iterdir():
        if path.is_symlink() or (path.is_file() and path.stat().st_size > _MOST_BYTES):
            raise UsageError(f"{path}: is a link or over 50 MB, which no run leaves; nothing was done.")
    plans = sorted(folder.glob("plan-*.json"))
    if len(plans) > _MOST_PLANS:
        raise UsageError(f"{folder}: holds {len(plans)} plans, and at most {_MOST_PLANS} are taken; nothing was done.")
    check = folder / "check.json"
    return Results(
        ended=_ended(folder / "job.json"),
        check=_checked(check) if check.is_file() else None,
        plans=tuple(read_plan(path) for path in plans),
    )


def _ended(path: Path) -> Ended:
    value = _json(path)
    if not isinstance(value, dict) or not isinstance(value.get("exit_code"), int):
        raise FileError(path, None, "does not say how the run ended; run the action again.")
    warnings = value.get("warnings")
    return Ended(
        value["exit_code"],
        str(value.get("words", ""))[:_MOST_WORDS],
        str(value.get("commit", "")),
        tuple(map(str, warnings[:_MOST_WARNINGS])) if isinstance(warnings, list) else (),
    )


def _checked(path: Path) -> Mapping[str, Any]:
    value = _json(path)
    problem = checker("result", "check")(value)
    if problem is not None:
        raise FileError(path, None, f"is no result of `opro check`: {problem.sentence[:200]}")
    found: Mapping[str, Any] = value
    return found


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise FileError(path, None, f"cannot be read ({error.strerror}); run the action again.") from error
    except (ValueError, RecursionError) as error:
        raise FileError(path, None, "is not JSON; run the action again.") from error
