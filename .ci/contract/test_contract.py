"""What we send to GitHub and what the fake answers, held against GitHub's own descriptions; the charts against Mermaid.

Run by `.ci/run` with `npm ci` done in this folder: `pytest .ci/contract`.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from model_texts import TOKEN, nasty, with_model_text
from plans import BASE_FILES, PROMPT, a_plan, unproven
from spec import write_cut

from opro_action.errors import OproError
from opro_action.proposal.client import connect
from opro_action.proposal.closed import closed_versions
from opro_action.proposal.comments import may_write, pull_of_branch, write_comment
from opro_action.proposal.propose import open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.report.description import body
from opro_action.report.mermaid import xychart

HERE = Path(__file__).parent
CHART = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "repo.git") as hub:
        hub.push("main", BASE_FILES)
        yield hub


@pytest.fixture
def settings(hub: FakeGitHub, tmp_path: Path) -> Iterator[ProposeSettings]:
    """The way to the fake GitHub through a proxy that refuses what is not as GitHub describes it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    write_cut(tmp_path / "spec.json")
    prism = HERE / "node_modules/.bin/prism"
    log = tmp_path / "prism.log"
    command = [prism, "proxy", tmp_path / "spec.json", hub.api_url, "--errors", "--port", str(port)]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as proxy:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, log)
        hub.url = hub.api_url = url  # the addresses in its answers lead through the proxy too
        hub.api = f"{url}/repos/{hub.owner}/{hub.name}"
        yield ProposeSettings(repository="octo/prompts", token="secret", api_url=url, pause=0)
        proxy.terminate()


def _wait_for(url: str, log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_the_proxy_refuses_what_github_does_not_describe(hub: FakeGitHub, settings: ProposeSettings) -> None:
    repo = connect(settings)
    with pytest.raises(Exception, match="title"):
        repo.requester.requestJsonAndCheck("POST", f"{repo.url}/pulls", input={"head": "a", "base": 7})
    assert not [request for request in hub.requests if request.path.endswith("/pulls")]


def test_every_request_and_every_answer_is_as_github_describes_it(hub: FakeGitHub, settings: ProposeSettings) -> None:
    """All calls that we make: create, update, draft and back, labels and reviewers, close, what was closed, comment."""
    asked = replace(settings, reviewers=("octocat",))
    assert open_proposal(unproven(a_plan()), settings=asked).warnings == ()
    ready = open_proposal(a_plan("Which language is this?"), settings=asked)
    assert (ready.operation, ready.warnings) == ("updated", ())
    again = open_proposal(unproven(a_plan("In which language is this?")), settings=asked)
    assert (again.operation, again.warnings) == ("updated", ())
    hub.close(1)
    assert open_proposal(a_plan("What language is it?"), settings=settings).number == 2
    hub.unknown_fields = {"updateRefs"}
    assert open_proposal(a_plan("Language?"), settings=settings).operation == "updated"
    hub.objects.set_ref("refs/heads/opro/languages", None)
    hub.settle()
    assert open_proposal(a_plan("The language, please."), settings=settings).number == 3

    repo = connect(settings)
    turned_down = [version.text for version in closed_versions(repo, PROMPT, base="main")]
    assert turned_down == ["In which language is this?", "Language?"]
    written = [write_comment(repo, 3, text, ours=lambda _: True) for text in ("one", "two", "two")]
    assert written == ["created", "updated", "unchanged"]
    assert may_write(repo, "ann") == "read"
    assert pull_of_branch(repo, "octo:opro/languages", hub.pull(3)["head_sha"]) == 3
    assert [request.status for request in hub.requests if request.status >= 400] == [404] * 5
    _check_graphql(hub)


def _check_graphql(hub: FakeGitHub) -> None:
    exchanges = [
        {**request.body, "answer": request.answer} for request in hub.requests if request.path.endswith("/graphql")
    ]
    done = subprocess.run(
        ["node", HERE / "graphql.mjs"], input=json.dumps(exchanges), capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_refusals_are_as_github_describes_them_too(hub: FakeGitHub, settings: ProposeSettings) -> None:
    hub.protected.add("refs/heads/opro/languages")
    with pytest.raises(OproError, match="Repository rule violations found"):
        open_proposal(a_plan(), settings=settings)
    _check_graphql(hub)


def test_in_no_description_is_a_models_word_read_as_markdown() -> None:
    """Whatever it writes: nobody is mentioned, no issue is closed, and no HTML but our own marker is there."""
    plans = [with_model_text(nasty(seed)) for seed in range(200)] + [with_model_text("```\n@team Fixes #1\n" * 15_000)]
    texts = [body(plan) for plan in plans]
    done = subprocess.run(
        ["node", HERE / "markdown.mjs"], input=json.dumps(texts), capture_output=True, encoding="utf-8", check=True
    )
    for text, seen in zip(texts, json.loads(done.stdout), strict=True):
        assert TOKEN not in seen["outside"]
        assert not re.search(r"@\w|#\d|https?:|\bGH-\d", seen["outside"])
        assert seen["html"] == [text.splitlines()[-1]]
        assert seen["code"] > 0


def test_every_chart_is_parsed_by_mermaid() -> None:
    scores = [0.0, 1.0, 0.5, None, float("nan"), 1e-9, -0.25]
    series = [scores[:count] for count in range(1, len(scores) + 1)] + [[number / 500 for number in range(500)], [0.5]]
    nasty = 'a "quoted" `label`; %% with [brackets] {braces} <b> \\ 日本 "'
    charts = [xychart(nasty, [(nasty, score) for score in row], x_label=nasty, y_label=nasty) for row in series]
    charts = [*filter(None, charts), body(a_plan()), body(unproven(a_plan("```mermaid\nnot a chart\n```")))]
    found = [match for text in charts for match in CHART.findall(text) if match.startswith("xychart")]
    assert len(found) >= 9
    done = subprocess.run(["node", HERE / "charts.mjs"], input=json.dumps(found), capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
