"""The git side of the fake GitHub: a real bare repository, whose loose objects and refs are written here.

git itself takes a process for each question, and a proposal asks a hundred; what it thinks of the result says `fsck`.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_SHA = re.compile(r"[0-9a-f]{40}")
_PERSON = "octocat"


class GitError(Exception):
    """git refused, or would; the API answers 422 with these words."""


class Objects:
    """A bare repository. Trees are plain rows of the REST API: path, mode, type, sha."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, tuple[str, bytes]] = {}
        if not (path / "HEAD").exists():
            path.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet", "--bare", "--initial-branch=main", ".")

    def git(self, *arguments: str) -> bytes:
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, env=env)
        if done.returncode:
            raise GitError(done.stderr.decode(errors="replace").strip() or "git failed")
        return done.stdout

    def word(self, *arguments: str) -> str:
        return self.git(*arguments).decode().strip()

    def fsck(self) -> str:
        """What `git fsck --strict` complains about; "" when the repository is clean."""
        try:
            return self.word("fsck", "--strict", "--no-dangling", "--no-progress")
        except GitError as error:
            return str(error)

    def has(self, sha: str, kind: str) -> bool:
        try:
            return self._load(sha)[0] == kind
        except GitError:
            return False

    def blob(self, sha: str) -> bytes:
        return self._load(sha)[1]

    def write_blob(self, content: bytes) -> str:
        return self._store("blob", content)

    def tree(self, sha: str, *, recursive: bool = False) -> list[dict[str, Any]]:
        return list(self._rows(self._tree_of(sha), "", recursive))

    def write_tree(self, entries: Sequence[Mapping[str, Any]], base: str | None) -> str:
        """The tree `base` with `entries`: each is a file, or one to take away when its `sha` is None."""
        found = {row["path"]: row for row in self.tree(base, recursive=True) if row["type"] != "tree"} if base else {}
        files = {path: (row["mode"], row["sha"]) for path, row in found.items()}
        for entry in entries:
            if {"", ".", "..", ".git"} & set(entry["path"].split("/")):
                raise GitError(f"tree.path contains a malformed path component: {entry['path']}")
            files.pop(entry["path"], None)
            if entry.get("sha"):
                files[entry["path"]] = (entry["mode"], entry["sha"])
        return self._write_folder(files)

    def commit(self, sha: str) -> dict[str, Any]:
        kind, data = self._load(sha)
        if kind != "commit":
            raise GitError(f"{sha} is no commit")
        head, _, message = data.decode().partition("\n\n")
        fields = [line.partition(" ")[::2] for line in head.splitlines()]
        people = {name: _person(value) for name, value in fields if name in {"author", "committer"}}
        parents = [value for name, value in fields if name == "parent"]
        return {"sha": sha, "tree": fields[0][1], "parents": parents, **people, "message": message.rstrip("\n")}

    def write_commit(self, tree: str, parents: Sequence[str], message: str, *, who: str) -> str:
        when = f"{who} <{_PERSON}@example.org> {int(time.time())} +0000"
        lines = [f"tree {self._tree_of(tree)}", *(f"parent {sha}" for sha in parents)]
        text = "\n".join([*lines, f"author {when}", f"committer {when}", "", message])
        return self._store("commit", (text if text.endswith("\n") else text + "\n").encode())

    def ref(self, name: str) -> str | None:
        """The commit that `refs/heads/…` points to, or that is named itself."""
        if _SHA.fullmatch(name):
            return name if self.has(name, "commit") else None
        try:
            return (self.path / name).read_text().strip()
        except OSError:
            return None

    def set_ref(self, name: str, sha: str | None) -> None:
        file = self.path / name
        if sha is None:
            file.unlink()
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{sha}\n")
        except OSError as error:
            raise GitError(f"cannot lock ref '{name}'") from error

    def ahead(self, base: str, head: str) -> list[str]:
        """The commits of `head` that `base` lacks, oldest first."""
        theirs = set(self._ancestors(base)) if self.has(base, "commit") else set()
        return [sha for sha in reversed(list(self._ancestors(head))) if sha not in theirs]

    def files(self, ref: str) -> dict[str, bytes]:
        """Every file at `ref`, by path."""
        return {row["path"]: self.blob(row["sha"]) for row in self.tree(ref, recursive=True) if row["type"] == "blob"}

    def push(self, branch: str, files: Mapping[str, bytes | str | None], message: str, *, onto: str = "") -> str:
        """A person's commit with `files` (None deletes) on `branch`, or on `onto` when given, which force-pushes."""
        parent = self.ref(onto or f"refs/heads/{branch}")
        entries = []
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            entries.append({"path": path, "mode": "100644", "sha": None if data is None else self.write_blob(data)})
        tree = self.write_tree(entries, parent)
        commit = self.write_commit(tree, [parent] if parent else [], message, who="a person")
        self.set_ref(f"refs/heads/{branch}", commit)
        return commit

    def _ancestors(self, sha: str) -> Iterator[str]:
        seen, waiting = {sha}, [sha]
        while waiting:
            current = waiting.pop(0)
            yield current
            new = [parent for parent in self.commit(current)["parents"] if parent not in seen]
            seen.update(new)
            waiting += new

    def _tree_of(self, name: str) -> str:
        """The tree of a ref, a commit, or a tree itself; `^{tree}` may be added as for git."""
        sha = name.removesuffix("^{tree}")
        sha = sha if _SHA.fullmatch(sha) else self.ref(sha) or ""
        return str(self.commit(sha)["tree"]) if self.has(sha, "commit") else sha

    def _rows(self, sha: str, folder: str, recursive: bool) -> Iterator[dict[str, Any]]:
        kind, data = self._load(sha)
        if kind != "tree":
            raise GitError(f"{sha} is no tree")
        while data:
            about, _, rest = data.partition(b"\0")
            mode, name = about.decode().split(" ", 1)
            row = {"path": folder + name, "mode": mode.zfill(6), "sha": rest[:20].hex()}
            row["type"] = "tree" if mode == "40000" else "commit" if mode == "160000" else "blob"
            yield row
            if recursive and row["type"] == "tree":
                yield from self._rows(row["sha"], f"{row['path']}/", recursive)
            data = rest[20:]

    def _write_folder(self, files: Mapping[str, tuple[str, str]]) -> str:
        here: dict[str, tuple[str, str]] = {}
        below: dict[str, dict[str, tuple[str, str]]] = {}
        for path, entry in files.items():
            first, _, rest = path.partition("/")
            if rest:
                below.setdefault(first, {})[rest] = entry
            else:
                here[first] = entry
        here |= {name: ("40000", self._write_folder(inside)) for name, inside in below.items()}
        ordered = sorted(here.items(), key=lambda item: item[0].encode() + (b"/" if item[1][0] == "40000" else b""))
        rows = [f"{mode} {name}".encode() + b"\0" + bytes.fromhex(sha) for name, (mode, sha) in ordered]
        return self._store("tree", b"".join(rows))

    def _store(self, kind: str, content: bytes) -> str:
        data = f"{kind} {len(content)}".encode() + b"\0" + content
        sha = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        file = self.path / "objects" / sha[:2] / sha[2:]
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(zlib.compress(data, 1))
        self._known[sha] = (kind, content)
        return sha

    def _load(self, sha: str) -> tuple[str, bytes]:
        if sha not in self._known:
            file = self.path / "objects" / sha[:2] / sha[2:]
            if not _SHA.fullmatch(sha) or not file.exists():
                raise GitError(f"there is no object {sha}")
            about, _, content = zlib.decompress(file.read_bytes()).partition(b"\0")
            self._known[sha] = (about.decode().split()[0], content)
        return self._known[sha]


def _person(line: str) -> dict[str, str]:
    found = re.fullmatch(r"(.*) <(.*)> (\d+) \+0000", line)
    assert found, line
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(found[3])))
    return {"name": found[1], "email": found[2], "date": date}
