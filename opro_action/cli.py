"""The command line: `opro` with its commands, and `opro-check`."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from opro_action import __version__
from opro_action.errors import OproError, UsageError

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED = 130
UNREAD = 141
BUG = 70

_REFUSALS = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.ENOTDIR, errno.ENAMETOOLONG),
}
"""What the system says where a person has to make room or give leave: no bug of ours."""

# Options whose value may be left out, and what that means. Click would take the word after them, even a file.
_ALONE = {"--update-baseline": "all", "--resume": "latest"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `opro` and exit with the code that README lists."""
    _exit_with(opro, list(sys.argv[1:] if arguments is None else arguments))


def check_main(arguments: Sequence[str] | None = None) -> None:
    """Run `opro-check`: the same as `opro check`."""
    main(["check", *(sys.argv[1:] if arguments is None else arguments)])


def _exit_with(command: click.Command, arguments: list[str]) -> None:
    try:
        code = command.main(args=with_values(arguments), prog_name="opro", standalone_mode=False)
    except OproError as error:
        _say(f"error: {error}")
        code = error.exit_code
    except click.ClickException as error:
        code = _wrong_usage(error)
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        code = INTERRUPTED
    except SystemExit:  # click's answer to a pipe that is closed too early, with the 1 that means regressed
        code = UNREAD
    except Exception as error:  # noqa: BLE001 - the one place where a bug is met: a traceback and a code of its own
        code = _unexpected(error)
    sys.exit(code)


def _wrong_usage(error: click.ClickException) -> int:
    from opro_action.commands.output import until_closed

    with until_closed(sys.stderr):
        error.show()
    return UsageError.exit_code


def _unexpected(error: Exception) -> int:
    if not (isinstance(error, OSError) and error.errno in _REFUSALS):
        sys.excepthook(type(error), error, error.__traceback__)
        return BUG
    where = f"{error.filename}: " if error.filename else ""
    reason = (error.strerror or str(error)).lower()
    _say(f"error: {where}the system refuses ({reason}); check the path and its permissions.")
    return UsageError.exit_code


def with_values(arguments: Sequence[str]) -> list[str]:
    """The arguments with a value for each option that may stand alone.

    `--resume RUN` is taken as a value unless RUN is a suite file, which is the command's argument.
    """
    found: list[str] = []
    for index, word in enumerate(arguments):
        following = arguments[index + 1] if index + 1 < len(arguments) else "-"
        takes_next = (
            word == "--resume"
            and not following.startswith("-")
            and Path(following.partition("#")[0]).suffix not in _YAML
        )
        found.append(f"{word}={_ALONE[word]}" if word in _ALONE and not takes_next else word)
    return found


_YAML = {".yaml", ".yml"}


def _say(line: str) -> None:
    from opro_action.commands.output import say

    say(line)


def text(value: str) -> str:
    """A value that is not empty: that is a variable which was not set, and must not stand for the default."""
    if not value.strip():
        raise click.BadParameter("it is empty; give a value, or leave it out.")
    return value


def path(value: str) -> Path:
    """A file or folder as it is named on the command line."""
    return Path(text(value))


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _output(*formats: str) -> Callable[[F], F]:
    return _options(
        click.option("--format", "format_", type=click.Choice(formats), default="text", help="Form of the result."),
        click.option("--output", type=path, help="Write the result to this file instead of stdout."),
        click.option("--summary", type=path, help="Write the result as Markdown to this file besides."),
    )


_model = click.option("--model", type=text, metavar="ID", help="Task model, instead of the suite's.")
_max_calls = click.option(
    "--max-calls", type=click.IntRange(min=1), help="Hard cap on model calls; of a search, instead of the suite's."
)
_max_cost = click.option(
    "--max-cost",
    type=click.FloatRange(min=0, min_open=True),
    metavar="DOLLARS",
    help="Hard cap on dollars; of a search, instead of the suite's.",
)
_calling = _options(
    click.option("--concurrency", type=click.IntRange(min=1), default=16, show_default=True, help="Calls at a time."),
    click.option("--offline", is_flag=True, help="Take answers from the cache only; call no model."),
    click.option("--no-cache", is_flag=True, help="Neither read nor write cached answers."),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="opro")
