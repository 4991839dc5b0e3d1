"""action.yml against the code that reads its inputs, and what it installs."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from opro_action.action import inputs

REPOSITORY = Path(__file__).parents[3]
MANIFEST: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text())
STEPS = {step["id"]: step for step in MANIFEST["runs"]["steps"]}
NOT_INPUTS_OF_A_STEP = {"github-token", "working-directory"}


def test_action_yml_offers_exactly_the_inputs_that_are_read() -> None:
    source = Path(inputs.__file__).read_text()
    read = re.findall(r'(?:text|one_of|_listed)\(env, "([a-z-]+)"', source)
    options = {name for names in inputs.OPTIONS.values() for name in names}
    assert MANIFEST["inputs"].keys() - NOT_INPUTS_OF_A_STEP == {*read, *options, "cache", "local-model"}


@pytest.mark.parametrize("step", ["run", "publish"])
def test_action_yml_hands_over_every_input_that_is_read(step: str) -> None:
    for name in MANIFEST["inputs"].keys() - NOT_INPUTS_OF_A_STEP - {"results"}:
        variable = "OPRO_INPUT_" + name.upper().replace("-", "_")
        assert STEPS[step]["env"][variable] == f"${{{{ inputs.{name} }}}}"


def test_the_comment_is_told_the_folder_that_was_worked_in() -> None:
    assert STEPS["publish"]["env"]["OPRO_INPUT_WORKING_DIRECTORY"] == "${{ inputs.working-directory }}"


def test_each_leg_of_a_matrix_and_each_use_saves_a_cache_of_its_own() -> None:
    keys = STEPS["cache"]["with"]
    own = "opro-${{ github.workflow }}-${{ github.job }}-${{ strategy.job-index }}-${{ steps.use.outputs.digest }}-"
    assert keys["key"] == own + "${{ github.run_id }}-${{ github.run_attempt }}"
    assert keys["restore-keys"].split("\n")[0] == own
    assert STEPS["use"]["if"] == STEPS["cache"]["if"]


def test_what_tells_uses_apart_is_model_suites_and_folder(tmp_path: Path) -> None:
    def digest(**changes: str) -> str:
        output = tmp_path / "output"
        output.unlink(missing_ok=True)
        told = {"MODEL": "m", "SUITES": "a b", "DIRECTORY": ".", "PYTHON": sys.executable, "GITHUB_OUTPUT": str(output)}
        subprocess.run(["bash", "-e", "-c", STEPS["use"]["run"]], env={**told, **changes}, check=True)
        return output.read_text()

    assert re.fullmatch(r"digest=[0-9a-f]{16}\n", digest())
    assert digest() == digest()
    assert len({digest(), digest(MODEL="n"), digest(SUITES="a"), digest(DIRECTORY="b"), digest(MODEL="m a")}) == 5


def test_forks_with_branches_of_one_name_do_not_cancel_each_others_comments() -> None:
    recipe = yaml.safe_load((REPOSITORY / "docs/recipes/forks-comment.yml").read_text())
    assert "workflow_run.head_repository.full_name" in recipe["concurrency"]["group"]


def test_its_defaults_can_be_followed() -> None:
    defaults = {
        "OPRO_INPUT_" + name.upper().replace("-", "_"): value["default"] for name, value in MANIFEST["inputs"].items()
    }
    assert inputs.read_inputs(defaults).mode == "check"


def test_every_input_and_output_is_described() -> None:
    described = [*MANIFEST["inputs"].values(), *MANIFEST["outputs"].values()]
    assert all(len(each["description"]) > 10 for each in described)
    assert MANIFEST["branding"].keys() == {"icon", "color"}
    assert len(MANIFEST["description"]) < 125, "what the marketplace takes"


def test_the_token_is_handed_only_to_the_steps_that_ask_no_model() -> None:
    with_token = [name for name, step in STEPS.items() if "github-token" in json.dumps(step)]
    assert with_token == ["asker", "declined", "publish"]


def test_no_expression_stands_in_a_script_of_action_yml() -> None:
    assert [name for name, step in STEPS.items() if "${{" in step.get("run", "")] == []


def test_the_lock_satisfies_every_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (REPOSITORY / "requirements.lock").read_text(), re.MULTILINE))
    for line in [*project["project"]["dependencies"], *project["build-system"]["requires"]]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(locked[wanted.name.lower()]), line


@pytest.mark.parametrize("withdrawn", ["1.82.7", "1.82.8", "1.83.6", "1.92.0", "1.92.3", "1.107.0"])
def test_no_release_of_litellm_with_malware_or_a_known_hole_can_be_installed(withdrawn: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    (litellm,) = [line for line in project["project"]["dependencies"] if line.startswith("litellm")]
    assert not Requirement(litellm).specifier.contains(withdrawn)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-local.lock"])
def test_every_locked_package_has_hashes_and_no_address(name: str) -> None:
    lock = (REPOSITORY / name).read_text()
    packages = re.findall(r"^[a-z0-9-]+==.*$", lock, re.MULTILINE)
    assert packages
    assert len(re.findall(r"^[a-z0-9-]+==.* \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)) == len(packages)
    assert not re.search(r"://|--index-url|--find-links", lock)
