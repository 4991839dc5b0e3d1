"""What people closed: read from a GitHub-shaped server before a search, and what the search makes of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from act_runner import checkout_of
from action_world import comment_payload, pull_payload, run_env
from builders import write_suite
from command_line import opro
from fake_github import FakeGitHub
from plans import BASE_FILES, BEST_TEXT, HISTORY, PROMPT, a_plan, unproven
from repositories import git
from servers import ModelServer, last_user_message

from opro_action.action.declined import declined
from opro_action.action.environment import publisher_environment
from opro_action.proposal.client import connect
from opro_action.proposal.closed import closed_versions
from opro_action.proposal.propose import open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.report.marker import marker
from opro_action.search.candidates import TURNED_DOWN
from opro_action.search.history import Version
from opro_action.search.plan import Plan, read_plan
from opro_action.search.prepare import prepare
from opro_action.suite.prompt import digest
from opro_action.suite.reading import read_suite

BRANCH, SUITE = "opro/languages", "evals/languages.yaml"
OTHER_TEXT = "Which language is this?"
CASES = [
    {"id": f"c{i}", "input": f"this is the sentence {i}", "expected": ("en", "de", "fr")[i % 3]} for i in range(50)
]


def settings(hub: FakeGitHub, base: str | None = None) -> ProposeSettings:
    return ProposeSettings(repository="octo/prompts", token="secret", api_url=hub.api_url, base=base, pause=0)


def closed(hub: FakeGitHub, plan: Plan, *, base: str | None = None) -> dict[str, Any]:
    """The pull request of a plan, opened and closed by a person."""
    number = open_proposal(plan, settings=settings(hub, base)).number
    assert number is not None
    hub.close(number)
    return hub.pull(number)


def known(hub: FakeGitHub, base: str = "main") -> tuple[Version, ...]:
    return closed_versions(connect(settings(hub)), PROMPT, base=base)


def texts(hub: FakeGitHub, base: str = "main") -> list[str]:
    return [version.text for version in known(hub, base)]


def test_the_texts_of_closed_proposals_are_known_with_their_scores_oldest_first(hub: FakeGitHub) -> None:
    closed(hub, a_plan())
    closed(hub, unproven(a_plan(OTHER_TEXT)))
    first, second = known(hub)
    assert (first.text, first.digest, second.text) == (BEST_TEXT, digest(BEST_TEXT), OTHER_TEXT)
    assert (first.evidence, first.score, first.n, first.split) == ("declined", 0.81, 26, "holdout")
    assert first.at == "2026-01-02T00:00:00Z"


def test_open_and_merged_ones_are_not_turned_down(hub: FakeGitHub) -> None:
    open_proposal(a_plan(), settings=settings(hub))
    assert texts(hub) == []
    hub.squash(1)
    assert texts(hub) == []


def test_one_that_was_opened_again_is_not_turned_down(hub: FakeGitHub) -> None:
    closed(hub, a_plan())
    assert hub.reopen(1)
    assert texts(hub) == []


def test_one_for_another_branch_says_nothing_about_this_one(hub: FakeGitHub) -> None:
    hub.push("edit", {"README.md": "edited\n"}, onto="refs/heads/main")
    closed(hub, a_plan(), base="edit")
    assert (texts(hub), texts(hub, "edit")) == ([], [BEST_TEXT])


def test_a_forks_branch_of_the_same_name_turns_nothing_down(hub: FakeGitHub) -> None:
    closed(hub, a_plan())["head_repo"] = {"full_name": "octo/prompts-fork"}
    assert texts(hub) == []


def test_a_text_that_is_not_the_one_that_the_description_names_does_not_count(hub: FakeGitHub) -> None:
    open_proposal(a_plan(), settings=settings(hub))
    hub.push(BRANCH, {PROMPT: "A person's own words.\n"})
    hub.close(1)
    assert texts(hub) == []


@pytest.mark.parametrize(
    "evidence", [None, [], {}, {"best": "0.5", "cases": 26}, {"best": 7, "cases": 26}, {"best": 0.5, "cases": -1}]
)
def test_a_description_that_a_person_rewrote_is_passed_over(hub: FakeGitHub, evidence: object) -> None:
    pull = closed(hub, a_plan())
    pull["body"] = marker({"prompt": PROMPT, "candidate": digest(BEST_TEXT), "evidence": evidence})
    closed(hub, a_plan(OTHER_TEXT))
    assert texts(hub) == [OTHER_TEXT]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\n", "\n"])
def test_a_commit_without_a_prompt_is_passed_over(hub: FakeGitHub, content: bytes | str | None) -> None:
    open_proposal(a_plan(), settings=settings(hub))
    hub.push(BRANCH, {PROMPT: content})
    hub.close(1)
    assert texts(hub) == []


def test_a_commit_that_is_gone_is_passed_over(hub: FakeGitHub) -> None:
    closed(hub, a_plan())["head_sha"] = "f" * 40
    closed(hub, a_plan(OTHER_TEXT))
    assert texts(hub) == [OTHER_TEXT]


def test_of_many_only_the_newest_twenty_are_looked_at(hub: FakeGitHub) -> None:
    pull = closed(hub, a_plan())
    hub.pulls += [{**pull, "number": number} for number in range(2, 120)]
    hub.requests.clear()
    assert texts(hub) == [BEST_TEXT]
    assert sum("/git/commits/" in request.path for request in hub.requests) == 20
    assert hub.writes == []


class World:
    """A repository with one suite on the fake GitHub, and the step of the action in fresh checkouts of it."""

    def __init__(self, hub: FakeGitHub, folder: Path, server: ModelServer | None = None) -> None:
        self.hub, self.folder, self.numbers = hub, folder, count(1)
        where = {"api_base": server.url} if server else {}
        written = folder / "written"
        write_suite(
            written, name="languages", prompt=BASE_FILES[PROMPT], model="openai/task",
            params={"temperature": 0, **where}, cases=CASES, scorers={"choice": {"of": ["en", "de", "fr"]}},
            optimize={"model": "openai/writer", "steps": 2, "candidates": 4, "holdout": 0.4,
                      "params": {"temperature": 1.0, **where}},
        )  # fmt: skip
        hub.push("main", {path: (written / path).read_bytes() for path in (PROMPT, SUITE)} | {HISTORY: None})

    def checkout(self, monkeypatch: pytest.MonkeyPatch) -> Path:
        found = checkout_of(self.hub, self.folder / f"checkout-{next(self.numbers)}")
        monkeypatch.chdir(found)
        return found

    def env(self, name: str = "workflow_dispatch", payload: Mapping[str, Any] | None = None, **more: str) -> Any:
        event = self.folder / "event.json"
        event.write_text(json.dumps(payload or {}))
        env = run_env(name, GITHUB_EVENT_PATH=str(event), GITHUB_TOKEN="secret", GITHUB_REPOSITORY="octo/prompts")
        return {**env, "GITHUB_API_URL": self.hub.api_url, "OPRO_INPUT_MODE": "auto", **more}

    def ask(self, name: str = "workflow_dispatch", payload: Mapping[str, Any] | None = None, **more: str) -> None:
        assert declined(self.env(name, payload, **more), pause=0) == 0


@pytest.fixture
def world(hub: FakeGitHub, tmp_path: Path) -> World:
    return World(hub, tmp_path)


def test_the_step_leaves_closed_texts_where_the_search_reads_them(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed(world.hub, a_plan())
    checkout = world.checkout(monkeypatch)
    world.ask(OPRO_INPUT_SUITES=SUITE)
    assert prepare(read_suite(Path(SUITE))).declined == (BEST_TEXT,)
    assert f"{PROMPT}: 1 text of closed proposals will not be tried again" in capsys.readouterr().out
    assert git(checkout, "status", "--porcelain") == ""


def test_what_was_opened_again_is_forgotten_by_the_next_run_on_the_same_machine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(world.hub, a_plan())
    world.checkout(monkeypatch)
    world.ask()
    world.hub.reopen(1)
    world.ask()
    assert prepare(read_suite(Path(SUITE))).declined == ()


@pytest.mark.parametrize(
    ("name", "payload", "more"),
    [
        ("pull_request", pull_payload(fork=True), {"OPRO_INPUT_MODE": "optimize", "OPRO_INPUT_BASE": "main"}),
        ("pull_request", pull_payload(draft=True), {}),
        ("workflow_dispatch", {}, {"OPRO_INPUT_MODE": "check"}),
        ("workflow_dispatch", {}, {"GITHUB_TOKEN": ""}),
        ("workflow_dispatch", {}, {"GITHUB_REF_TYPE": "tag"}),
        ("workflow_dispatch", {}, {"OPRO_INPUT_SUITES": "evals/none.yaml"}),
        ("workflow_dispatch", {}, {"OPRO_INPUT_MODE": "serach"}),
        ("issue_comment", comment_payload(), {}),
    ],
)
def test_nothing_is_asked_where_nothing_can_be_searched_or_proposed(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, payload: Any, more: Mapping[str, str]
) -> None:
    world.checkout(monkeypatch)
    world.ask(name, payload, **more)
    assert world.hub.requests == []


def test_a_writers_command_is_one_to_search(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    closed(world.hub, a_plan())
    checkout = world.checkout(monkeypatch)
    head = {"GITHUB_SHA": git(checkout, "rev-parse", "HEAD"), "OPRO_ASKER_PERMISSION": "write"}
    env = publisher_environment(world.env("issue_comment", comment_payload(), **head))
    assert declined(env, pause=0) == 0
    assert prepare(read_suite(Path(SUITE))).declined == (BEST_TEXT,)


@pytest.mark.parametrize("status", [403, 404, 500, 0])
def test_what_cannot_be_read_is_one_warning_and_stops_no_search(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    world.checkout(monkeypatch)
    world.hub.fail("GET", "/pulls$", status, "Resource not accessible by integration", times=9)
    world.ask()
    out = capsys.readouterr().out
    assert out.count("::warning::It is not known which proposals people closed") == 1
    assert "`pull-requests: read`" in out
    assert prepare(read_suite(Path(SUITE))).declined == ()


def test_the_process_with_the_token_has_no_model_library_and_no_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(world.hub, a_plan())
    world.checkout(monkeypatch)
    script = """
