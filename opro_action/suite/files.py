"""Writing files so that a reader, or a crash, never sees half of one; and where our own state lies."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def state_folder(root: Path) -> Path:
    """The repository's `.opro/` for cache and runs, made when it is missing, and ignored by git from within."""
    folder = root / ".opro"
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_atomically(ignore, "*\n")
    return folder


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write to a temporary file in the same folder, then rename it to `path`; folders are made as needed."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
