"""What to do with a plan, given what GitHub holds: create a proposal, update it, leave everything alone, or refuse."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.proposal.paths import history_path
from opro_action.report.description import state
from opro_action.report.marker import read_marker
from opro_action.search.plan import Plan, PlanFile
from opro_action.suite import prompt_yml_file
from opro_action.suite.discovery import is_prompt_yml
from opro_action.suite.prompt import Prompt
from opro_action.suite.prompt_file import prompt_of

_TRAILER = re.compile(r"^Opro-(Candidate|Base|Tree): ([0-9a-f]{40,64})$", re.MULTILINE)


@dataclass(frozen=True)
class BaseFile:
    """A file of the base branch: its bytes and its git mode ("100644", "100755", "120000" for a link)."""

    content: bytes
    mode: str = "100644"


@dataclass(frozen=True)
class Branch:
    """The commit at the tip of the proposal's branch."""

    tip: str
    tree: str
    parents: tuple[str, ...]
    message: str

    @property
    def ours(self) -> bool:
        """Whether the tip is just what we built: one commit, on the base and with the tree that its message names.

        A commit on top, an amended file or a rebase by someone else each breaks one of the two.
        """
        built = self._trailers
        return self.parents == (built.get("Base"),) and self.tree == built.get("Tree")

    @property
    def candidate(self) -> str | None:
        return self._trailers.get("Candidate")

    @property
    def _trailers(self) -> dict[str, str]:
        return dict(_TRAILER.findall(self.message))


@dataclass(frozen=True)
class Pull:
    """A pull request from the proposal's branch. `head` is its last commit, `closed_at` a date and time in UTC."""

    number: int
    url: str
    base: str
    body: str
    open: bool = True
    merged: bool = False
    draft: bool = False
    head: str = ""
    closed_at: str = ""

    def turned_down_for(self, base: str) -> bool:
        """Whether a person closed it without merging it, where it was for the branch `base`."""
        return not self.open and not self.merged and self.base == base

    @property
    def state(self) -> Mapping[str, Any] | None:
        return read_marker(self.body)


@dataclass(frozen=True)
class Facts:
    """What GitHub held when it was asked. `files` has the plan's paths, None for a file that base does not have."""

    base: str
    base_tip: str
    files: Mapping[str, BaseFile | None]
    branch_name: str
    branch: Branch | None = None
    pulls: tuple[Pull, ...] = ()


@dataclass(frozen=True)
class Create:
    """Open a pull request; `build` is False when the branch already holds just this commit."""

    build: bool = True


@dataclass(frozen=True)
class Update:
    """Rebuild the branch on the base's tip, and rewrite this pull request."""

    pull: Pull


@dataclass(frozen=True)
class Leave:
    """Write nothing, for this reason; `pull` is the pull request that the reason is about."""

    reason: str
    pull: Pull | None = None


@dataclass(frozen=True)
class Refuse:
    """Write nothing, and fail with this sentence: the plan no longer fits the repository."""

    reason: str


Decision = Create | Update | Leave | Refuse


def decide(facts: Facts, plan: Plan) -> Decision:
    """The one place that knows when to write to GitHub."""
    if facts.branch_name == facts.base:
        return Leave(f"{facts.base} is itself the branch of a proposal for this prompt")
    if _base_has_it(facts, plan):
        return Leave(f"{facts.base} already has this text of {plan.prompt}")
    if changed := _changed(facts, plan):
        return Refuse(f"{changed} has changed on {facts.base} since this was measured; nothing was done, search again.")
    if _changes_more_than_the_text(facts, plan):
        what = f"the plan's new {plan.prompt} changes more than the prompt's text"
        return Refuse(f"{what}; nothing was done, search again.")
    if rejected := _closed_by_person(facts, plan):
        return Leave(f"a person closed pull request #{rejected.number} with this very text", rejected)
    opened = _opened(facts)
    if facts.branch and not facts.branch.ours:
        return Leave(f"the branch {facts.branch_name} has commits that opro did not make", opened)
    if opened is None:
        return Create(build=not _up_to_date(facts, plan))
    if opened.base != facts.base:
        return Leave(f"pull request #{opened.number} already proposes this prompt for {opened.base}", opened)
    if opened.state == state(plan) and _up_to_date(facts, plan):
        return Leave(f"pull request #{opened.number} already has this text and this evidence", opened)
    return Update(opened)


def prompt_in(file: BaseFile, path: str) -> Prompt:
    """The prompt in a file that the repository has at `path`; raises FileError when there is none."""
    read = prompt_yml_file.prompt_of if is_prompt_yml(Path(path)) else prompt_of
    return read(file.content, Path(path))


def new_files(facts: Facts, plan: Plan) -> dict[str, BaseFile]:
    """The files to commit, without those that are equal; a history that grew on the base keeps what it has there."""
    wanted = {file.path: _new_file(facts, plan, file) for file in plan.files}
    return {path: file for path, file in wanted.items() if file != facts.files.get(path)}


def _new_file(facts: Facts, plan: Plan, file: PlanFile) -> BaseFile:
    base, content = facts.files.get(file.path), file.content.encode()
    if base is None:
        return BaseFile(content)
    if file.path == history_path(plan) and _sha256(base) != file.before_sha256:
        content = _union(base.content, content)
    return BaseFile(content, base.mode)


def _union(base: bytes, ours: bytes) -> bytes:
    """The lines of `base`, then those of `ours` that it lacks: as git's union merge joins logs that only grow."""
    kept = base.splitlines()
    have = set(kept)
    lines = kept + [line for line in ours.splitlines() if line not in have]
    return b"".join(line + b"\n" for line in lines)


def _changed(facts: Facts, plan: Plan) -> str:
    """The first file whose bytes on the base are not those that were measured; a history may have grown."""
    for file in plan.files:
        base = facts.files.get(file.path)
        if base and not base.mode.startswith("100"):
            return file.path
        same = _sha256(base) == file.before_sha256 or (base is not None and base.content == file.content.encode())
        if file.path != history_path(plan) and not same:
            return file.path
    return ""


def _base_has_it(facts: Facts, plan: Plan) -> bool:
    prompt, content = facts.files.get(plan.prompt), _proposed(plan)
    return prompt is not None and content is not None and prompt.content == content


def _changes_more_than_the_text(facts: Facts, plan: Plan) -> bool:
    """Whether the new prompt file differs from the base's in more than the text that was measured."""
    base, content = facts.files.get(plan.prompt), _proposed(plan)
    if base is None or content is None:
        return False
    return content != prompt_in(base, plan.prompt).with_text(plan.best["text"])


def _proposed(plan: Plan) -> bytes | None:
    """The new bytes of the prompt file."""
    return next((file.content.encode() for file in plan.files if file.path == plan.prompt), None)


def _opened(facts: Facts) -> Pull | None:
    """The open pull request from the branch; a person may have opened a second one, for another base."""
    still = sorted((pull for pull in facts.pulls if pull.open), key=lambda pull: pull.base != facts.base)
    return next(iter(still), None)


def _closed_by_person(facts: Facts, plan: Plan) -> Pull | None:
    for pull in facts.pulls:
        if pull.turned_down_for(facts.base) and (pull.state or {}).get("candidate") == plan.best["digest"]:
            return pull
    return None


def _up_to_date(facts: Facts, plan: Plan) -> bool:
    branch = facts.branch
    return bool(
        branch and branch.ours and branch.parents == (facts.base_tip,) and branch.candidate == plan.best["digest"]
    )


def _sha256(file: BaseFile | None) -> str | None:
    return hashlib.sha256(file.content).hexdigest() if file else None
