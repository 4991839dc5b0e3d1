"""Runs a workflow with the real action.yml under act: on this machine, without Docker, against the fake GitHub.

act replaces actions/checkout by a copy of the work tree. Other actions are replaced by stubs here: actions/cache by one
that keeps the folder itself, those for artifacts by ones that copy, and actions/setup-python by one whose
`python -m venv` hands out one environment for all runs of a test session; in it, every process notes at its end what it
had imported, which ports it had connected to and which variables it had been given.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fake_github import FakeGitHub
from repositories import git

PROJECT = Path(__file__).parents[1]
ACTION = "opro-action/opro-action@v1"
MODEL_LIBRARIES = {"litellm", "openai", "xllamacpp"}

_SETUP_PYTHON = """\
name: setup-python
description: Stands for actions/setup-python.
inputs: {python-version: {}, update-environment: {}}
outputs: {python-path: {value: "${{ steps.it.outputs.python-path }}"}}
runs:
  using: composite
  steps:
    - {id: it, shell: bash, run: 'echo "python-path=$GITHUB_ACTION_PATH/python" >> "$GITHUB_OUTPUT"'}
"""

_ARTIFACT = """\
name: artifact
description: Stands for actions/upload-artifact and actions/download-artifact.
inputs: {name: {}, path: {}, run-id: {}, github-token: {}}
runs:
  using: composite
  steps:
    - {shell: bash, env: {NAME: "${{ inputs.name }}", AT: "${{ inputs.path }}"}, run: 'SCRIPT'}
"""

_CACHE = """\
name: cache
description: Stands for actions/cache.
inputs: {path: {}, key: {}, restore-keys: {}}
runs:
  using: composite
  steps:
    - {shell: bash, env: {KEPT_AT: "${{ inputs.path }}"}, run: 'mkdir -p "KEPT" && ln -sfn "KEPT" "$KEPT_AT"'}
"""

_PYTHON = """\
#!/usr/bin/env bash
set -e
venv="${@: -1}"
if [ ! -d "SHARED" ]; then
  "PYTHON" "${@:1:$#-1}" "SHARED"
  for packages in "SHARED"/lib/python*/site-packages; do cp "WITNESS" "$packages/sitecustomize.py"; done
fi
mkdir -p "$(dirname "$venv")"
ln -sfn "SHARED" "$venv"
"""

_WITNESS = """\
import atexit, json, os, sys

ports = []

def note(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple):
        ports.append(args[1][1])

def testify():
    seen = {"argv": sys.argv, "ports": ports, "env": sorted(os.environ)}
    seen["modules"] = sorted(name for name in sys.modules if "." not in name)
    with open(os.path.join(FOLDER, f"{os.getpid()}.json"), "w") as file:
        json.dump(seen, file)

sys.addaudithook(note)
atexit.register(testify)
"""


@dataclass(frozen=True)
class Process:
    """What a Python process of the action's environment noted about itself."""

    argv: tuple[str, ...]
    ports: frozenset[int]
    env: frozenset[str]
    modules: frozenset[str]


@dataclass(frozen=True)
class Ran:
    """A finished run of a workflow. `outputs` are the last value set for each name, which is the action's own."""

    succeeded: bool
    log: str
    processes: tuple[Process, ...]

    @property
    def outputs(self) -> dict[str, str]:
        return dict(re.findall(r"::set-output:: ([\w-]+)=(.*)", self.log))

    def obeyed(self, level: str) -> list[str]:
        """The annotations that the runner made; a command that it only showed is marked otherwise in act's log."""
        return re.findall(rf"(?:❗|🚧)\s+::{level}.*?::(.*)", self.log)


def apart(processes: Sequence[Process], github: int, keys: Collection[str]) -> tuple[list[Process], list[Process]]:
    """Those who talked to GitHub, at this port, and those who had a model library; there are some of both.

    Asserts that the former had no model library and none of the keys, and that the latter had no token.
    """
    with_token = [process for process in processes if github in process.ports]
    with_model = [process for process in processes if process.modules & MODEL_LIBRARIES]
    assert with_token
    assert with_model
    for process in with_token:
        assert not process.modules & MODEL_LIBRARIES
        assert not process.env & frozenset(keys)
    for process in with_model:
        assert github not in process.ports
        assert "GITHUB_TOKEN" not in process.env
    return with_token, with_model


