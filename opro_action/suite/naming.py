"""A path as a suite file names it, and what may be wrong with that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from opro_action.errors import FileError
from opro_action.suite.sources import inside, is_file, settled, shown
from opro_action.suite.wording import quoted


@dataclass(frozen=True)
class Named:
    """`name` stands under `key` in the given line of the file at `suite`, in the repository `root`."""

    name: str
    key: str
    line: int
    suite: Path
    root: Path

    @property
    def target(self) -> Path:
        """Where the name points, relative to the suite's folder."""
        if Path(self.name).is_absolute():
            raise self.error("an absolute path; write it relative to this file")
        return settled(self.suite.parent / self.name)

    def checked(self, path: Path) -> Path:
        """`path`, which the name was found to mean; raises FileError when it leaves the repository."""
        if not inside(path, self.root):
            raise self.error("which leaves the repository; keep the file in it")
        if not is_file(path):
            raise self.error("but there is no such file; correct the path")
        return path

    def error(self, what: str) -> FileError:
        return FileError(shown(self.suite), self.line, f"`{self.key}` names {quoted(self.name)}, {what}")
