"""Writing files so that a reader, or a crash, never sees half of one; and where our own state lies."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opro_action.errors import FileError
from opro_action.suite.discovery import find_root
from opro_action.suite.sources import shown


def state_folder(root: Path) -> Path:
    """The repository's `.opro/` for cache and runs, made when it is missing, and ignored by git from within.

    Where it cannot be made it is missing: a check goes on without a cache, and what has to be written there says so.
    """
    folder = root / ".opro"
    ignore = folder / ".gitignore"
    with suppress(FileError, OSError):
        if not ignore.exists():
            write_atomically(ignore, "*\n")
    return folder


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write to a temporary file in the same folder, then rename it to `path`; folders are made as needed.

    A link stays one: the file that it leads to is written, which has to lie in the same repository. A device or a pipe
    is written as it is. Raises FileError where the system refuses.
    """
    data = content.encode() if isinstance(content, str) else content
    with _refusals_of(path):
        if _is_stream(path):
            path.write_bytes(data)
            return
        target = _target(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, data)


def check_writable(path: Path) -> None:
    """Raise FileError where `write_atomically` could not write, for use before its content is paid for."""
    with _refusals_of(path):
        if _is_stream(path):
            return
        target = _target(path)
        if target.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        folder = next(folder for folder in target.parents if folder.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass


def _replace(path: Path, data: bytes) -> None:
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


@contextmanager
def _refusals_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        what = f"cannot be written ({reason}); check the path and its permissions"
        raise FileError(shown(path), None, what) from None


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _target(path: Path) -> Path:
    if not path.is_symlink():
        return path
    target, root = Path(os.path.realpath(path)), find_root(path)
    if not target.is_relative_to(root):
        raise FileError(shown(path), None, f"cannot be written (a link to {target}, outside {root}); name that file")
    return target
