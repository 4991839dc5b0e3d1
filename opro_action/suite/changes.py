"""Which suites a change touches, by what git says of the files that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from opro_action.errors import UsageError
from opro_action.suite.discovery import is_prompt_yml, is_suite
from opro_action.suite.git import ask, commit_of, copied_index
from opro_action.suite.sources import is_file, names_of, noting_files, supplied_by
from opro_action.suite.suite import Suite
from opro_action.suite.tree import Tree, read_at, suite_at, tree_at

_LINK = "120000"


def changed_suites(suites: Sequence[Suite], *, base: str, tree: Tree | None = None) -> list[Suite]:
    """The suites that are made of other files, or of files with another content, than at the commit `base`.

    The suites are those of the work tree, or of `tree`: the index or another commit. New files count, also those that
    git was not told of; what git ignores does not. Raises UsageError outside of a git repository, and when there is no
    such commit.
    """
    places = {suite.root: tree.repository if tree else suite.root for suite in suites}
    changes = {root: _changes(place, base, tree) for root, place in places.items()}
    touched = {id(suite) for suite in suites if changes[suite.root].touch(suite.files)}
    for root, change in changes.items():
        rest = [suite for suite in suites if suite.root == root and id(suite) not in touched]
        if rest and (change.gone or change.links):
            with tree_at(places[root], base) as before:
                touched |= {id(suite) for suite in rest if _was_other(suite, change, before)}
    return [suite for suite in suites if id(suite) in touched]


def unchecked_prompts(suites: Sequence[Suite], *, base: str, tree: Tree | None = None) -> list[str]:
    """A sentence for each prompt that differs from the commit `base` and has lost a suite that checked it there.

    `suites` are all there are in their folder, so none of them checks the prompt now; of other folders nothing is said.
    They, `tree` and the errors are as for `changed_suites`; a suite that could not be read at `base` checked nothing.
    """
    if not suites and tree is None:
        return []
    root = tree.root if tree else suites[0].root
    place = tree.repository if tree else root
    change = _changes(place, base, tree)
    home = _home(suites[0]) if suites else PurePosixPath()
    files = [name for name in sorted(change.names) if _may_be_suite(PurePosixPath(name), home)]
    unchecked = change.names - change.gone - names_of((suite.prompt.path for suite in suites), root)
    if not files or not unchecked:
        return []
    with tree_at(place, base) as before:
        were = [suite for name in files for suite in _suites_in(name, before)]
        lost = [suite for suite in were if names_of([suite.prompt.path], before.root) & unchecked]
        return [_without_suite(suite, gone=suite.relative(suite.path) in change.gone) for suite in lost]


@dataclass(frozen=True)
class _Changes:
    """The names of the files that differ, as the repository has them; which are gone; whether links are among them."""

    names: frozenset[str]
    gone: frozenset[str]
    links: bool

    def touch(self, files: frozenset[str]) -> bool:
        """Whether one of the files differs, or the submodule or other repository that it lies in."""
        folders = {str(folder) for name in files for folder in PurePosixPath(name).parents}
        return bool(self.names & (files | folders))


def _was_other(suite: Suite, change: _Changes, before: Tree) -> bool:
    """Whether a suite whose files all are as before was made of others then: of one that is gone, or behind a link."""
    with noting_files() as noted:
        try:
            found = suite_at(suite, before)
        except UsageError:
            found = None
    if found is None:
        return bool(change.gone & names_of(noted, before.root))
    return bool(change.gone & found.files) or (change.links and found.files != suite.files)


def _home(suite: Suite) -> PurePosixPath:
    """The folder in whose `evals/` or `prompts/` a suite was found, as the repository names it."""
    parts = PurePosixPath(suite.relative(suite.path)).parts
    return PurePosixPath(
        *parts[: min((parts.index(name) for name in ("evals", "prompts") if name in parts), default=0)]
    )


def _may_be_suite(path: PurePosixPath, home: PurePosixPath) -> bool:
    if not path.is_relative_to(home):
        return False
    below = path.relative_to(home)
    at_home = below.parts[0] == "evals" or (below.parts[0] == "prompts" and is_prompt_yml(Path(below)))
    return at_home and path.suffix in {".yaml", ".yml"} and not any(part.startswith(".") for part in below.parts)


def _suites_in(name: str, tree: Tree) -> list[Suite]:
    try:
        with supplied_by(tree.checkout.supply):
            found = is_file(tree.root / name) and is_suite(tree.root / name)
        return read_at(name, tree) if found else []
    except UsageError:
        return []


def _without_suite(suite: Suite, *, gone: bool) -> str:
    prompt, fate = suite.relative(suite.prompt.path), "is gone" if gone else "does not check it now"
    return f"{prompt} is checked by no suite any more ({suite.title} {fate})"


def _changes(root: Path, base: str, tree: Tree | None) -> _Changes:
    sides = [commit_of(root, base), *([tree.commit] if tree and tree.commit else [])]
    staged = ["--cached"] if tree and not tree.commit else []
    diff = ("diff", "-z", "--raw", "--relative", "--no-renames", *staged, *sides, "--")
    with copied_index(root) as env:
        # Without it git names files whose line ends it would convert.
        fields = _listed(root, env, "-c", "diff.autoRefreshIndex=true", *diff)
        new = [] if tree else _listed(root, env, "ls-files", "--others", "--exclude-standard", "-z")
    how = dict(zip(fields[1::2], fields[::2], strict=True))
    return _Changes(
        names=frozenset({*how, *(name.rstrip("/") for name in new)}),
        gone=frozenset(name for name, about in how.items() if about.endswith("D")),
        links=any(_LINK in about.lstrip(":").split()[:2] for about in how.values()),
    )


def _listed(root: Path, env: Mapping[str, str], *args: str) -> list[str]:
    reply = ask(root, *args, env=env)
    if reply.refusal is not None:
        raise UsageError(f"{root}: git cannot say what changed ({reply.refusal}); see `git status`.")
    return reply.text.split("\0")[:-1]
