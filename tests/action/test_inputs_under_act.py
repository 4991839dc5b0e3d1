"""What a workflow sees of the action when it cannot measure, or was told something that it cannot follow."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from act_runner import ACTION, Ran, Runner, checkout_of
from fake_github import FakeGitHub

pytestmark = pytest.mark.xdist_group("act")

Run = Callable[..., Ran]
NO_SUCH_MODE = "input `mode` is 'search', and it can be `auto` or `check` or `optimize` or `publish`"

SUITE = """\
description: Say whether a number is odd or even.
prompt: ../prompts/parity.md
model: openai/some-model
scorers: [{choice: {of: [odd, even]}}]
cases:
  - {id: one, input: "1", expected: odd}
  - {id: two, input: "2", expected: even}
"""


def workflow(**inputs: str) -> str:
    steps = [
        {"uses": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"},
        {"id": "opro", "uses": ACTION, "with": {name.replace("_", "-"): value for name, value in inputs.items()}},
    ]
    job = {"runs-on": "ubuntu-latest", "steps": steps}
    return yaml.safe_dump({"on": {"workflow_dispatch": None}, "permissions": {}, "jobs": {"opro": job}})


@pytest.fixture
def run(runner: Runner, hub: FakeGitHub, tmp_path: Path) -> Run:
    def with_inputs(files: Mapping[str, str] | None = None, **inputs: str) -> Ran:
        kept = {"evals/parity.yaml": SUITE, "prompts/parity.md": "Odd or even?\n", **(files or {})}
        hub.push("main", {**kept, ".github/workflows/prompts.yml": workflow(**inputs)})
        return runner.run("workflow_dispatch", checkout_of(hub, tmp_path / "checkout"), hub)

    return with_inputs


def test_without_a_key_the_job_is_red_and_its_summary_starts_with_not_measured(run: Run) -> None:
    ran = run(mode="check")
    assert not ran.succeeded, ran.log
    assert "Summary - NOT MEASURED" in ran.log


def test_without_a_key_the_job_may_be_told_only_to_warn(run: Run) -> None:
    ran = run(mode="check", on_unmeasured="warn")
    assert ran.succeeded, ran.log
    assert ran.obeyed("warning")[0].startswith("NOT MEASURED: ")
    assert "Summary - NOT MEASURED" in ran.log


def test_no_python_file_of_the_repository_is_imported(run: Run) -> None:
    """Nor is a mode that there is not anything but one sentence."""
    trap = "raise SystemExit('imported from the checkout')\n"
    ran = run({"json.py": trap, "pip.py": trap, "venv.py": trap, "opro_action/__init__.py": trap}, mode="search")
    assert not ran.succeeded, ran.log
    assert "imported from the checkout" not in ran.log
    assert ran.obeyed("error") == [NO_SUCH_MODE], ran.log


@pytest.fixture
def forger() -> Iterator[str]:
    """The address of a model server that refuses every call with words meant for the runner."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"error": {"message": "no\n::warning::forged\n::error::forged"}}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_words_of_a_model_server_are_no_commands_to_the_runner(run: Run, forger: str) -> None:
    suite = SUITE + f"params: {{api_base: '{forger}', api_key: none-needed}}\n"
    ran = run({"evals/parity.yaml": suite}, mode="check")
    assert not ran.succeeded, ran.log
    assert "forged" in ran.log
    assert "forged" not in ran.obeyed("warning") + ran.obeyed("error")
