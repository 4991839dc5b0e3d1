"""A repository's files as a commit or the index has them, in a temporary folder, and the suites that stand there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import sep
from pathlib import Path

from opro_action.errors import UsageError
from opro_action.suite.git import ask, commit_of, copied_index, git, index_of
from opro_action.suite.reading import read_suites
from opro_action.suite.sources import is_file, shown
from opro_action.suite.suite import Suite

_NEVER_READ = (
    ".7z", ".a", ".avi", ".avif", ".bin", ".bmp", ".bz2", ".class", ".db", ".dll", ".dylib", ".eot", ".exe", ".gguf",
    ".gif", ".gz", ".h5", ".heic", ".ico", ".ipynb", ".jar", ".jpeg", ".jpg", ".mov", ".mp3", ".mp4", ".npy", ".npz",
    ".o", ".onnx", ".otf", ".parquet", ".pdf", ".pickle", ".pkl", ".png", ".psd", ".pt", ".pth", ".pyc",
    ".safetensors", ".so", ".sqlite", ".svg", ".tar", ".tgz", ".tif", ".tiff", ".ttf", ".wasm", ".wav", ".webm",
    ".webp", ".whl", ".woff", ".woff2", ".xz", ".zip", ".zst",
    ".c", ".cc", ".cjs", ".cpp", ".cs", ".css", ".cts", ".cxx", ".dart", ".go", ".h", ".hpp", ".java", ".js", ".jsx",
    ".kt", ".m", ".map", ".mjs", ".mm", ".mts", ".php", ".rb", ".rs", ".scala", ".scss", ".swift", ".ts", ".tsx",
    ".vue",
)  # fmt: skip
"""How files end that no suite is read from, neither as text nor as code: they are not written."""

_MODES = ("100", "120")
"""How the modes of files and links begin; a submodule has none of them."""

_RENAMES = "--find-renames=30%"
"""A suite of a few lines that is moved has other paths in most of them."""


@dataclass(frozen=True)
class Tree:
    """What a commit, or the index, of the folder `repository` holds, written to the folder `root` that stands for it.

    `source` names it in messages. `commit` is None for the index.
    """

    source: str
    repository: Path
    root: Path
    commit: str | None


@contextmanager
def tree_at(root: Path, ref: str) -> Iterator[Tree]:
    """The repository `root` as it is at the commit `ref`; its folder is there for as long as the context is open.

    Work tree and index stay as they are. Files have the line ends of a checkout, those of git LFS are pointers. Links
    are links, which no reader of suites follows out of the folder; submodules are empty. Raises UsageError when there
    is no such commit, outside of a git repository, and when git cannot give the content.
    """
    with _written(root, commit_of(root, ref), ref) as tree:
        yield tree


@contextmanager
def tree_of_index(root: Path) -> Iterator[Tree]:
    """As `tree_at`, with what is staged: within a commit hook that is what is being committed."""
    with _written(root, None, "the index") as tree:
        yield tree


def suite_at(suite: Suite, tree: Tree, *, model: str | None = None) -> Suite | None:
    """The same suite as it stands in `tree`; None when it is not there.

    It is the one at the same path, or, for a renamed file, at the old path: the one that git finds, when cases or
    prompt are the same. Of several in a file it is the one of the same name, or else the only one with the same prompt
    file and model. `model` is as for `read_suites`. `root` and all paths of what is returned lie in the tree's folder,
    which has to be there for as long as a Python scorer runs; its `title` is that of the repository, and its baseline
    the one recorded at that time.
    Raises UsageError, with the reason, when it cannot be read.
    """
    name = suite.relative(suite.path)
    if is_file(tree.root / name):
        return _same(suite, read_at(name, tree, model=model), tree)
    old = _old_name(name, tree)
    found = _same(suite, read_at(old, tree, model=model), tree) if old else None
    return found if found and _shares(suite, found, tree) else None


def read_at(name: str, tree: Tree, *, model: str | None = None) -> list[Suite]:
    """The suites in the file that the repository calls `name`, as `tree` has it; raises UsageError with the reason."""
    try:
        return read_suites(tree.root / name, root=tree.root, model=model)
    except UsageError as error:
        reason = str(error)
        for folder in (tree.root, shown(tree.root)):
            reason = reason.replace(f"{folder}{sep}", "")
        raise UsageError(f"{name} cannot be read as it is at {tree.source} ({reason})") from None


def _same(suite: Suite, found: Sequence[Suite], tree: Tree) -> Suite | None:
    named = [other for other in found if other.part == suite.part]
    if named:
        return named[0]
    alike = [other for other in found if other.model.id == suite.model.id and _same_prompt(suite, other, tree)]
    return alike[0] if len(alike) == 1 else None


def _shares(suite: Suite, other: Suite, tree: Tree) -> bool:
    """Whether two suites have more in common than the words in which all suites are written."""
    digests = {case.digest for case in suite.cases}
    return any(case.digest in digests for case in other.cases) or _same_prompt(suite, other, tree)


def _same_prompt(suite: Suite, other: Suite, tree: Tree) -> bool:
    now, then = suite.relative(suite.prompt.path), other.relative(other.prompt.path)
    return then == (now if is_file(tree.root / now) else _old_name(now, tree))


def _old_name(name: str, tree: Tree) -> str | None:
    """What a file that is not in `tree` was called there, as git finds renames; it need not be added to git."""
    with copied_index(tree.repository) as env:
        ask(tree.repository, "update-index", "--add", "--info-only", "--", name, env=env)
        against = [tree.commit] if tree.commit else []
        diff = ("diff", "-z", "--name-status", "--relative", _RENAMES, "--diff-filter=R", *against, "--")
        fields = ask(tree.repository, *diff, env=env).text.split("\0")
    renamed = dict(zip(fields[2::3], fields[1::3], strict=False))
    return renamed.get(name)


@contextmanager
def _written(root: Path, commit: str | None, source: str) -> Iterator[Tree]:
    folder, index = index_of(root)
    with tempfile.TemporaryDirectory(prefix="opro-tree-") as scratch:
        files = Path(scratch).resolve() / "files"
        prefix = git(root, "rev-parse", "--show-prefix") or "."
        (files / prefix).mkdir(parents=True)
        # With a work tree of its own the attributes that decide on line ends are those of the commit too.
        env = {"GIT_DIR": str(folder), "GIT_WORK_TREE": str(files), "GIT_INDEX_FILE": str(index)}
        if commit is not None:
            env["GIT_INDEX_FILE"] = str(files.with_name("index"))
            _told(files, ["-c", "core.sparseCheckout=false", "read-tree", commit], env, source)
        _write_files(files, prefix, env, source)
        yield Tree(source, root, files / prefix, commit)


def _write_files(files: Path, prefix: str, env: dict[str, str], source: str) -> None:
    names = []
    for line in _told(files, ["ls-files", "--stage", "-z", "--", prefix], env, source).split("\0"):
        about, _, name = line.partition("\t")
        merged = about.endswith(" 0")
        if merged and about.startswith(_MODES) and not name.lower().endswith(_NEVER_READ):
            names.append(name)
    _told(files, ["checkout-index", "-z", "--stdin"], env, source, feed="".join(f"{name}\0" for name in names))


def _told(files: Path, args: list[str], env: dict[str, str], source: str, feed: str = "") -> str:
    reply = ask(files, *args, env=env, feed=feed)
    if reply.refusal is not None:
        raise UsageError(f"{source}: its files cannot be had from git ({reply.refusal}); see `git fsck`.")
    return reply.text