class Runner:
    """Where workflows run; what it keeps between runs is the environment that the action installs into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes"
        self.action = folder / "action"
        copy_project(self.action)
        artifacts = folder / "artifacts"
        witness = folder / "witness.py"
        witness.write_text(_WITNESS.replace("FOLDER", repr(str(self.notes))))
        manifests = {
            "actions/setup-python": _SETUP_PYTHON,
            "actions/cache": re.sub(r"KEPT(?!_)", str(folder / "kept"), _CACHE),
            "actions/upload-artifact": _ARTIFACT.replace(
                "SCRIPT", f'mkdir -p {artifacts} && cp -r "$AT" {artifacts}/"$NAME"'
            ),
            "actions/download-artifact": _ARTIFACT.replace("SCRIPT", f'mv {artifacts}/"$NAME" "$AT"'),
        }
        self.stubs = {ACTION: self.action}
        for action, manifest in manifests.items():
            stub = folder / action
            stub.mkdir(parents=True)
            (stub / "action.yml").write_text(manifest)
            self.stubs[_pinned(action)] = stub
        python = folder / "actions/setup-python/python"
        script = _PYTHON.replace("SHARED", str(folder / "venv")).replace("PYTHON", sys.executable)
        python.write_text(script.replace("WITNESS", str(witness)))
        python.chmod(0o755)

    def forget(self) -> None:
        """Throw away the models' answers that earlier runs have cached."""
        shutil.rmtree(self.folder / "kept", ignore_errors=True)

    def run(
        self,
        event: str,
        checkout: Path,
        hub: FakeGitHub,
        *,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> Ran:
        """Run .github/workflows/prompts.yml of `checkout` as `event` does, with what GitHub says of the event."""
        shutil.rmtree(self.notes, ignore_errors=True)
        self.notes.mkdir()
        told = self.folder / "event.json"
        told.write_text(json.dumps(payload or {}))
        command = [
            str(Path(sys.executable).with_name("act")), event, "--platform=ubuntu-latest=-self-hosted",
            "--workflows=.github/workflows/prompts.yml",
            f"--action-cache-path={self.folder / 'cache'}", "--no-cache-server",
            *(f"--local-repository={name}={stub}" for name, stub in self.stubs.items()),
            f"--env=GITHUB_API_URL={hub.url}", "--secret=GITHUB_TOKEN=token-that-writes",
            f"--eventpath={told}", *(f"--secret={name}={value}" for name, value in (secrets or {}).items()),
            *(f"--env={name}={value}" for name, value in (env or {}).items()),
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=checkout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return Ran(done.returncode == 0, done.stdout, tuple(_process(path) for path in self.notes.iterdir()))


def copy_project(target: Path) -> None:
    """This project as a clone would have it: what git tracks, or would."""
    listed = git(PROJECT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, target / name)


def checkout_of(hub: FakeGitHub, target: Path) -> Path:
    """A clone of the fake GitHub's repository whose origin looks as it would on GitHub."""
    git(target.parent, "clone", "--quiet", str(hub.objects.path), str(target))
    git(target, "remote", "set-url", "origin", f"https://github.com/{hub.owner}/{hub.name}")
    return target


def port_of(hub: FakeGitHub) -> int:
    return urlsplit(hub.url).port or 0


def _pinned(action: str) -> str:
    """The action with the commit that action.yml, or else a recipe, pins."""
    for file in (PROJECT / "action.yml", *sorted((PROJECT / "docs/recipes").glob("*.yml"))):
        if found := re.search(rf"{action}@[0-9a-f]{{40}}", file.read_text()):
            return found[0]
    raise LookupError(action)


def _process(path: Path) -> Process:
    seen = json.loads(path.read_text())
    return Process(tuple(seen["argv"]), *(frozenset(seen[name]) for name in ("ports", "env", "modules")))
