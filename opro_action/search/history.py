"""The history: the prompt versions of a suite that were worth keeping, one JSON line each, committed with the suite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import FileError
from opro_action.suite.discovery import find_root
from opro_action.suite.quoting import folded
from opro_action.suite.sources import inside, read_text, shown

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
    """All versions, oldest first; none when there is no file.

    Raises FileError for a line that is not one, and for a link out of the repository.
    """
    if not path.exists():
        return ()
    if path.is_symlink() and not inside(path, find_root(path)):
        raise FileError(shown(path), None, "leads out of the repository; keep the history in it")
    lines = read_text(path).split("\n")  # Not splitlines: JSON allows U+2028 inside a text.
    return tuple(_version(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def extended(versions: Sequence[Version], new: Sequence[Version]) -> tuple[Version, ...]:
    """`versions` and those of `new` that say something new: measured otherwise than before, or with other evidence."""
    known = {(version.digest, version.fingerprint, version.split) for version in versions}
    judged = {(version.digest, version.fingerprint, version.split, version.evidence) for version in versions}

    def is_new(version: Version) -> bool:
        place = version.digest, version.fingerprint, version.split
        return (*place, version.evidence) not in judged if version.evidence else place not in known

    return (*versions, *filter(is_new, new))


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
        version = Version(**{name: entry[name] for name in Version.__dataclass_fields__})
        to_lines([version]).encode()  # half of a surrogate pair, which JSON can spell, stands in no file
    except (ValueError, TypeError, KeyError, RecursionError):
        version = None
    if version is None or not _is_sound(version):
        what = "this line is no prompt version; delete it or restore it from git."
        raise FileError(shown(path), number, what)
    return version


def _is_sound(version: Version) -> bool:
    texts = asdict(version)
    score, n, commit = (texts.pop(name) for name in ("score", "n", "commit"))
    return (
        all(isinstance(text, str) for text in (*texts.values(), commit or ""))
        and bool(version.text.strip())
        and isinstance(score, int | float)
        and 0 <= score <= 1
        and isinstance(n, int)
    )
