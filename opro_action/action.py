"""The GitHub Action's Python side: inputs become one `opro` command, its result becomes outputs and a summary.

`opro` runs in a process of its own, whose environment holds either model keys or the write token, never both.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opro_action.commands.trust import refuse_untrusted
from opro_action.errors import NotMeasured, OproError, UsageError
from opro_action.report import markdown, workflow

_OPTIONS = {
    "check": ("model", "max-calls", "max-cost"),
    "optimize": ("model", "optimizer-model", "max-calls", "max-cost", "max-minutes", "steps"),
}

# A process that holds model keys gets no token that may write, and no file through which it could steer the job.
_WITHHELD_FROM_MODELS = frozenset({
    "GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN",
    "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL",
    "GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY",
})  # fmt: skip

# A list of what may pass, because a suite's `api_key_env` can give a key any name.
_GIVEN_TO_PROPOSE = frozenset({
    "GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_SERVER_URL", "GITHUB_RUN_ID", "GITHUB_SHA",
    "GITHUB_ACTIONS", "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
})  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """The action's inputs, checked. `options` are passed to `opro` under the same names."""

    mode: str
    suites: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    on_unmeasured: str = "fail"
    propose: str = "pull-request"


@dataclass(frozen=True)
class Finished:
    """How a run of `opro` ended; `last_words` is the last line it wrote to stderr."""

    exit_code: int
    last_words: str = ""


def read_inputs(env: Mapping[str, str]) -> Inputs:
    """The inputs from `OPRO_INPUT_*`; raises UsageError with one sentence for a value that has no meaning."""
    mode = _one_of(env, "mode", tuple(_OPTIONS))
    for name in ("cache", "local-model"):  # followed by action.yml itself, where a misspelt value would go unnoticed
        _one_of(env, name, ("true", "false"))
    named = {name: _input(env, name) for names in _OPTIONS.values() for name in names}
    options = {name: value for name, value in named.items() if value}
    for name in options:
        if name not in _OPTIONS[mode]:
            raise UsageError(f"input `{name}` has no meaning in mode `{mode}`: remove it or change `mode`")
    inputs = Inputs(
        mode=mode,
        suites=tuple(_input(env, "suites").split()),
        options=options,
        on_unmeasured=_one_of(env, "on-unmeasured", ("fail", "warn")),
        propose=_one_of(env, "propose", ("pull-request", "none")),
    )
    if mode == "optimize" and len(inputs.suites) != 1:
        raise UsageError("mode `optimize` searches for one suite: name exactly one in input `suites`, or use a matrix")
    if mode == "optimize" and inputs.propose == "pull-request":
        proposal_options(env)  # what is wrong with them is said before the search has cost something
    return inputs


def arguments(inputs: Inputs, *, result: Path, summary: Path) -> list[str]:
    """The command line of `opro` for these inputs, without the program's name."""
    options = [f"--{name}={value}" for name, value in inputs.options.items()]
    return [inputs.mode, "--format=json", f"--output={result}", f"--summary={summary}", *options, "--", *inputs.suites]


def proposal_options(env: Mapping[str, str]) -> list[str]:
    """The options of `opro propose`; raises UsageError for an input that has no meaning."""
    labels = [f"--label={label}" for label in _listed(env, "labels")]
    reviewers = [f"--reviewer={login}" for login in _listed(env, "reviewers")]
    draft = ["--draft"] if _one_of(env, "draft", ("true", "false")) == "true" else []
    return [f"--base={base_branch(env)}", *labels, *reviewers, *draft]


def base_branch(env: Mapping[str, str]) -> str:
    """The branch that a proposal is for: input `base`, or the branch that the workflow runs on."""
    given = _input(env, "base")
    if given:
        return given
    if env.get("GITHUB_REF_TYPE") == "branch" and not env.get("GITHUB_HEAD_REF"):
        return env["GITHUB_REF_NAME"]
    raise UsageError(
        "this workflow does not run on a branch, so name the branch that the pull request is for in input `base`, "
        "or set `propose: none`"
    )


def model_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that calls models: keys yes, tokens no."""
    return {name: value for name, value in env.items() if name not in _WITHHELD_FROM_MODELS}


def propose_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process that calls the GitHub API: the token, and only names known to hold no key."""
    return {name: value for name, value in env.items() if name in _GIVEN_TO_PROPOSE}


def check_outputs(result: Mapping[str, Any]) -> dict[str, str]:
    """Outputs of mode `check`. `score`, `baseline-score` and `delta` are empty unless there is exactly one suite."""
    suites = result["suites"]
    only = suites[0] if len(suites) == 1 else {}
    return {
        "verdict": result["verdict"],
        "score": _number(only.get("score")),
        "baseline-score": _number((only.get("baseline") or {}).get("score")),
        "delta": _number(only.get("delta")),
        "regressed": _boolean(any(suite["verdict"] == "regressed" for suite in suites)),
    }


