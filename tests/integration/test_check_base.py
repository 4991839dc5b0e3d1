"""`opro check` in a real git repository: the base side, what is recorded and by whom, and how old it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from builders import write, write_suite
from command_line import opro
from repositories import commit, git, repository
from servers import ModelServer

from opro_action.gate.baseline import read_baseline
from opro_action.suite.schemas import schema

GOOD, BAD = "Name the team.\n", "Greet the customer.\n"


@pytest.fixture
def server() -> Any:
    def answer(asked: dict[str, Any]) -> str:
        return "bug" if asked["messages"][0]["content"] == GOOD.strip() else "hello"

    with ModelServer(answer) as running:
        yield running


def suite_in(folder: Path, server: ModelServer, *, prompt: str = GOOD, n: int = 24, **keys: Any) -> Path:
    cases = [{"id": f"c{i:02}", "input": f"ticket {i}", "expected": "bug"} for i in range(n)]
    params = {"temperature": 0, "api_base": server.url}
    return write_suite(folder, model="openai/test", params=params, cases=cases, prompt=prompt, **keys)


def checked(capsys: pytest.CaptureFixture[str], suite: Path, *options: str) -> dict[str, Any]:
    _, out, err = opro(capsys, "check", suite, "--format=json", *options)
    assert out, err
    result: dict[str, Any] = json.loads(out)
    jsonschema.validate(result, schema("result"))
    found: dict[str, Any] = result["suites"][0]
    return found


def test_an_edited_prompt_without_a_baseline_is_compared_with_the_last_commit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(repository(tmp_path), server)
    commit(tmp_path)
    before = git(tmp_path, "status", "--porcelain")
    write(tmp_path / "prompts" / "routing.md", BAD)
    found = checked(capsys, suite)

    assert (found["verdict"], found["baseline"]["ref"], found["delta"]) == ("regressed", "HEAD", -1)
    assert server.count == 48
    assert before == ""
    assert "the prompt at HEAD scored just now (no baseline is recorded)" in opro(capsys, "check", suite)[1]


def test_a_branch_is_compared_with_the_ref_that_base_names_after_a_rename_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(repository(tmp_path), server)
    commit(tmp_path)
    git(tmp_path, "switch", "--quiet", "--create", "topic")
    renamed = suite.rename(suite.with_name("tickets.yaml"))
    write(tmp_path / "prompts" / "routing.md", BAD)
    commit(tmp_path)

    assert checked(capsys, renamed)["verdict"] == "no_baseline"
    assert checked(capsys, renamed, "--base=main")["verdict"] == "regressed"


def test_a_missing_base_is_named_in_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(repository(tmp_path), server)
    commit(tmp_path)
    found = checked(capsys, suite, "--base=v9")

    assert found["verdict"] == "no_baseline"
    assert "--base v9: there is no such commit here" in found["reason"]
    assert "fetch-depth" in found["reason"]


def test_offline_the_base_comes_from_the_cache_or_is_no_baseline_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(repository(tmp_path), server)
    commit(tmp_path)
    write(tmp_path / "prompts" / "routing.md", BAD)
    opro(capsys, "check", suite, "--update-baseline")
    (suite.with_name("routing.baseline.json")).unlink()
    unknown = checked(capsys, suite, "--offline")
    checked(capsys, suite)
    known = checked(capsys, suite, "--offline")

    assert unknown["verdict"] == "no_baseline"
    assert "the prompt at HEAD could not be scored" in unknown["reason"]
    assert known["verdict"] == "regressed"


def test_a_baseline_says_when_it_was_recorded_and_with_what_fingerprint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(repository(tmp_path), server)
    opro(capsys, "check", suite, "--update-baseline")
    fresh = opro(capsys, "check", suite)[1]
    name = commit(tmp_path, "--date=2026-03-01T12:00:00Z")
    found = checked(capsys, suite)["baseline"]

    assert "recorded, not committed yet, fingerprint" in fresh
    assert found["recorded"] is not None
    assert name.startswith(found["commit"])
    assert f"fingerprint {found['fingerprint'][:8]}" in opro(capsys, "check", suite)[1]


def test_in_a_shallow_clone_an_older_baseline_has_no_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    """The oldest commit of such a clone seems to have brought every file, so that all would be as old as it."""
    suite = suite_in(repository(tmp_path / "whole"), server)
    opro(capsys, "check", suite, "--update-baseline")
    commit(tmp_path / "whole")
    write(tmp_path / "whole/prompts/other.md", "Another.\n")
    commit(tmp_path / "whole")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/whole", "shallow")
    shallow = tmp_path / "shallow" / suite.relative_to(tmp_path / "whole")

    assert checked(capsys, suite)["baseline"]["recorded"]
    found = checked(capsys, shallow)["baseline"]
    assert (found["recorded"], found["commit"]) == (None, None)
    assert "recorded before the commits of this shallow clone, fingerprint" in opro(capsys, "check", shallow)[1]


def test_on_ci_no_baseline_is_recorded_unless_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_in(tmp_path, server)
    monkeypatch.setenv("CI", "true")
    code, _, err = opro(capsys, "check", suite, "--update-baseline")

    assert code == 2
    assert "record it on your machine and commit it, or add --force" in err
    assert server.count == 0
    assert opro(capsys, "check", suite, "--update-baseline", "--force")[0] == 0
    assert suite.with_name("routing.baseline.json").exists()


def test_recording_again_changes_no_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(tmp_path, server)
    opro(capsys, "check", suite, "--update-baseline")
    first = suite.with_name("routing.baseline.json").read_bytes()
    opro(capsys, "check", suite, "--update-baseline", "--no-cache")

    assert suite.with_name("routing.baseline.json").read_bytes() == first


def test_new_adds_only_cases_that_the_baseline_has_not_and_only_of_the_same_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(tmp_path, server, n=24)
    opro(capsys, "check", suite, "--update-baseline")
    suite_in(tmp_path, server, n=26)
    opro(capsys, "check", suite, "--update-baseline=new")
    grown = read_baseline(suite.with_name("routing.baseline.json"))
    suite_in(tmp_path, server, n=28, prompt=BAD)
    _, _, said = opro(capsys, "check", suite, "--update-baseline=new")

    assert grown is not None
    assert (grown.n, grown.score) == (26, 1)
    assert read_baseline(suite.with_name("routing.baseline.json")) == grown
    assert "kept as it is, so 2 new cases cannot join it (it is of another prompt text)" in said


def test_cases_that_are_gone_are_named_and_leave_the_baseline_when_it_is_recorded_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    suite = suite_in(tmp_path, server, n=24)
    opro(capsys, "check", suite, "--update-baseline")
    suite_in(tmp_path, server, n=22)
    text = opro(capsys, "check", suite)[1]
    _, _, said = opro(capsys, "check", suite, "--update-baseline")

    assert 'not compared: 2 removed: "c22", "c23"' in text
    assert "Left out, since the suite has them no more: c22, c23." in said


def test_where_git_is_missing_the_reason_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, server: ModelServer
) -> None:
    suite = suite_in(repository(tmp_path), server)
    commit(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    found = checked(capsys, suite)
    assert found["verdict"] == "no_baseline"
    assert "at HEAD: " in found["reason"]
    assert "git cannot be run" in found["reason"]
