"""What a model lacks to be asked, seen without a call."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_suite

from opro_action.doctor.models import missing_for, model_findings
from opro_action.suite.suite import ModelSpec, OptimizeSpec, Suite


def suite_of(folder: Path, optimizer: ModelSpec | None = None, **keys: Any) -> Suite:
    suite = make_suite(folder, **keys)
    return replace(suite, optimize=OptimizeSpec(model=optimizer))


@pytest.mark.parametrize(
    ("spec", "environment", "names"),
    [
        (ModelSpec("openai/gpt-4.1"), {}, "OPENAI_API_KEY"),
        (ModelSpec("openai/gpt-4.1"), {"OPENAI_API_KEY": "sk-1"}, None),
        (ModelSpec("openai/gpt-4.1"), {"OPENAI_API_KEY": " \n"}, "OPENAI_API_KEY"),
        (ModelSpec("openai/x", api_key_env="TEAM_KEY"), {"TEAM_KEY": " "}, "TEAM_KEY"),
        (ModelSpec("anthropic/claude-sonnet-4-5"), {"OPENAI_API_KEY": "sk-1"}, "ANTHROPIC_API_KEY"),
        (ModelSpec("anthropic/claude-sonnet-4-5"), {"ANTHROPIC_AUTH_TOKEN": "t-1"}, None),
        (ModelSpec("openai/x", api_key_env="TEAM_KEY"), {"OPENAI_API_KEY": "sk-1"}, "TEAM_KEY"),
        (ModelSpec("openai/x", api_key_env="TEAM_KEY"), {"TEAM_KEY": "sk-1"}, None),
        (ModelSpec("openai/x", {"api_base": "http://127.0.0.1:8000/v1"}), {}, None),
        (ModelSpec("openai/x", {"api_base": "https://llm.example/v1"}), {}, "OPENAI_API_KEY"),
        (ModelSpec("openai/x"), {"OPRO_API_BASE": "http://localhost:8000/v1"}, None),
    ],
)
def test_a_missing_key_is_named(spec: ModelSpec, environment: dict[str, str], names: str | None) -> None:
    missing = missing_for("task", spec, environment)
    assert (missing is None) == (names is None)
    if missing and names:
        assert missing.remedy.startswith(f"Set the environment variable {names},")


def test_the_names_are_those_that_litellm_asks_for() -> None:
    """In a process of its own: litellm's import changes the filters of warnings, which pytest resets after a test."""
    code = (
        "from opro_action.doctor.models import _USUAL, missing_for\n"
        "from opro_action.models.litellm_model import load_litellm\n"
        "from opro_action.suite.suite import ModelSpec\n"
        "for name in _USUAL:\n"
        "    assert load_litellm().validate_environment(f'{name}/x')['missing_keys'] == [f'{name.upper()}_API_KEY']\n"
        "print(missing_for('judge', ModelSpec('cohere/command-r')).remedy)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    environment["COHERE_API_KEY"] = ""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "COHERE_API_KEY" in done.stdout


def test_a_local_model_that_does_not_exist_says_which_do() -> None:
    missing = missing_for("task", ModelSpec("local/gpt-7"))
    assert missing is not None
    assert "There is no local model local/gpt-7" in missing.what
    assert "local/smollm2-135m" in missing.remedy


def test_one_key_that_several_models_need_is_one_finding(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ModelSpec("openai/gpt-4.1"), model="openai/gpt-4.1-mini")
    [finding] = model_findings(suite, [ModelSpec("openai/judge")], environment={})
    assert (finding.severity, finding.code, finding.line) == ("warning", "model-unavailable", 2)
    assert finding.what == (
        "There is no key for the task model openai/gpt-4.1-mini and the judge model openai/judge "
        "and the optimizer model openai/gpt-4.1."
    )


def test_a_key_of_the_optimizer_alone_is_another_kind(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, ModelSpec("anthropic/claude-sonnet-4-5"), model="openai/gpt-4.1-mini")
    [finding] = model_findings(suite, [], environment={"OPENAI_API_KEY": "sk-1"})
    assert finding.code == "optimizer-unavailable"


def test_a_price_that_is_not_known_stops_a_search_with_a_cap_in_dollars(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, model="openai/of-our-own", optimize={"max_cost": 1.0})
    [finding] = model_findings(suite, [], environment={"OPENAI_API_KEY": "sk-1"})
    assert (finding.code, finding.severity) == ("no-price", "warning")
    assert finding.remedy.startswith("Set max_calls instead")