def optimize_outputs(result: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Outputs of mode `optimize`; scores are those of the holdout. `folder` is where `opro` ran."""
    plan = folder / (result.get("run") or "") / "plan.json"
    return {
        "score": _number((result.get("best") or {}).get("holdout_score")),
        "baseline-score": _number(result.get("seed_holdout_score")),
        "delta": _number(result.get("delta")),
        "accepted": _boolean(result["accepted"]),
        "plan": str(plan) if plan.is_file() else "",
    }


def full_summary(report: str, mode: str, finished: Finished) -> str:
    """The job summary: its first words are NOT MEASURED when nothing was measured."""
    said = markdown.fence(finished.last_words, "text") if finished.last_words else ""
    if finished.exit_code == NotMeasured.exit_code and not report.startswith("NOT MEASURED"):
        report = f"NOT MEASURED\n\n{said}\n{report}"
    elif not report and finished.exit_code:
        report = f"`opro {mode}` ended with exit code {finished.exit_code}.\n\n{said}"
    return workflow.shortened(report)


def why(result: Mapping[str, Any], finished: Finished) -> str:
    """The sentence for a step that is not green: the reasons of the suites that made it so, else the last words."""
    reasons = [
        f"{suite['suite']}: {suite['verdict']}, {suite['reason']}"
        for suite in result.get("suites", ())
        if suite["verdict"] in {"regressed", "unmeasured", "inconclusive"}
    ]
    return "; ".join(reasons) or finished.last_words or f"opro ended with exit code {finished.exit_code}"


def run(env: Mapping[str, str]) -> int:
    """Mode `check` or `optimize`: returns the step's exit code."""
    inputs = read_inputs(env)
    folder = Path(tempfile.mkdtemp(prefix="opro-", dir=env.get("RUNNER_TEMP")))
    result_file, summary = folder / "result.json", folder / "summary.md"
    args, given = arguments(inputs, result=result_file, summary=summary), model_environment(env)
    refuse_untrusted([Path(suite) for suite in inputs.suites], given)
    finished = call_opro(args, given, stdout=sys.stdout)
    result = json.loads(_text(result_file) or "{}")
    if result:
        values = check_outputs(result) if inputs.mode == "check" else optimize_outputs(result, Path.cwd())
        _append(env, "GITHUB_OUTPUT", workflow.outputs(values | {"result-json": str(result_file)}))
    _append(env, "GITHUB_STEP_SUMMARY", full_summary(_text(summary), inputs.mode, finished))
    return _step_exit_code(inputs, finished.exit_code, why(result, finished))


def propose(env: Mapping[str, str]) -> int:
    """Opens or updates the pull request for the plan that a search left: returns the step's exit code."""
    if not env.get("GITHUB_TOKEN"):
        raise UsageError(
            "input `github-token` is empty, and opening a pull request needs it: give one, or set `propose: none`"
        )
    args = ["propose", "--format=json", *proposal_options(env), "--", _input(env, "plan")]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as stdout:
        finished = call_opro(args, propose_environment(env), stdout=stdout)
        stdout.seek(0)
        answer = stdout.read()
    if finished.exit_code:
        _say(workflow.command("error", finished.last_words))
        _append(env, "GITHUB_STEP_SUMMARY", full_summary("", "propose", finished))
        return finished.exit_code
    done = json.loads(answer)
    values = {"pull-request-number": str(done.get("number") or ""), "pull-request-url": done.get("url") or ""}
    _append(env, "GITHUB_OUTPUT", workflow.outputs(values))
    _append(env, "GITHUB_STEP_SUMMARY", f"\n{proposal_line(done)}\n")
    for warning in done.get("warnings", ()):
        _say(workflow.command("warning", warning))
    return 0


def proposal_line(done: Mapping[str, Any]) -> str:
    """What became of a proposal, as a line of the summary with a link to it."""
    reason = markdown.plain(done["reason"])
    return f"[{reason}]({done['url']})" if done.get("url") else reason


def call_opro(args: list[str], env: Mapping[str, str], *, stdout: Any) -> Finished:
    """Runs `opro` to its end. What it writes to stderr goes to the log, where no line of it is obeyed as a command."""
    program = Path(sys.executable).with_name("opro")
    stop, resume = workflow.silence()
    last_words = ""
    _say(stop)
    with subprocess.Popen(
        [program, *args], env=env, stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
    ) as process:
        for line in process.stderr or ():
            _say(line.rstrip("\n"))
            last_words = line.strip().removeprefix("error: ") or last_words
    _say(resume)
    return Finished(process.returncode, last_words)


def main(argv: list[str], env: Mapping[str, str]) -> int:
    """The step `argv` names, `run` or `propose`; an expected error becomes an annotation and its exit code."""
    steps = {"run": run, "propose": propose}
    try:
        return steps[argv[0]](env)
    except OproError as error:
        _say(workflow.command("error", str(error)))
        return error.exit_code


def _step_exit_code(inputs: Inputs, exit_code: int, why: str) -> int:
    if exit_code == NotMeasured.exit_code and inputs.on_unmeasured == "warn":
        _say(workflow.command("warning", f"NOT MEASURED: {why}"))
        return 0
    if exit_code:
        _say(workflow.command("error", why))
    return exit_code


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _input(env: Mapping[str, str], name: str) -> str:
    return env.get("OPRO_INPUT_" + name.upper().replace("-", "_"), "").strip()


def _listed(env: Mapping[str, str], name: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,\n]", _input(env, name)) if item.strip()]


def _one_of(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = _input(env, name)
    if value not in choices:
        raise UsageError(
            f"input `{name}` is '{value}', and it can be {' or '.join(f'`{choice}`' for choice in choices)}"
        )
    return value


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _append(env: Mapping[str, str], name: str, text: str) -> None:
    if env.get(name):
        with Path(env[name]).open("a", encoding="utf-8") as file:
            file.write(text)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