def opro() -> None:
    """Score, gate and improve the prompts of a repository, on evidence.

    Exit codes: 0 fine, 1 regressed, 2 usage or configuration, 3 not measured, 4 budget spent before a verdict,
    130 interrupted, 141 stdout closed before the end, 70 a bug.
    """


@opro.command()
@click.argument("suites", nargs=-1, type=path, metavar="[SUITE]...")
@click.option("--changed", is_flag=True, help="Only suites made of files that differ from --base.")
@click.option(
    "--staged", is_flag=True, help="Suites as they are staged, not as the work tree has them: for commit hooks."
)
@click.option(
    "--base", type=text, metavar="REF", help="Git ref for --changed, scored where no baseline fits. Default: HEAD."
)
@click.option(
    "--update-baseline",
    type=click.Choice(["all", "new"]),
    metavar="[=new]",
    help="Record the result as the baseline; `=new` only suites and cases that have none.",
)
@click.option("--force", is_flag=True, help="Let --update-baseline record on CI too.")
@click.option("--tag", "tags", multiple=True, type=text, help="Only cases with this tag, or one of several.")
@click.option("-k", "match", type=text, metavar="TEXT", help="Only cases with TEXT in their id.")
@click.option("--prompt", "prompts", multiple=True, type=path, help="Compare these prompt files on the suite's cases.")
@click.option(
    "--on-unmeasured",
    type=click.Choice(["fail", "warn"]),
    default="fail",
    show_default=True,
    help="End with 3, or with a warning and 0, where nothing could be measured: no key, provider down.",
)
@_model
@click.option("--repeats", type=click.IntRange(min=1), help="Answers per case, instead of the suite's.")
@_max_calls
@_max_cost
@_calling
@_output("text", "json", "markdown")
def check(suites: tuple[Path, ...], **given: Any) -> int:
    """Score prompts, compare them with their baselines, print a verdict for each suite.

    Without SUITE: all suites under evals/, and each .prompt.yml under prompts/ that has testData and evaluators.
    With --prompt A --prompt B: the prompts side by side, each compared with the first case by case; with one
    --prompt, with the suite's own.
    """
    from opro_action.commands.check import CheckOptions
    from opro_action.commands.check import check as run

    names = ("changed", "staged", "base", "model", "repeats", "update_baseline", "force", "tags", "match", "prompts")
    picked = {name: given[name] for name in (*names, "on_unmeasured")}
    return run(CheckOptions(suites=suites, calls=_calls(given), output=_output_of(given), **picked))


@opro.command()
@click.argument("suite", type=path)
@click.option("--steps", type=click.IntRange(min=1), help="Upper bound on steps, instead of the suite's.")
@click.option("--candidates", type=click.IntRange(min=1), help="Candidates per step, instead of the suite's.")
@_max_calls
@_max_cost
@click.option(
    "--max-minutes", type=click.FloatRange(min=0, min_open=True), help="Hard cap on minutes, instead of the suite's."
)
@_model
@click.option(
    "--optimizer-model", type=text, metavar="ID", help="Model that writes candidates, instead of the suite's."
)
@click.option("--seed", type=int, help="Seed of the split, and of all that is drawn.")
@click.option(
    "--resume", type=text, metavar="[RUN]", help="Go on with an interrupted run: its name, or this suite's last one."
)
@click.option("--dry-run", is_flag=True, help="Print what the search may cost at most, and stop.")
@click.option("--write", is_flag=True, help="Put an accepted winner into the prompt file.")
@click.option("--allow-few", is_flag=True, help="Search with fewer than 20 cases, although little can be shown.")
@_calling
@_output("text", "json", "markdown")
def optimize(suite: Path, **given: Any) -> int:
    """Search for a better wording of SUITE's prompt within hard bounds, and decide on cases it never saw.

    Leaves a journal and a plan under .opro/runs/, and adds to the suite's history file.
    """
    from opro_action.commands.optimize import OptimizeOptions
    from opro_action.commands.optimize import optimize as run

    names = ("steps", "candidates", "max_calls", "max_cost", "max_minutes", "seed")
    bounds = {name: given[name] for name in names if given[name] is not None}
    picked = {name: given[name] for name in ("model", "optimizer_model", "resume", "dry_run", "write", "allow_few")}
    return run(OptimizeOptions(suite=suite, bounds=bounds, calls=_calls(given), output=_output_of(given), **picked))


