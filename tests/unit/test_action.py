import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from opro_action import action
from opro_action.action import Finished, Inputs
from opro_action.errors import UsageError

REPOSITORY = Path(__file__).parents[2]


def environment(**changes: str) -> dict[str, str]:
    """What action.yml sets for its defaults on a branch; `changes` are inputs with `_` for `-`, or whole names."""
    env = {
        "OPRO_INPUT_MODE": "check",
        "OPRO_INPUT_ON_UNMEASURED": "fail",
        "OPRO_INPUT_PROPOSE": "pull-request",
        "OPRO_INPUT_DRAFT": "false",
        "OPRO_INPUT_CACHE": "true",
        "OPRO_INPUT_LOCAL_MODEL": "false",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REF_NAME": "main",
    }
    named = {name if name.isupper() else f"OPRO_INPUT_{name.upper()}": value for name, value in changes.items()}
    return env | named


def command_line(inputs: Inputs) -> list[str]:
    return action.arguments(inputs, result=Path("r.json"), summary=Path("s.md"))


def suite_result(**changes: Any) -> dict[str, Any]:
    return {"suite": "evals/a.yaml", "verdict": "unchanged", "score": 0.5, "delta": None, "baseline": None} | changes


def check_result(*suites: Mapping[str, Any], verdict: str = "unchanged") -> dict[str, Any]:
    return {"schema": "opro.check/1", "verdict": verdict, "exit_code": 0, "suites": list(suites)}


def optimize_result(**changes: Any) -> dict[str, Any]:
    best = {"text": "new", "holdout_score": 0.8}
    result = {"accepted": True, "best": best, "seed_holdout_score": 0.25, "delta": 0.55, "run": ".opro/runs/1"}
    return result | changes


def test_check_passes_its_options_and_takes_suites_only_as_suites() -> None:
    inputs = action.read_inputs(environment(suites="evals/a.yaml\n--no-cache", max_calls="50", model="m"))
    assert command_line(inputs) == [
        "check", "--format=json", "--output=r.json", "--summary=s.md", "--model=m", "--max-calls=50",
        "--", "evals/a.yaml", "--no-cache",
    ]  # fmt: skip


