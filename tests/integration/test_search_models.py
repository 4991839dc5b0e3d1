"""The benchmark on real models, run as its users run it, against a server that answers as such a model might."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from servers import ModelServer, last_user_message

ROOT = Path(__file__).parents[2]
SUITE = "language-identification"
EXPECTED = {
    case["input"]: case["expected"]
    for path in (f"evals/{SUITE}.cases.yaml", f"benchmarks/sealed/{SUITE}.yaml")
    for case in yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
}
NUMBERS = count()


def small_model(asked: dict[str, Any]) -> str:
    """Knows every language when it is asked to name it; as an optimizer model it has one idea, in many words."""
    message = last_user_message(asked)
    sentence = message.rpartition("\n")[2]
    if sentence in EXPECTED:
        return EXPECTED[sentence] if "Name the language" in message else "What a nice sentence."
    idea = f"Name the language, please{'!' * next(NUMBERS)}"
    return f"<INS>{idea}</INS>" if "<INS>" in message else f"<prompt>{idea}\n\n{{{{input}}}}</prompt>"


def benchmark(url: str, work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    servers = [f"--server={name}={url}" for name in ("smollm2", "qwen-0.5b", "qwen-1.5b")]
    chosen = ["--suites", SUITE, "--seeds", "1", "--calls", "170", "--work", str(work), *options]
    command = [sys.executable, str(ROOT / "benchmarks" / "search_models.py"), *servers, *chosen]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_each_arm_is_measured_on_cases_it_never_saw_and_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    with ModelServer(small_model) as server:
        done = benchmark(server.url, tmp_path)
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in results.read_text().splitlines()]
        assert [row["arm"] for row in rows] == ["ours", "opro", "best-of-n"]
        assert [(row["first_sealed"], row["final_sealed"]) for row in rows] == [(0.0, 1.0)] * 3
        assert rows[0]["evidence"] == "proven"
        assert max(row["task_calls"] for row in rows) <= 170

        lines = results.read_text().splitlines(keepends=True)
        results.write_text("".join(lines[:2]) + lines[2][:40])
        asked = server.count
        again = benchmark(server.url, tmp_path)
        assert again.returncode == 0, again.stderr
        assert server.count == asked  # the run that was lost is answered by the cache
    assert results.read_text().splitlines(keepends=True)[:2] == lines[:2]
    assert "| best-of-n" in again.stdout
    assert again.stdout.count("proven") == done.stdout.count("proven")


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with ModelServer() as server:
        pass
    done = benchmark(server.url, tmp_path, "--wait", "0.1")
    assert done.returncode == 1
    assert f"qwen-1.5b: nobody answers at {server.url}. Start it, then run this again" in done.stderr
