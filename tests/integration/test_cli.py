"""The command line against a real model server on loopback: exit codes, JSON, cache and caps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from builders import write, write_suite
from command_line import opro
from repositories import commit, repository
from servers import ModelServer, failure, last_user_message

from opro_action.cli import with_values
from opro_action.suite.schemas import schema

LABELS = ("billing", "bug", "feature")


def write_cases(folder: Path, server: ModelServer, *, count: int = 30, **keys: Any) -> Path:
    cases = [{"id": f"c{i}", "input": f"ticket {i}", "expected": LABELS[i % 3]} for i in range(count)]
    params = {"temperature": 0, "api_base": server.url}
    return write_suite(
        folder, model="openai/test", params=params, scorers={"choice": {"of": list(LABELS)}}, cases=cases, **keys
    )


def right_answer(asked: dict[str, Any]) -> str:
    return LABELS[int(last_user_message(asked).split()[-1]) % 3]


def checked(capsys: pytest.CaptureFixture[str], suite: Path, *options: str) -> dict[str, Any]:
    code, out, _ = opro(capsys, "check", suite, "--format=json", *options)
    result: dict[str, Any] = json.loads(out)
    jsonschema.validate(result, schema("result"))
    assert result["exit_code"] == code
    return result


def test_the_second_check_makes_no_call_and_prints_the_same_but_for_times_and_cache_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(right_answer) as server:
        suite = write_cases(tmp_path, server)
        first = checked(capsys, suite)
        assert server.count == 30
        second = checked(capsys, suite)
        assert server.count == 30
    assert (first["usage"]["calls"], second["usage"]["calls"], second["usage"]["cached"]) == (30, 0, 30)
    assert steady(first) == steady(second)


def steady(result: dict[str, Any]) -> dict[str, Any]:
    del result["usage"], result["suites"][0]["scoring_s"]
    for case in result["suites"][0]["cases"]:
        del case["cached"], case["latency_s"]
    return result


def test_a_check_from_the_cache_imports_no_model_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(right_answer) as server:
        suite = write_cases(tmp_path, server)
        checked(capsys, suite)
    code = (
        "import sys, opro_action.cli as cli\n"
        f"try: cli.main(['check', {str(suite)!r}])\n"
        "finally: print(sorted({'litellm', 'openai', 'xllamacpp', 'github'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
    assert "0 calls, 30 from cache" in done.stdout


def test_a_recorded_baseline_makes_the_next_check_unchanged_and_a_worse_prompt_regressed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def by_prompt(asked: dict[str, Any]) -> str:
        return right_answer(asked) if asked["messages"][0]["content"].startswith("Name") else "a greeting"

    with ModelServer(by_prompt) as server:
        suite = write_cases(tmp_path, server)
        assert checked(capsys, suite)["verdict"] == "no_baseline"
        assert opro(capsys, "check", suite, "--update-baseline")[0] == 0
        assert checked(capsys, suite)["verdict"] == "unchanged"
        write(tmp_path / "prompts" / "routing.md", "Greet the customer.\n")
        worse = checked(capsys, suite)
    assert (worse["verdict"], worse["exit_code"]) == ("regressed", 1)
    assert len(worse["suites"][0]["regressed_cases"]) == 30


def test_a_stopped_server_is_not_measured_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(right_answer) as server:
        suite = write_cases(tmp_path, server)
    result = checked(capsys, suite)
    assert (result["verdict"], result["exit_code"]) == ("unmeasured", 3)
    assert "30 of 30 cases could not be scored" in result["suites"][0]["reason"]


def test_a_wrong_key_is_refused_with_few_calls_and_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", "sk-secret-of-the-team")
    with ModelServer(lambda asked: failure(401, "Incorrect API key: sk-secret-of-the-team")) as server:
        suite = write_suite(
            tmp_path, model="openai/test", params={"api_base": server.url, "api_key_env": "TEAM_KEY", "temperature": 0}
        )
        code, out, err = opro(capsys, "check", suite, "--concurrency=1")
    assert code == 3
    assert server.count == 1
    assert "sk-secret" not in out + err
    assert out.startswith("NOT MEASURED")


@pytest.mark.parametrize("cap", [1, 7, 25])
def test_the_cap_on_calls_is_never_exceeded_by_one_retries_included(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cap: int
) -> None:
    def flaky(asked: dict[str, Any]) -> Any:
        return failure(500, retry_after="0") if server.count % 3 == 0 else right_answer(asked)

    with ModelServer(flaky, latency=0.005) as server:
        suite = write_cases(tmp_path, server)
        result = checked(capsys, suite, f"--max-calls={cap}", "--concurrency=16")
    assert server.count == cap
    assert (result["verdict"], result["exit_code"]) == ("unmeasured", 4)


def test_a_cap_on_dollars_without_a_price_is_refused_before_any_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(right_answer) as server:
        code, _, err = opro(capsys, "check", write_cases(tmp_path, server), "--max-cost=1")
    assert code == 2
    assert "price of openai/test is not known" in err
    assert "set max_calls" in err
    assert server.count == 0


def test_offline_without_a_cached_answer_is_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(right_answer) as server:
        result = checked(capsys, write_cases(tmp_path, server), "--offline")
    assert (result["verdict"], server.count) == ("unmeasured", 0)


def test_no_cache_asks_again_and_stores_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(right_answer) as server:
        suite = write_cases(tmp_path, server, count=6)
        checked(capsys, suite, "--no-cache")
        checked(capsys, suite, "--no-cache")
    assert server.count == 12
    assert not (tmp_path / ".opro" / "cache.sqlite").exists()


def test_update_baseline_new_leaves_a_recorded_one_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(right_answer) as server:
        suite = write_cases(tmp_path, server, count=6)
        opro(capsys, "check", suite, "--update-baseline=new")
        recorded = (tmp_path / "evals" / "routing.baseline.json").read_bytes()
        write(tmp_path / "prompts" / "routing.md", "Another prompt.\n")
        opro(capsys, "check", suite, "--update-baseline=new")
    assert (tmp_path / "evals" / "routing.baseline.json").read_bytes() == recorded


def test_an_unmeasured_result_does_not_become_a_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(right_answer) as server:
        suite = write_cases(tmp_path, server, count=6)
    code, _, err = opro(capsys, "check", suite, "--update-baseline")
    assert code == 3
    assert "not written, since nothing was measured" in err
    assert not (tmp_path / "evals" / "routing.baseline.json").exists()


def test_only_changed_suites_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer(right_answer) as server:
        write_cases(tmp_path, server, name="one")
        write_cases(tmp_path, server, name="two")
        commit(repository(tmp_path))
        monkeypatch.chdir(tmp_path)
        assert "nothing to check" in opro(capsys, "check", "--changed")[2]
        write(tmp_path / "prompts" / "two.md", "Name the team, please.\n")
        out = opro(capsys, "check", "--changed")[1]
    assert "evals/two.yaml" in out
    assert "evals/one.yaml" not in out


def test_changed_without_such_a_base_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(tmp_path)
    repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    code, _, err = opro(capsys, "check", "--changed", "--base=origin/main")
    assert code == 2
    assert "--base origin/main: there is no such commit here; fetch it" in err


def test_without_any_suite_the_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    code, _, err = opro(capsys, "check")
    assert code == 2
    assert "evals: there is no suite" in err


@pytest.mark.parametrize("name", ["suite", "result", "plan", "baseline"])
def test_a_schema_is_printed_as_a_valid_schema(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = opro(capsys, "schema", name)
    assert code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--update-baseline=old"),
        ("check", "--max-calls=0"),
        ("optimize",),
        ("nonsense",),
        ("check", "--max-cost=-1"),
    ],
)
def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert opro(capsys, *arguments)[0] == 2


@pytest.mark.parametrize("script", [["opro", "check"], ["opro-check"]])
def test_a_bug_ends_with_70_and_a_traceback(tmp_path: Path, script: list[str]) -> None:
    write(
        tmp_path / "sitecustomize.py", "from opro_action.commands import check\ncheck.check = lambda options: 1 / 0\n"
    )
    command = [str(Path(sys.executable).with_name(script[0])), *script[1:]]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (70, "")
    lines = done.stderr.splitlines()
    assert (lines[0], lines[-1]) == ("Traceback (most recent call last):", "ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["check", "--update-baseline", "a.yaml"], ["check", "--update-baseline=all", "a.yaml"]),
        (["check", "--update-baseline=new"], ["check", "--update-baseline=new"]),
        (["optimize", "--resume", "a.yaml"], ["optimize", "--resume=latest", "a.yaml"]),
        (["optimize", "a.yaml", "--resume"], ["optimize", "a.yaml", "--resume=latest"]),
        (["optimize", "a.yaml", "--resume", "--write"], ["optimize", "a.yaml", "--resume=latest", "--write"]),
        (["optimize", "a.yaml", "--resume", "20260101-a"], ["optimize", "a.yaml", "--resume", "20260101-a"]),
    ],
)
def test_an_option_whose_value_is_left_out_never_takes_a_file(given: list[str], meant: list[str]) -> None:
    assert with_values(given) == meant