@opro.command()
@click.argument("plan", type=path, required=False, metavar="[PLAN]")
@click.option("--repo", "repository", type=text, metavar="OWNER/NAME", help="Repository, instead of GITHUB_REPOSITORY.")
@click.option("--base", type=text, metavar="BRANCH", help="Branch to propose to, instead of the default branch.")
@click.option("--label", "labels", type=text, multiple=True, default=("opro",), show_default=True, help="Label to set.")
@click.option("--reviewer", "reviewers", type=text, multiple=True, help="Login to ask for a review.")
@click.option("--draft", is_flag=True, help="Open as a draft, even when the gain is proven.")
@click.option("--dry-run", is_flag=True, help="Print title and description; call nothing.")
@_output("text", "json", "markdown")
def propose(plan: Path | None, **given: Any) -> int:
    """Open or update the pull request for PLAN, the plan.json of a search. Needs GITHUB_TOKEN.

    Without PLAN: the newest under .opro/runs/.
    """
    from opro_action.commands.propose import ProposeOptions
    from opro_action.commands.propose import propose as run

    picked = {name: given[name] for name in ("repository", "base", "labels", "reviewers", "draft", "dry_run")}
    return run(ProposeOptions(plan=plan, output=_output_of(given), **picked))


@opro.command()
@click.argument("suite", type=path)
@click.option(
    "--diff", nargs=2, type=text, metavar="A B", help="Show what changed between two versions, named by digest."
)
@click.option(
    "--decline", type=text, metavar="A", help="Record that people turned a version down: no search tries it again."
)
@click.option("--chart", is_flag=True, help="Print the scores as a Mermaid chart.")
@_output("text", "json", "markdown")
def history(suite: Path, **given: Any) -> int:
    """List the versions of SUITE's prompt with their scores, newest first."""
    from opro_action.commands.history import HistoryOptions
    from opro_action.commands.history import history as run

    picked = {name: given[name] for name in ("diff", "decline", "chart")}
    return run(HistoryOptions(suite=suite, output=_output_of(given), **picked))


@opro.command()
@click.argument("suites", nargs=-1, type=path, metavar="[SUITE]...")
@_model
@click.option("--no-calls", is_flag=True, help="Look only at what needs no model.")
@_max_calls
@_max_cost
@_calling
@_output("text", "json", "markdown")
def doctor(suites: tuple[Path, ...], **given: Any) -> int:
    """Find what would make the numbers of a suite wrong or weak, before they cost anything.

    Looks at keys, scorers, cases and the prompt, then asks the model for a sample of 20 cases, twice.
    Without SUITE: all suites under evals/.
    """
    from opro_action.commands.doctor import DoctorOptions
    from opro_action.commands.doctor import doctor as run

    picked = {name: given[name] for name in ("model", "no_calls")}
    return run(DoctorOptions(suites=suites, calls=_calls(given), output=_output_of(given), **picked))


@opro.command("import")
@click.argument("file", type=path)
@click.option("--to", type=path, metavar="FOLDER", help="Folder for prompts/ and evals/, instead of the repository's.")
def import_(file: Path, to: Path | None) -> int:
    """Write the prompts and cases of a promptfoo configuration in the native form; nothing is written over."""
    from opro_action.commands.import_ import ImportOptions
    from opro_action.commands.import_ import import_ as run

    return run(ImportOptions(file=file, to=to))


@opro.command()
@click.argument("name", type=click.Choice(["suite", "result", "plan", "baseline", "prompt_yml", "doctor"]))
def schema(name: str) -> int:
    """Print a JSON Schema, for an editor or a program that reads our files."""
    from opro_action.commands.output import print_out
    from opro_action.suite.schemas import schema as schema_of

    print_out(json.dumps(schema_of(name), ensure_ascii=False, indent=2) + "\n", exact=True)
    return 0


def _calls(given: dict[str, Any]) -> Any:
    from opro_action.commands.common import Calls

    names = ("max_calls", "max_cost", "concurrency", "offline", "no_cache")
    return Calls(**{name: given[name] for name in names})


def _output_of(given: dict[str, Any]) -> Any:
    """The output that is asked for, its files known to be writable before anything is paid for."""
    from opro_action.commands.output import Output
    from opro_action.suite.files import check_writable

    for file in filter(None, (given["output"], given["summary"])):
        check_writable(file)
    return Output(format=given["format_"], output=given["output"], summary=given["summary"])