def test_optimize_passes_all_its_bounds() -> None:
    bounds = {"steps": "3", "max_calls": "9", "max_cost": "0.5", "max_minutes": "2", "optimizer_model": "o"}
    inputs = action.read_inputs(environment(mode="optimize", suites="evals/a.yaml", **bounds))
    assert command_line(inputs) == [
        "optimize", "--format=json", "--output=r.json", "--summary=s.md",
        "--max-calls=9", "--max-cost=0.5", "--optimizer-model=o", "--max-minutes=2", "--steps=3", "--", "evals/a.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mode": "auto"}, "input `mode` is 'auto', and it can be `check` or `optimize`"),
        ({"on_unmeasured": "ignore"}, "input `on-unmeasured` is 'ignore', and it can be `fail` or `warn`"),
        ({"propose": "yes"}, "input `propose` is 'yes', and it can be `pull-request` or `none`"),
        ({"steps": "3"}, "input `steps` has no meaning in mode `check`: remove it or change `mode`"),
        ({"mode": "optimize", "suites": "a.yaml", "draft": "yes"}, "input `draft` is 'yes', and it can be"),
        ({"cache": "no"}, "input `cache` is 'no', and it can be `true` or `false`"),
        ({"local_model": "yes"}, "input `local-model` is 'yes', and it can be `true` or `false`"),
        ({"mode": "optimize"}, "mode `optimize` searches for one suite"),
        ({"mode": "optimize", "suites": "a.yaml b.yaml"}, "name exactly one in input `suites`"),
        ({"mode": "optimize", "suites": "a.yaml", "GITHUB_REF_TYPE": "tag"}, "in input `base`, or set `propose: none`"),
        ({"mode": "optimize", "suites": "a.yaml", "GITHUB_HEAD_REF": "edit"}, "in input `base`"),
    ],
)
def test_an_input_that_cannot_be_followed_is_a_sentence(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        action.read_inputs(environment(**changes))


def test_without_a_proposal_no_base_branch_is_needed() -> None:
    env = environment(mode="optimize", suites="a.yaml", propose="none", GITHUB_REF_TYPE="tag")
    assert action.read_inputs(env).propose == "none"


def test_the_proposal_is_for_the_branch_that_was_measured_unless_told_otherwise() -> None:
    assert action.base_branch(environment(GITHUB_REF_NAME="release/2")) == "release/2"
    assert action.base_branch(environment(GITHUB_REF_NAME="release/2", base="main")) == "main"


def test_labels_reviewers_and_draft_are_passed_on() -> None:
    env = environment(labels="opro, needs review\nprompts,", reviewers="ada", draft="true")
    assert action.proposal_options(env) == [
        "--base=main",
        "--label=opro",
        "--label=needs review",
        "--label=prompts",
        "--reviewer=ada",
        "--draft",
    ]


def test_a_process_with_model_keys_has_no_token_and_no_file_to_steer_the_job() -> None:
    env = {"OPENAI_API_KEY": "k", "MY_KEY": "k", "GITHUB_TOKEN": "t", "ACTIONS_RUNTIME_TOKEN": "t", "GITHUB_ENV": "/f"}
    assert action.model_environment(env) == {"OPENAI_API_KEY": "k", "MY_KEY": "k"}


def test_the_process_with_the_token_has_no_key_of_any_name() -> None:
    env = {"GITHUB_TOKEN": "t", "PATH": "/bin", "OPENAI_API_KEY": "k", "MY_SECRET": "k", "GITHUB_API_KEY": "k"}
    assert action.propose_environment(env) == {"GITHUB_TOKEN": "t", "PATH": "/bin"}


def test_the_outputs_of_a_check_of_one_suite_hold_its_numbers() -> None:
    suite = suite_result(verdict="regressed", score=0.25, delta=-0.5, baseline={"score": 0.75})
    assert action.check_outputs(check_result(suite, verdict="regressed")) == {
        "verdict": "regressed",
        "score": "0.25",
        "baseline-score": "0.75",
        "delta": "-0.5",
        "regressed": "true",
    }


def test_the_outputs_of_a_check_of_two_suites_hold_no_single_score() -> None:
    outputs = action.check_outputs(check_result(suite_result(), suite_result(verdict="improved")))
    assert (outputs["score"], outputs["delta"], outputs["regressed"]) == ("", "", "false")


def test_a_suite_that_was_not_measured_has_no_score_rather_than_zero() -> None:
    assert action.check_outputs(check_result(suite_result(score=None)))["score"] == ""
    assert action.check_outputs(check_result(suite_result(score=0.0)))["score"] == "0"


def test_the_outputs_of_a_search_name_the_plan_that_it_left(tmp_path: Path) -> None:
    plan = tmp_path / ".opro/runs/1/plan.json"
    plan.parent.mkdir(parents=True)
    plan.write_text("{}")
    assert action.optimize_outputs(optimize_result(), tmp_path) == {
        "score": "0.8",
        "baseline-score": "0.25",
        "delta": "0.55",
        "accepted": "true",
        "plan": str(plan),
    }


def test_a_search_without_a_plan_has_no_plan_output(tmp_path: Path) -> None:
    outputs = action.optimize_outputs(optimize_result(accepted=False, best=None), tmp_path)
    assert (outputs["plan"], outputs["accepted"], outputs["score"]) == ("", "false", "")


def test_the_first_words_of_a_summary_without_a_measurement_are_not_measured() -> None:
    summary = action.full_summary("# Report\n", "check", Finished(3, "no key"))
    assert summary == "NOT MEASURED\n\n```text\nno key\n```\n\n# Report\n"


def test_a_report_that_says_not_measured_itself_is_kept() -> None:
    assert action.full_summary("NOT MEASURED: no key\n", "check", Finished(3, "no key")) == "NOT MEASURED: no key\n"


def test_a_run_that_ended_without_a_report_leaves_its_last_words_in_a_fence_that_they_cannot_close() -> None:
    summary = action.full_summary("", "check", Finished(2, "a.yaml:3: ``` is not a key"))
    assert summary == "`opro check` ended with exit code 2.\n\n````text\na.yaml:3: ``` is not a key\n````\n"


def test_a_report_of_a_run_that_ended_well_is_the_whole_summary() -> None:
    assert action.full_summary("# Report\n", "check", Finished(0)) == "# Report\n"


def test_the_summary_links_to_the_proposal() -> None:
    done = {"operation": "updated", "number": 7, "url": "https://h/7", "reason": "Updated it."}
    assert action.proposal_line(done) == "[Updated it.](https://h/7)"


def test_the_summary_says_why_nothing_was_proposed() -> None:
    done = {"operation": "none", "number": None, "url": None, "reason": "A person closed it."}
    assert action.proposal_line(done) == "A person closed it."


def test_a_red_step_says_which_suites_made_it_red_and_why() -> None:
    suites = suite_result(verdict="regressed", reason="3 cases broke"), suite_result(suite="b", reason="same")
    assert action.why(check_result(*suites), Finished(1, "64/64")) == "evals/a.yaml: regressed, 3 cases broke"


def test_a_red_step_without_a_result_says_the_last_words() -> None:
    assert action.why({}, Finished(2, "evals/a.yaml:3: no such key")) == "evals/a.yaml:3: no such key"
    assert action.why({}, Finished(70)) == "opro ended with exit code 70"


def test_a_wrong_input_ends_with_exit_code_2_and_an_annotation(capsys: pytest.CaptureFixture[str]) -> None:
    assert action.main(["run"], environment(mode="auto")) == 2
    assert capsys.readouterr().out.startswith("::error::input `mode` is 'auto'")


def test_action_yml_offers_exactly_the_inputs_that_are_read() -> None:
    manifest = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    read = re.findall(r'_(?:input|one_of|listed)\(env, "([a-z-]+)"', Path(action.__file__).read_text())
    options = {name for names in action._OPTIONS.values() for name in names}
    checked = {"cache", "local-model"}
    assert manifest["inputs"].keys() - {"github-token", "working-directory"} == {*read, *options, *checked} - {"plan"}


def test_action_yml_hands_over_every_input_that_is_read() -> None:
    manifest = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    (run,) = [step for step in manifest["runs"]["steps"] if step["id"] == "run"]
    for name in manifest["inputs"].keys() - {"github-token", "working-directory"}:
        variable = "OPRO_INPUT_" + name.upper().replace("-", "_")
        assert name in {"labels", "reviewers"} or run["env"][variable] == f"${{{{ inputs.{name} }}}}"


def test_only_the_propose_step_is_handed_the_token() -> None:
    manifest = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    with_token = [step["id"] for step in manifest["runs"]["steps"] if "github-token" in json.dumps(step)]
    assert with_token == ["propose"]


def test_no_expression_stands_in_a_script_of_action_yml() -> None:
    manifest = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    assert [step["id"] for step in manifest["runs"]["steps"] if "${{" in step.get("run", "")] == []


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
