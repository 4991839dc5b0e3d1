"""Finding and reading the text files that a user keeps, or saying in one sentence why not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from opro_action.errors import FileError

# What every reader of a format would otherwise have to pass down to the one function that opens files.
_NOTED: ContextVar[set[Path] | None] = ContextVar("_NOTED", default=None)


def shown(path: Path) -> Path:
    """`path` as a message names it: relative to the current folder when it lies there."""
    try:
        return path.relative_to(Path.cwd())
    except (ValueError, OSError):
        return path


def settled(path: Path) -> Path:
    """`path` made absolute, with links in its folders resolved but its own name kept."""
    absolute = Path(os.path.normpath(path.absolute()))
    return Path(os.path.realpath(absolute.parent)) / absolute.name


def inside(path: Path, root: Path) -> bool:
    """Whether `path` lies in the folder `root` once all links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def is_file(path: Path) -> bool:
    """Whether `path` is a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular UTF-8 text file; raises FileError for any other."""
    try:
        if path.exists() and not path.is_file():
            raise FileError(shown(path), None, "is not a file; name a file")
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(shown(path), None, f"cannot be read ({reason}); check the path") from None
    noted = _NOTED.get()
    if noted is not None:
        noted.add(path)
    _check_text(data, path)
    return data


@contextmanager
def noting_files() -> Iterator[set[Path]]:
    """Collects every file that is read while the context is open; the context around it collects them too."""
    files: set[Path] = set()
    token = _NOTED.set(files)
    try:
        yield files
    finally:
        _NOTED.reset(token)
        around = _NOTED.get()
        if around is not None:
            around |= files


def names_of(files: Iterable[Path], root: Path) -> frozenset[str]:
    """The files as the repository `root` names them, links under the name of what they lead to as well."""
    both = {place for path in files for place in (path, Path(os.path.realpath(path)))}
    return frozenset(path.relative_to(root).as_posix() for path in both if path.is_relative_to(root))


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without a byte order mark; raises FileError for what is not such a file."""
    return read_bytes(path).decode("utf-8-sig")


def _check_text(data: bytes, path: Path) -> None:
    nul = data.find(b"\0")
    if nul >= 0:
        raise FileError(shown(path), data.count(b"\n", 0, nul) + 1, "holds a NUL byte; save it as UTF-8 text")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8"
        raise FileError(shown(path), line, what) from None
