"""Runs the real promptfoo on the configurations beside this file and records its verdicts in record.json.

    npm install --prefix FOLDER promptfoo@0.121.20     (the last version for Node 20)
    python tests/promptfoo/record.py FOLDER/node_modules/.bin/promptfoo

Telemetry, update checks and sharing are off; what promptfoo keeps goes to a temporary folder. The models that grade
are a server on loopback.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from promptfoo.scripted_judge import served  # noqa: E402 - the tests' folders are no package
from servers import ModelServer  # noqa: E402

RECORD = HERE / "record.json"
_SOME_TESTS_FAILED = 100
_ERROR = 2


def main(program: str) -> None:
    configs = sorted(HERE.glob("promptfooconfig.*.yaml"))
    with tempfile.TemporaryDirectory() as folder, ModelServer(served) as server:
        environment = _environment(folder, server.url)
        version = _run([program, "--version"], environment).strip()
        rows = {config.name: verdicts(program, config, Path(folder), environment) for config in configs}
    RECORD.write_text(json.dumps({"promptfoo": version, "configs": rows}, ensure_ascii=False, indent=1) + "\n")
    counts = [len(row["assertions"]) for found in rows.values() for row in found]
    print(f"promptfoo {version}: {len(counts)} results with {sum(counts)} assertions")  # noqa: T201 - a script


def verdicts(program: str, config: Path, folder: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    """A row for each result: which prompt and test, its answer, and what every assertion said."""
    output = folder / f"{config.stem}.json"
    flags = ["--no-cache", "--no-table", "--no-progress-bar"]
    _run([program, "eval", "-c", str(config), "-o", str(output), *flags], environment)
    results = json.loads(output.read_text())["results"]["results"]
    return sorted(map(_row, results), key=lambda row: (row["prompt"], row["test"]))


def _row(result: dict[str, Any]) -> dict[str, Any]:
    """Files are read in no fixed order, so that `test` is only a way to tell results apart.

    `error` is a test that promptfoo could not run, in contrast to one that failed.
    """
    parts = (result.get("gradingResult") or {}).get("componentResults") or []
    return {
        "prompt": result["promptIdx"],
        "test": result["testIdx"],
        "description": result["testCase"].get("description", ""),
        "answer": (result.get("response") or {}).get("output"),
        "passed": result["success"],
        "score": result["score"],
        "error": result["failureReason"] == _ERROR,
        "assertions": [
            {
                "type": (part.get("assertion") or {}).get("type", "assert-set"),
                "passed": part["pass"],
                "score": part["score"],
            }
            for part in parts
        ],
    }


def _environment(folder: str, url: str) -> dict[str, str]:
    switched_off = ("TELEMETRY", "UPDATE", "SHARING", "REMOTE_GENERATION")
    return {
        **os.environ,
        **{f"PROMPTFOO_DISABLE_{name}": "1" for name in switched_off},
        "PROMPTFOO_CONFIG_DIR": folder,
        "PROMPTFOO_PYTHON": sys.executable,
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": "not-a-key",
    }


def _run(command: list[str], environment: dict[str, str]) -> str:
    found = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    if found.returncode not in {0, _SOME_TESTS_FAILED}:
        sys.exit(found.stderr + found.stdout)
    return found.stdout


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "promptfoo")
