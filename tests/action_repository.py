"""A repository with one prompt whose model is scripted: how often it is right stands in the prompt."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import yaml
from act_runner import ACTION, PROJECT, checkout_of
from builders import write
from fake_github import FakeGitHub
from repositories import git
from servers import ModelServer, Reply, last_user_message

from opro_action.gate.baseline import as_text, baseline_of
from opro_action.gate.fingerprint import fingerprint
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Request
from opro_action.models.scripted import ScriptedModel
from opro_action.scoring.results import SuiteResult
from opro_action.scoring.runner import Bench, score_cases
from opro_action.suite.reading import read_suite

LABELS = ("billing", "bug", "feature")
GOOD, WORSE = "Route the ticket. Quality 85.\n", "Route the ticket, briefly. Quality 40.\n"
PROMPT, SUITE = "prompts/routing.md", "evals/routing.yaml"
FIELDS: dict[str, Any] = {
    "description": "Route a support ticket.",
    "prompt": "../prompts/routing.md",
    "model": "openai/gpt-4.1-mini",
    "params": {"temperature": 0},
    "scorers": [{"choice": {"of": list(LABELS)}}],
    "optimize": {"model": "openai/gpt-4.1", "steps": 2, "candidates": 3, "max_calls": 2000},
    "cases": [{"id": f"c{i}", "input": f"this is the ticket {i}", "expected": LABELS[i % 3]} for i in range(50)],
}
NO_RECIPE = "OWNER/opro-action@" + "0" * 40


def answered(prompt: str, ticket: str) -> str:
    """The task model's answer."""
    found, number = re.search(r"Quality (\d+)", prompt), int(ticket.split()[-1])
    return LABELS[number % 3] if number * 37 % 100 < int(found[1] if found else 10) else "no idea"


def served(asked: dict[str, Any]) -> str | Reply:
    """What the model server answers: the writer's candidates are good ones, whatever it is told."""
    if asked["model"] == "gpt-4.1":
        return (
            f"<prompt>Route the ticket to one team. Quality {94 + len(asked['messages'][-1]['content']) % 5}.</prompt>"
        )
    return answered(asked["messages"][0]["content"], last_user_message(asked))


def models_at(server: ModelServer) -> dict[str, str]:
    """The variables of a run that ask `server`."""
    return {"OPRO_API_BASE": server.url, "OPRO_OPTIMIZER_API_BASE": server.url}


def accepted_files(folder: Path) -> dict[str, str]:
    """The repository's files with a good prompt and its recorded baseline."""
    write(folder / PROMPT, GOOD)
    suite = read_suite(write(folder / SUITE, yaml.safe_dump(FIELDS, sort_keys=False)), root=folder)
    model = ScriptedModel(lambda request: _said(request))
    models = Models(budget=Budget(), cache=None, backend=lambda spec: model)
    bench = Bench.of(suite, models.connect(suite.model, "task"), lambda spec: models.connect(spec, "judge"))
    results = asyncio.run(score_cases(bench, suite.prompt.text, suite.cases, repeats=1))
    baseline = baseline_of(suite, SuiteResult(results), fingerprint(suite, suite.model))
    written = {path: (folder / path).read_text() for path in (PROMPT, SUITE)}
    return {**written, "evals/routing.baseline.json": as_text(baseline)}


def recipe(name: str) -> str:
    """A recipe of the documentation, with the action of this work tree."""
    text = (PROJECT / "docs/recipes" / name).read_text()
    assert NO_RECIPE in text
    return text.replace(NO_RECIPE, ACTION)


def pull_request(hub: FakeGitHub, folder: Path, prompt: str, workflow: str) -> tuple[Path, dict[str, Any]]:
    """A pull request that changes the prompt: a checkout of it and GitHub's payload."""
    hub.push("main", {**accepted_files(folder / "base"), ".github/workflows/prompts.yml": workflow})
    return opened(hub, folder, {PROMPT: prompt})


def opened(hub: FakeGitHub, folder: Path, files: dict[str, str]) -> tuple[Path, dict[str, Any]]:
    """Pull request 7 from the branch `edit`, which changes `files` of main: a checkout of it and GitHub's payload."""
    base, head = hub.tip("main"), hub.push("edit", files, onto="refs/heads/main")
    hub.pulls.append({
        "number": 7, "state": "open", "title": "Edit", "body": "", "draft": False, "head": "edit", "head_sha": head,
        "base": "main", "labels": [], "reviewers": [], "merged_at": None, "closed_at": None,
    })  # fmt: skip
    checkout = checkout_of(hub, folder / "pull-request")
    git(checkout, "checkout", "--quiet", "edit")
    repository = {"full_name": "octo/prompts", "default_branch": "main", "name": "prompts", "owner": {"login": "octo"}}
    pull = {
        "number": 7, "head": {"ref": "edit", "sha": head, "repo": {"full_name": "octo/prompts"}},
        "base": {"ref": "main", "sha": base}, "draft": False, "user": {"login": "ann"}, "labels": [],
    }  # fmt: skip
    return checkout, {"action": "synchronize", "number": 7, "pull_request": pull, "repository": repository}


def on_main(hub: FakeGitHub, folder: Path, prompt: str, workflow: str) -> Path:
    """A checkout of main, whose prompt is `prompt` beside the baseline of the good one."""
    files = {**accepted_files(folder / "base"), ".github/workflows/prompts.yml": workflow}
    hub.push("main", {**files, PROMPT: prompt})
    return checkout_of(hub, folder / "checkout")


def _said(request: Request) -> str:
    return answered(request.messages[0].content, request.messages[-1].content)
