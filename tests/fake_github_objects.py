"""The git side of the fake GitHub: a real bare repository, written by real git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class GitError(Exception):
    """git refused; the API answers 422 with git's words."""


class Objects:
    """A bare repository. Trees are plain rows of the REST API: path, mode, type, sha."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / "HEAD").exists():
            path.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet", "--bare", "--initial-branch=main", ".")

    def git(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        env.update({f"GIT_{who}_{what}": "octocat" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")})
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=stdin, capture_output=True, env={**env, **(extra or {})}
        )
        if done.returncode:
            raise GitError(done.stderr.decode(errors="replace").strip() or "git failed")
        return done.stdout

    def word(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> str:
        return self.git(*arguments, stdin=stdin, extra=extra).decode().strip()

    def has(self, sha: str, kind: str) -> bool:
        try:
            return self.word("cat-file", "-t", sha) == kind
        except GitError:
            return False

    def write_blob(self, content: bytes) -> str:
        return self.word("hash-object", "-w", "--stdin", stdin=content)

    def write_tree(self, entries: Sequence[Mapping[str, Any]], base: str | None) -> str:
        index = {"GIT_INDEX_FILE": str(self.path / "fake-index")}
        self.git("read-tree", base or "--empty", extra=index)
        rows = []
        for entry in entries:
            sha = entry.get("sha")
            mode = entry["mode"] if sha else "0"
            rows.append(f"{mode} {sha or '0' * 40}\t{entry['path']}".encode() + b"\0")
        self.git("update-index", "-z", "--index-info", stdin=b"".join(rows), extra=index)
        return self.word("write-tree", extra=index)

    def write_commit(self, tree: str, parents: Sequence[str], message: str, *, who: str) -> str:
        names = {"GIT_AUTHOR_NAME": who, "GIT_COMMITTER_NAME": who}
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.word("commit-tree", tree, *flags, stdin=message.encode(), extra=names)

    def ref(self, name: str) -> str | None:
        try:
            return self.word("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        except GitError:
            return None

    def set_ref(self, name: str, sha: str | None) -> None:
        if sha is None:
            self.git("update-ref", "-d", name)
        else:
            self.git("update-ref", name, sha)

    def ahead(self, base: str, head: str) -> list[str]:
        """The commits of `head` that `base` lacks, oldest first."""
        return self.word("rev-list", "--reverse", f"{base}..{head}").split()

    def tree(self, sha: str, *, recursive: bool = False) -> list[dict[str, Any]]:
        flags = ["-r", "-t"] if recursive else []
        rows = self.git("ls-tree", "-z", *flags, sha).decode().split("\0")
        found = []
        for row in filter(None, rows):
            meta, path = row.split("\t", 1)
            mode, kind, object_sha = meta.split()
            found.append({"path": path, "mode": mode, "type": kind, "sha": object_sha})
        return found

    def blob(self, sha: str) -> bytes:
        return self.git("cat-file", "blob", sha)

    def commit(self, sha: str) -> dict[str, Any]:
        shape = "%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        shown = self.git("log", "-1", f"--format={shape}", sha).decode()
        tree, parents, name, email, date, by, by_email, when, message = shown.split("\0", 8)
        return {
            "sha": sha,
            "tree": tree,
            "parents": parents.split(),
            "author": {"name": name, "email": email, "date": date},
            "committer": {"name": by, "email": by_email, "date": when},
            "message": message.rstrip("\n"),
        }

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
        tree = self.write_tree(entries, f"{parent}^{{tree}}" if parent else None)
        commit = self.write_commit(tree, [parent] if parent else [], message, who="a person")
        self.set_ref(f"refs/heads/{branch}", commit)
        return commit

    def fsck(self) -> str:
        """What `git fsck --strict` complains about; "" when the repository is clean."""
        try:
            return self.word("fsck", "--strict", "--no-dangling", "--no-progress")
        except GitError as error:
            return str(error)