import json, os, sys
from opro_action.action.__main__ import main
assert main(["declined"], os.environ) == 0
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
    env = publisher_environment({**world.env(), "PATH": "/usr/bin:/bin", "OPENAI_API_KEY": "key-of-the-model"})
    done = subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True)
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "github" in imported
    assert not {"litellm", "xllamacpp", "openai"} & imported
    assert "OPENAI_API_KEY" not in env
    assert prepare(read_suite(Path(SUITE))).declined == (BEST_TEXT,)


def answer(asked: dict[str, Any]) -> str:
    """A writer with four wordings, of which the last is the best, and a task model that is as good as they say."""
    if asked["model"] == "writer":
        return f"<prompt>Quality {60 + 10 * (sum(str(asked['messages']).encode()) % 4)}.</prompt>"
    prompt, number = asked["messages"][0]["content"], int(last_user_message(asked).split()[-1])
    found = re.search(r"Quality (\d+)", prompt)
    return ("en", "de", "fr")[number % 3] if number * 37 % 100 < int(found[1] if found else 20) else "no idea"


def test_a_closed_winner_is_not_found_again_and_the_next_proposal_carries_that_into_the_repository(
    hub: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(answer) as server:
        world = World(hub, tmp_path, server)
        first = searched(world.checkout(monkeypatch), capsys)
        closed(hub, first)
        checkout = world.checkout(monkeypatch)
        world.ask()
        second = searched(checkout, capsys)

    assert second.best["text"] != first.best["text"]
    rejected = [one["text"] for one in second.result["candidates"] if one.get("rejected") == TURNED_DOWN]
    assert rejected
    assert set(rejected) == {first.best["text"]}
    report = (checkout / "summary.md").read_text()
    assert f"turned down by people before: 1 text; {len(rejected)} candidate" in report
    assert open_proposal(second, settings=settings(hub)).number == 2
    assert f"{len(rejected)} × {TURNED_DOWN}" in hub.pull(2)["body"]

    hub.squash(2)
    hub.pulls.clear()
    world.checkout(monkeypatch)
    assert prepare(read_suite(Path(SUITE))).declined == (first.best["text"],)


def searched(checkout: Path, capsys: pytest.CaptureFixture[str]) -> Plan:
    """The plan of a search in a checkout, which leaves its report in `summary.md`."""
    files = [f"--output={checkout / 'result.json'}", f"--summary={checkout / 'summary.md'}"]
    code, _, err = opro(capsys, "optimize", "--format=json", *files, SUITE)
    assert code == 0, err
    return read_plan(checkout / json.loads((checkout / "result.json").read_text())["run"] / "plan.json")
