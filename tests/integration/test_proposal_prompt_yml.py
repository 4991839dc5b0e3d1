"""A search on a `.prompt.yml`, and its proposal on a GitHub-shaped server: only the message's own bytes change."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from builders import write
from fake_github import FakeGitHub

from opro_action.errors import UsageError
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Request
from opro_action.models.scripted import ScriptedModel
from opro_action.proposal.propose import open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.search.plan import Plan, PlanFile, read_plan
from opro_action.search.prepare import prepare
from opro_action.search.run import new_run, run
from opro_action.suite.prompt_yml import read_prompt_yml

LABELS = ("billing", "bug", "feature")
NAME = "prompts/triage.prompt.yml"
HEAD = """# Kept by the support team.
name: Triage
model: scripted/task
modelParameters: {temperature: 0}   # the same answer each time
optimize: {model: scripted/writer, steps: 2, candidates: 3}
messages:
  - role: system
    content: |
      Say something.
      At once.

  # the ticket
  - {role: user, content: "{{input}}"}
evaluators:
  - {name: the label, string: {equals: "{{expected}}"}}
testData:
"""
CASES = [f"  - {{input: this is the ticket {number}, expected: {LABELS[number % 3]}}}\n" for number in range(40)]
FILE = HEAD + "".join(CASES)


def world() -> Callable[[Request], str]:
    """A writer whose prompts get better, and a task model that is right as often as its prompt says."""
    qualities = itertools.count(60, 10)

    def answer(request: Request) -> str:
        if request.model == "scripted/writer":
            return f'<prompt>\nQuality {next(qualities)}.\nWhatever: \\ "you" say.\n</prompt>'
        found = re.search(r"Quality (\d+)", request.messages[0].content)
        number = int(request.messages[-1].content.split()[-1])
        return LABELS[number % 3] if number * 37 % 100 < int(found[1] if found else 10) else "no idea"

    return answer


def searched(folder: Path, content: bytes) -> Plan:
    """The plan that a search on the file leaves."""
    suite = read_prompt_yml(write(folder / NAME, content), folder)
    models = Models(budget=Budget(), cache=None, backend=lambda spec: ScriptedModel(answer))
    answer = world()
    finished = asyncio.run(run(prepare(suite), models, new_run(suite), command="opro optimize", say=lambda line: None))
    return read_plan(finished.plan_path)


def propose(hub: FakeGitHub, plan: Plan) -> None:
    open_proposal(
        plan, settings=ProposeSettings(repository="octo/prompts", token="secret", api_url=hub.api_url, pause=0)
    )


@pytest.mark.parametrize("content", [FILE.encode(), b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode()])
def test_a_proposal_changes_the_message_and_leaves_every_other_byte(tmp_path: Path, content: bytes) -> None:
    plan = searched(tmp_path / "work", content)
    with FakeGitHub(tmp_path / "repo.git") as hub:
        hub.push("main", {NAME: content, "README.md": "hello\n"})
        propose(hub, plan)
        base, head = hub.objects.files("refs/heads/main"), hub.objects.files(f"refs/heads/{hub.pull(1)['head']}")

    changed = {path: data for path, data in head.items() if data != base.get(path)}
    assert set(changed) == {NAME, "prompts/triage.prompt.history.jsonl", "prompts/triage.prompt.baseline.json"}
    end = b"\r\n" if b"\r" in content else b"\n"
    old = end.join([b"|", b"      Say something.", b"      At once."])
    new = end.join([b"|", f"      {plan.best['text'].splitlines()[0]}".encode(), b'      Whatever: \\ "you" say.'])
    assert changed[NAME] == content.replace(old, new)


def test_the_proposed_file_is_the_text_that_was_measured(tmp_path: Path) -> None:
    plan = searched(tmp_path, FILE.encode())
    [file] = [file for file in plan.files if file.path == NAME]

    suite = read_prompt_yml(write(tmp_path / NAME, file.content), tmp_path)

    assert (suite.prompt.text, suite.prompt.digest) == (plan.best["text"], plan.best["digest"])


def test_a_plan_whose_file_has_another_text_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    plan = searched(tmp_path / "work", FILE.encode())
    files = [replace(file, content=FILE + "# Quality 99.\n") if file.path == NAME else file for file in plan.files]
    with FakeGitHub(tmp_path / "repo.git") as hub:
        with pytest.raises(UsageError, match="does not hold the text that was measured"):
            propose(hub, replace(plan, files=tuple[PlanFile, ...](files)))
        assert hub.requests == []
