"""The benchmark on real models, run as its users run it, against a server that answers as such a model might."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count, groupby
from pathlib import Path
from typing import Any

import yaml
from servers import ModelServer, last_user_message

ROOT = Path(__file__).parents[2]
SUITE = "language-identification"
OPTIMIZER = "qwen-1.5b"


def cases_in(path: str) -> dict[str, str]:
    return {case["input"]: case["expected"] for case in yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))}


SEALED = cases_in(f"benchmarks/sealed/{SUITE}.yaml")
EXPECTED = {**cases_in(f"evals/{SUITE}.cases.yaml"), **SEALED}
NUMBERS = count()


def split_of(asked: dict[str, Any]) -> tuple[str, str]:
    """What comes before the last line of a request, and that line: of the task model the prompt and the case."""
    text, _, line = last_user_message(asked).rpartition("\n")
    return text, line


def small_model(asked: dict[str, Any]) -> str:
    """Knows every language when it is asked to name it; as an optimizer model it has one idea, in many words."""
    message, (_, sentence) = last_user_message(asked), split_of(asked)
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

        assert_sealed(server.requests, [row["text"] for row in rows])

        lines = results.read_text().splitlines(keepends=True)
        results.write_text("".join(lines[:2]) + lines[2][:40])
        asked = server.count
        again = benchmark(server.url, tmp_path)
        assert again.returncode == 0, again.stderr
        assert server.count == asked  # the run that was lost is answered by the cache
    assert results.read_text().splitlines(keepends=True)[:2] == lines[:2]
    assert "| best-of-n" in again.stdout
    assert again.stdout.count("proven") == done.stdout.count("proven")


def assert_sealed(requests: list[dict[str, Any]], found: list[str]) -> None:
    """No arm sees a sealed case: its optimizer model never, and what it `found` is put to them when it has ended."""
    written = [asked for asked in requests if asked["model"] == OPTIMIZER]
    read = "\n".join(message["content"] for asked in written for message in asked["messages"])
    assert any(sentence in read for sentence in EXPECTED), "the optimizer model is shown cases of the search split"
    assert [sentence for sentence in SEALED if sentence in read] == []

    parts = [list(part) for _, part in groupby(requests, lambda asked: split_of(asked)[1] in SEALED)]
    searches = [part for part in parts if any(asked["model"] == OPTIMIZER for asked in part)]
    assert len(searches) == len(found)
    assert searches[0] is parts[0]
    after = [asked for part in parts if part not in searches for asked in part]
    first = (ROOT / f"prompts/{SUITE}.md").read_text(encoding="utf-8").strip()
    assert {split_of(asked)[0] for asked in after} == {text.rpartition("\n")[0] for text in (first, *found)}


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with ModelServer() as server:
        pass
    done = benchmark(server.url, tmp_path, "--wait", "0.1")
    assert done.returncode == 1
    assert f"qwen-1.5b: nobody answers at {server.url}. Start it, then run this again" in done.stderr
