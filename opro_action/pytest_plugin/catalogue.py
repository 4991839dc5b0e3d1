"""The suites of a run, read once, and which node id stands for which case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from opro_action.errors import UsageError
from opro_action.pytest_plugin.settings import Settings
from opro_action.suite.discovery import is_suite
from opro_action.suite.reading import read_suites
from opro_action.suite.suite import Case, Suite

GATE = "gate"


@dataclass(frozen=True)
class Entry:
    """A node id's meaning: a case of the suite, or with None its gate. `place` is the node id of the suite itself."""

    place: str
    suite: Suite
    case: Case | None


@dataclass(frozen=True)
class Chosen:
    """What was selected of a suite. A gate alone brings all its cases with it."""

    place: str
    suite: Suite
    cases: tuple[Case, ...]
    gate: bool

    @property
    def whole(self) -> bool:
        """Whether the gate can be decided: with some of the cases a mean says nothing."""
        return self.gate and len(self.cases) in {0, len(self.suite.cases)}

    @property
    def part(self) -> Suite:
        """The suite with the selected cases alone."""
        if len(self.cases) == len(self.suite.cases):
            return self.suite
        return replace(self.suite, cases=self.cases, partial=True)


class Catalogue:
    """Reads suites as the options want them asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._paths: dict[str, Path] = {}
        self._suites: dict[Path, list[Suite]] = {}
        self._entries: dict[str, Mapping[str, Entry]] = {}

    def suites(self, path: Path) -> list[Suite]:
        """The suites in a file, none when it is a list of cases; raises UsageError when it cannot be read."""
        if path not in self._suites:
            found = self._read(path)
            repeats = self._settings.repeats
            self._suites[path] = [replace(suite, repeats=repeats) for suite in found] if repeats else found
        return self._suites[path]

    def note(self, nodeid: str, path: Path) -> None:
        """The node id that pytest gave a file; raises UsageError when another file has it, outside of the rootdir."""
        other = self._paths.setdefault(nodeid, path)
        if other != path:
            raise UsageError(f"{path}: pytest gives its cases the node ids of {other}; name a --rootdir above both.")

    def entry(self, nodeid: str) -> Entry | None:
        """What a node id stands for; None when it is none of ours."""
        file = nodeid.partition("::")[0]
        if file not in self._entries:
            path = self._paths.get(file) or self._settings.path_of(file)
            self._entries[file] = dict(_entries(file, self._readable(path))) if path else {}
        return self._entries[file].get(nodeid)

    def _readable(self, path: Path) -> list[Suite]:
        """None for what is no suite of ours: other plugins have items in YAML files too."""
        try:
            return self.suites(path)
        except UsageError:
            return []

    def _read(self, path: Path) -> list[Suite]:
        named = self._settings.is_named(path)
        return read_suites(path, model=self._settings.model) if is_suite(path, named=named) else []

    def chosen(self, nodeids: Iterable[str]) -> list[Chosen]:
        """The suites that these node ids are of, in order, with what is selected of each."""
        found: dict[str, list[Entry]] = {}
        for entry in map(self.entry, dict.fromkeys(nodeids)):
            if entry is not None:
                found.setdefault(entry.place, []).append(entry)
        return [
            Chosen(
                place=place,
                suite=entries[0].suite,
                cases=tuple(entry.case for entry in entries if entry.case),
                gate=any(entry.case is None for entry in entries),
            )
            for place, entries in found.items()
        ]


def place_of(file: str, suite: Suite, count: int) -> str:
    """The node id of a suite; where a file holds several, each is a node in it."""
    return f"{file}::{suite.part}" if count > 1 else file


def gate_name(suite: Suite) -> str:
    """The name of the gate's item: pytest runs two items of one node id without a word."""
    taken = {case.id for case in suite.cases}
    name = GATE
    while name in taken:
        name = f"the {name}"
    return name


def _entries(file: str, suites: list[Suite]) -> Iterable[tuple[str, Entry]]:
    for suite in suites:
        place = place_of(file, suite, len(suites))
        yield from ((f"{place}::{case.id}", Entry(place, suite, case)) for case in suite.cases)
        yield f"{place}::{gate_name(suite)}", Entry(place, suite, None)
