"""The journal: one line for each call and each decision, on disk before the search goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from opro_action.errors import CallFailed, FileError, UsageError
from opro_action.models.cache import cache_key
from opro_action.models.model import Completion, Model, Request, Role

SCHEMA = "opro.journal/3"


@dataclass(frozen=True)
class Meter:
    """What a run has used so far: seconds, requests that have ended, failed ones included, and their dollars."""

    elapsed_s: float = 0.0
    spent_calls: int = 0
    spent_usd: float = 0.0


@dataclass(frozen=True)
class Past:
    """What the earlier parts of the run left: header, finished calls by key, notes, the steps that were begun, the end.

    `paid` are the calls that went out, with the role of the model. `failures` are the reasons of calls that failed and
    that the search has built on, so that they fail again: one of its later questions was answered, or it has decided.
    Other failures are asked anew. `steps` has the candidates of each step, 0 where that is not known. `decision` is
    there once the winner was put to the holdout: its digest, and the bounds of the search that found it.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, Completion] = field(default_factory=dict)
    paid: tuple[tuple[Role, Completion], ...] = ()
    notes: frozenset[str] = frozenset()
    failures: Mapping[str, Sequence[str]] = field(default_factory=dict)
    steps: Mapping[int, int] = field(default_factory=dict)
    decision: Mapping[str, Any] | None = None
    end: Mapping[str, Any] | None = None
    meter: Meter = Meter()


class Journal:
    """Appends lines to a file, each flushed to the disk before its method returns, and tells what it held before.

    `asked` counts the questions of the search: calls say which one they belong to.
    """

    def __init__(self, path: Path, past: Past, *, meter: Callable[[], Meter]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(path)
        self._file: IO[str] = path.open("a", encoding="utf-8", newline="\n")
        self._meter = meter
        self.past = past
        self.asked = 0
        self._failures = {key: list(reasons) for key, reasons in past.failures.items()}

    def told(self, key: str) -> Completion | None:
        """What came of a call in the part of the run that is being resumed, None when it was not made.

        Raises CallFailed as often as it had failed, before it was answered or not.
        """
        if self._failures.get(key):
            raise CallFailed(self._failures[key].pop(0))
        return self.past.calls.get(key)

    def note(self, kind: str, **fields: Any) -> None:
        """Write a decision, unless the part of the run that is being resumed wrote it already."""
        if _note({"kind": kind, **fields}) not in self.past.notes:
            self.write(kind, **fields)

    def write(self, kind: str, **fields: Any) -> None:
        used = {name: round(value, 9) for name, value in asdict(self._meter()).items()}
        line = {"kind": kind, **used, **fields}
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Journaled:
    """A model whose calls are journaled; one that the journal holds already is answered from there."""

    model: Model
    role: Role
    journal: Journal

    async def complete(self, request: Request) -> Completion:
        key = cache_key(request)
        known = self.journal.told(key)
        if known:
            return known
        try:
            completion = await self.model.complete(request)
        except CallFailed as failure:
            self._write("failed", request, key, reason=str(failure))
            raise
        self._write("call", request, key, **asdict(completion))
        return completion

    def _write(self, kind: str, request: Request, key: str, **fields: Any) -> None:
        self.journal.write(kind, ask=self.journal.asked, role=self.role, model=request.model, key=key, **fields)


def read_journal(path: Path) -> Past:
    """What the journal of an interrupted run holds; a line that a crash tore off is passed over.

    Raises FileError when a line before the last is damaged.
    """
    # Not splitlines: JSON allows U+2028 inside a text. What follows the last line break was torn off.
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    entries = [_entry(path, number, line) for number, line in enumerate(lines, 1)]
    if not entries or entries[0].get("schema") != SCHEMA:
        raise FileError(path, 1, "this is no journal that can be resumed; start again without --resume.")
    calls = [entry for entry in entries if entry["kind"] == "call"]
    return Past(
        header=entries[0],
        calls={entry["key"]: _completion(entry) for entry in reversed(calls)},  # the first, which was paid for
        paid=tuple((entry["role"], _completion(entry)) for entry in calls if not entry["cached"]),
        notes=frozenset(_note(entry) for entry in entries if entry["kind"] not in {"call", "failed"}),
        failures=_failures(entries),
        steps={entry["step"]: entry.get("candidates", 0) for entry in entries if entry["kind"] == "step"},
        decision=next((entry for entry in entries if entry["kind"] == "decision"), None),
        end=next((entry for entry in reversed(entries) if entry["kind"] == "end"), None),
        meter=Meter(**{name: max(entry[name] for entry in entries) for name in asdict(Meter())}),
    )


def suite_of(path: Path) -> str | None:
    """The suite that a journal is of, as the repository names it; None when its first line does not say."""
    with path.open(encoding="utf-8", errors="replace") as file:
        try:
            header = json.loads(file.readline())
        except json.JSONDecodeError:
            return None
    return header.get("suite") if isinstance(header, dict) else None


def check_same_search(header: Mapping[str, Any], past: Mapping[str, Any]) -> None:
    """Raises UsageError when the run to be resumed was another search than the one that is asked for."""
    changed = [name for name, value in header.items() if name not in past or past[name] != value]
    if changed:
        raise UsageError(
            f"The run cannot be resumed, since this changed after it began: {', '.join(changed)}; "
            "undo the change, or start again without --resume."
        )


def _note(entry: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in entry.items() if name not in asdict(Meter())}
    return json.dumps(plain, sort_keys=True)


def _failures(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    loose: list[Mapping[str, Any]] = []
    for entry in entries:
        if entry["kind"] == "failed":
            loose.append(entry)
        elif entry["kind"] == "resumed":
            loose.clear()
        else:
            for failed in [one for one in loose if _builds_on(entry, one)]:
                found.setdefault(failed["key"], []).append(failed["reason"])
            loose = [one for one in loose if not _builds_on(entry, one)]
    return found


def _builds_on(entry: Mapping[str, Any], failed: Mapping[str, Any]) -> bool:
    if entry["kind"] == "call":
        return bool(entry.get("ask", 0) > failed.get("ask", 0))
    # In journals whose calls do not name their question a step was noted, with its replies, once it was written.
    return entry["kind"] in {"decision", "end"} or (entry["kind"] == "step" and "replies" in entry)


def _completion(entry: Mapping[str, Any]) -> Completion:
    return Completion(**{name: entry[name] for name in Completion.__dataclass_fields__})


def _entry(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise FileError(path, number, "the journal is damaged here; start again without --resume.") from error
    if not isinstance(entry, dict) or "kind" not in entry:
        raise FileError(path, number, "this is no line of a journal; start again without --resume.")
    return entry


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
