"""action.yml against the code that reads its inputs, and what it installs."""

import json
import re
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
