"""Two hundred random orders of what searches, people and a failing server do: what must never happen, does not."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
from fake_github import FakeGitHub, Fault
from plans import BASE_FILES, BASELINE, HISTORY, PROMPT, a_plan, sha256, unproven

from opro_action.errors import OproError
from opro_action.proposal.propose import open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.report.marker import read_marker
from opro_action.search.plan import Plan, PlanFile
from opro_action.suite.prompt import digest

BRANCH, REF = "opro/languages", "refs/heads/opro/languages"
ALLOWED = {PROMPT, HISTORY, BASELINE}
TEXTS = [f"Name the language, way {number}." for number in range(4)]
CALLS = [
    ("GET", ".*"), ("POST", "/git/blobs"), ("POST", "/git/trees"), ("POST", "/git/commits"), ("POST", "#updateRefs"),
    ("POST", "/pulls$"), ("PATCH", "/pulls/"), ("POST", "/labels"), ("POST", "#convertPullRequestToDraft"),
]  # fmt: skip


class World:
    """One repository, and what people did to it: `theirs` are their commits on the branch, `rejected` closed texts."""

    def __init__(self, hub: FakeGitHub, seed: int) -> None:
        self.hub, self.dice = hub, random.Random(seed)
        self.main = hub.push("main", BASE_FILES)
        self.theirs: set[str] = set()
        self.rejected: set[str] = set()
        self.plan = self.searched()
        self.steps = [
            self.search, self.search, self.search, self.run_again, self.move_base, self.force_base, self.edit_prompt,
            self.commit_on_branch, self.delete_branch, self.close, self.reopen, self.squash, self.merge, self.fault,
            self.fault, self.meddle,
        ]  # fmt: skip

    def searched(self) -> Plan:
        """A plan made of what main holds now."""
        files = self.hub.objects.files("refs/heads/main")
        seed, history = files[PROMPT].decode().rstrip("\n"), files[HISTORY].decode()
        best = self.dice.choice([text for text in TEXTS if text != seed])
        line = f'{{"digest": "{digest(best)}", "score": 0.8}}\n'
        plan = a_plan(best, seed)
        wanted = (
            PlanFile(PROMPT, f"{best}\n", sha256(files[PROMPT].decode())),
            PlanFile(HISTORY, history + line, sha256(history)),
        )
        plan = Plan(**{**plan.__dict__, "files": wanted})
        return unproven(plan) if self.dice.random() < 0.3 else plan

    def propose(self) -> None:
        settings = ProposeSettings(repository="octo/prompts", token="secret", api_url=self.hub.api_url, pause=0)
        before, rejected = len(self.hub.pulls), set(self.rejected)
        with suppress(OproError):
            open_proposal(self.plan, settings=settings)
        for pull in self.hub.pulls[before:]:
            assert _candidate(pull["body"]) not in rejected, "a person closed this text"

    def search(self) -> None:
        self.plan = self.searched()
        self.propose()

    def run_again(self) -> None:
        self.propose()

    def move_base(self) -> None:
        self.main = self.hub.push("main", {"README.md": f"{self.dice.random()}\n"})

    def force_base(self) -> None:
        parents = self.hub.objects.commit(self.main)["parents"]
        self.main = self.hub.push("main", {"README.md": f"{self.dice.random()}\n"}, onto=parents[0] if parents else "")

    def edit_prompt(self) -> None:
        self.main = self.hub.push("main", {PROMPT: f"By hand, {self.dice.random()}.\n"})

    def commit_on_branch(self) -> None:
        if self.hub.tip(BRANCH):
            self.theirs.add(self.hub.push(BRANCH, {PROMPT: f"Touched up, {self.dice.random()}.\n"}))

    def delete_branch(self) -> None:
        if self.hub.tip(BRANCH):
            self.hub.objects.set_ref(REF, None)
            self.theirs.clear()
            for pull in self.hub.open_pulls:
                self.rejected.add(_candidate(pull["body"]))
            self.hub.settle()

    def close(self) -> None:
        for pull in self.hub.open_pulls:
            self.hub.close(pull["number"])
            self.rejected.add(_candidate(pull["body"]))

    def reopen(self) -> None:
        for pull in self.hub.pulls:
            if pull["state"] == "closed" and self.hub.reopen(pull["number"]):
                self.rejected.discard(_candidate(pull["body"]))

    def squash(self) -> None:
        for pull in self.hub.open_pulls:
            self.main = self.hub.squash(pull["number"])

    def merge(self) -> None:
        for pull in self.hub.open_pulls:
            self.main = self.hub.merge(pull["number"])

    def fault(self) -> None:
        method, path = self.dice.choice(CALLS)
        status, done = self.dice.choice([500, 403, 422, 0]), self.dice.random() < 0.4
        self.hub.faults.append(Fault(method, path, status, "no", times=self.dice.randint(1, 5), done=done))
        self.search()
        self.hub.faults.clear()

    def meddle(self) -> None:
        """A person, or another run, does something in the middle of a run."""
        method, path = self.dice.choice(CALLS)
        other = self.dice.choice([self.commit_on_branch, self.move_base, self.close, self.squash, self.search])
        self.hub.before(method, path, other)
        self.search()
        self.hub.faults.clear()

    def check(self) -> None:
        hub, tip = self.hub, self.hub.tip(BRANCH)
        assert hub.tip("main") == self.main, "only people move the base"
        assert len(hub.open_pulls) <= 1
        assert hub.emptied == []
        reachable = set(hub.objects.ahead("0" * 40, tip)) if tip else set()
        assert self.theirs <= reachable, "a person's commit is gone"
        for sha in reachable:
            commit = hub.objects.commit(sha)
            if commit["author"]["name"] == "github-actions[bot]":
                before, after = hub.objects.files(commit["parents"][0]), hub.objects.files(sha)
                assert {path for path in before | after if before.get(path) != after.get(path)} <= ALLOWED


def _candidate(body: str) -> str:
    return str((read_marker(body) or {}).get("candidate"))


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_no_order_of_events_breaks_a_promise(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + 20):
        with FakeGitHub(tmp_path / f"{seed}.git") as hub:
            world = World(hub, seed)
            for step in world.dice.choices(world.steps, k=10):
                step()
                world.check()
            assert hub.objects.fsck() == "", seed
