"""Finding and reading the text files that a user keeps, or saying in one sentence why not."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from opro_action.errors import FileError

Supply = Callable[..., None]
"""Puts files into their place before they are looked for: `supply(file, below=False)`, `supply(folder, below=True)`."""

# What every reader of a format would otherwise have to pass down to the few functions here that look at files.
_NOTED: ContextVar[set[Path] | None] = ContextVar("_NOTED", default=None)
_SUPPLY: ContextVar[Supply | None] = ContextVar("_SUPPLY", default=None)


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
    _supply(path)
    try:
        return path.is_file()
    except OSError:
        return False


def matching(pattern: str, folder: Path) -> list[str]:
    """The names of what matches a pattern in `folder`, relative to it and sorted; `**` is any number of folders."""
    steps = Path(pattern).parts
    fixed = next((at for at, step in enumerate(steps) if glob.has_magic(step)), len(steps))
    _supply(folder.joinpath(*steps[:fixed]), below=True)
    # Not Path.glob, which refuses `**.jsonl` and finds hidden files.
    return sorted(glob.glob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular UTF-8 text file; raises FileError for any other."""
    _supply(path)
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


@contextmanager
def supplied_by(supply: Supply) -> Iterator[None]:
    """Lets `supply` put files into their place, before they are looked for, while the context is open."""
    token = _SUPPLY.set(supply)
    try:
        yield
    finally:
        _SUPPLY.reset(token)


def names_of(files: Iterable[Path], root: Path) -> frozenset[str]:
    """The files as the repository `root` names them, links under the name of what they lead to as well."""
    both = {place for path in files for place in (path, Path(os.path.realpath(path)))}
    return frozenset(path.relative_to(root).as_posix() for path in both if path.is_relative_to(root))


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without a byte order mark; raises FileError for what is not such a file."""
    return read_bytes(path).decode("utf-8-sig")


def _supply(place: Path, *, below: bool = False) -> None:
    supply = _SUPPLY.get()
    if supply is not None:
        supply(place, below=below)


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
