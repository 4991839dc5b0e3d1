"""The history: the prompt versions of a suite that were worth keeping, one JSON line each, committed with the suite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.quoting import folded

DECLINED = "declined"
"""The evidence of a version that a person turned down: it is not proposed, and not tried, again."""

WARM_START = 3
"""How many past winners are scored again beside the file's prompt."""


@dataclass(frozen=True)
class Version:
    """One prompt version. `score` is its mean over `n` cases of the `split` it was measured on.

    `at` is a date and time in UTC, `commit` what the work tree stood at, `evidence` that of the search which
    found it (empty for the file's own prompt), `fingerprint` of how it was measured.
    """

    digest: str
    text: str
    score: float
    n: int
    split: str
    at: str
    commit: str | None
    evidence: str
    origin: str
    fingerprint: str


def read_history(path: Path) -> tuple[Version, ...]:
    """All versions, oldest first; none when there is no file. Raises FileError for a line that is not one."""
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(_version(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def extended(versions: Sequence[Version], new: Sequence[Version]) -> tuple[Version, ...]:
    """`versions` and those of `new` that were not measured the same way before."""
    known = {(version.digest, version.fingerprint, version.split) for version in versions}
    return (*versions, *(v for v in new if (v.digest, v.fingerprint, v.split) not in known))


def to_lines(versions: Sequence[Version]) -> str:
    return "".join(json.dumps(asdict(version), ensure_ascii=False) + "\n" for version in versions)


def past_winners(versions: Sequence[Version]) -> tuple[str, ...]:
    """Texts of the best versions that a search found, best first; none that a person has turned down."""
    found = sorted((v for v in versions if v.evidence in {"proven", "promising"}), key=lambda v: -v.score)
    texts = dict.fromkeys(version.text for version in found)
    return tuple(text for text in texts if not is_among(declined(versions), text))[:WARM_START]


def declined(versions: Sequence[Version]) -> tuple[str, ...]:
    """Texts that a person has turned down: those of versions whose evidence is "declined"."""
    return tuple(dict.fromkeys(version.text for version in versions if version.evidence == DECLINED))


def is_among(texts: Iterable[str], text: str) -> bool:
    """Whether `text` is one of `texts`, however it is spaced and whatever letters are capitals."""
    return folded(text) in {folded(other) for other in texts}


def _version(path: Path, number: int, line: str) -> Version:
    try:
        entry: Any = json.loads(line)
        return Version(**{name: entry[name] for name in Version.__dataclass_fields__})
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(path, number, "this line is no prompt version; delete it or restore it from git.") from error
