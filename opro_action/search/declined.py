"""What people turned down besides what the history says of it: proposals that they closed, left under `.opro/`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from opro_action.search.history import DECLINED, Version, declined, is_among, read_history, to_lines
from opro_action.suite.files import state_folder, write_atomically
from opro_action.suite.suite import Suite

Origin = TypeVar("Origin")


def known_versions(suite: Suite) -> tuple[Version, ...]:
    """The suite's history, and after it the closed proposals that it does not hold as declined yet.

    The text that the prompt file has now is none of them: whoever closed its proposal, somebody has taken it since.
    """
    history = read_history(suite.history_path)
    known = (*declined(history), suite.prompt.text)
    closed = read_history(_closed_path(suite.root, suite.relative(suite.prompt.path)))
    return (*history, *(one for one in closed if one.evidence == DECLINED and not is_among(known, one.text)))


def keep_closed(root: Path, prompt: str, versions: Sequence[Version]) -> None:
    """Leave the closed proposals of a prompt, which `prompt` names as the repository does, for its next search."""
    path = _closed_path(root, prompt)
    if versions or path.exists():
        state_folder(root)
        write_atomically(path, to_lines(versions))


def without_declined(
    seeds: Sequence[tuple[str, Origin]], versions: Sequence[Version]
) -> tuple[tuple[str, Origin], ...]:
    """The seeds whose text no person has turned down."""
    refused = declined(versions)
    return tuple((text, origin) for text, origin in seeds if not is_among(refused, text))


def _closed_path(root: Path, prompt: str) -> Path:
    return root / ".opro" / "declined" / f"{prompt}.jsonl"
