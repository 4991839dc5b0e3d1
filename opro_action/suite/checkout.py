"""Writing what a commit or the index holds into a temporary folder: a folder at a time, when a reader looks there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from opro_action.errors import UsageError
from opro_action.suite.git import ask, index_of

_FILE, _LINK = "100", "120"
"""How the modes of files and links begin; a submodule has none of them."""


@dataclass(frozen=True)
class Checkout:
    """The folder `files`, which stands for the top of a work tree, and what is not written there yet.

    A repository may hold more files than can be written while a user waits (20,000 take 5 s and more), and a suite is
    read from a few of them. `left` are their names by folder. Links are all there from the beginning.
    """

    files: Path
    env: Mapping[str, str]
    left: dict[str, list[str]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)

    def supply(self, place: Path, *, below: bool) -> None:
        """Write the files of the folder in which the file `place` lies, or all that is below the folder `place`.

        Raises UsageError when git cannot give their content.
        """
        real = Path(os.path.realpath(place))
        folder = real if below else real.parent
        if not folder.is_relative_to(self.files):
            return
        inside = [folder.relative_to(self.files).as_posix()]
        if below:
            inside = [name for name in self.left if (self.files / name).is_relative_to(folder)]
        self._write([name for part in inside for name in self.left.pop(part, ())])
        for link in self._links_below(folder) if below else ():
            self.supply(self.files / link, below=True)

    def _links_below(self, folder: Path) -> list[str]:
        """Each link is given once: they may lead round in circles."""
        found = [link for link in self.links if (self.files / link).is_relative_to(folder)]
        self.links[:] = [link for link in self.links if link not in found]
        return found

    def _write(self, names: list[str]) -> None:
        if names:
            told(self, "checkout-index", "-z", "--stdin", feed="".join(f"{name}\0" for name in names))


def told(checkout: Checkout, *args: str, feed: str = "") -> str:
    """What git prints, asked in a checkout; raises UsageError when it says no."""
    reply = ask(checkout.files, *args, env=checkout.env, feed=feed)
    if reply.refusal is not None:
        raise UsageError(f"git cannot give its files ({reply.refusal}); see `git fsck`.")
    return reply.text


@contextmanager
def checked_out(root: Path, commit: str | None) -> Iterator[Checkout]:
    """A checkout of the repository around `root` at a commit, or of its index; it is removed at the end."""
    folder, index = index_of(root)
    with tempfile.TemporaryDirectory(prefix="opro-tree-") as scratch:
        files = Path(scratch).resolve() / "files"
        files.mkdir()
        # With a work tree of its own the attributes that decide on line ends are those of the commit too.
        env = {"GIT_DIR": str(folder), "GIT_WORK_TREE": str(files), "GIT_INDEX_FILE": str(files.with_name("index"))}
        found = Checkout(files, env)
        if commit is not None:
            told(found, "-c", "core.sparseCheckout=false", "read-tree", commit)
        else:
            # Not a copy, in which files that a sparse checkout leaves out would be left out too.
            staged = told(Checkout(files, {**env, "GIT_INDEX_FILE": str(index)}), "ls-files", "--stage", "-z")
            told(found, "update-index", "-z", "--index-info", feed=staged)
        _list(found)
        yield found


def _list(checkout: Checkout) -> None:
    for line in told(checkout, "ls-files", "--stage", "-z").split("\0"):
        about, _, name = line.partition("\t")
        if about.endswith(" 0") and about.startswith(_FILE):
            checkout.left.setdefault(PurePosixPath(name).parent.as_posix(), []).append(name)
        elif about.endswith(" 0") and about.startswith(_LINK):
            checkout.links.append(name)
    told(checkout, "checkout-index", "-z", "--stdin", feed="".join(f"{name}\0" for name in checkout.links))
