"""The options and settings of a run, checked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

CASE_FAIL = ("gate", "score")
_YAML = frozenset({".yaml", ".yml"})


@dataclass(frozen=True)
class Settings:
    """What a run was asked for. `bases` are the folders that `globs` start from, the rootdir first.

    `asked` is what pytest was told to collect; node ids outside of the rootdir start there. `case_fail` is `gate` or
    `score`; `update` is None, `all` or `new`, and `report` the file to write.
    """

    bases: tuple[Path, ...]
    globs: tuple[str, ...]
    default_globs: bool
    asked: tuple[Path, ...] = ()
    case_fail: str = "gate"
    model: str | None = None
    repeats: int | None = None
    max_calls: int | None = None
    max_cost: float | None = None
    offline: bool = False
    prefetch: bool = True
    update: str | None = None
    report: str | None = None

    def is_suite_name(self, path: Path) -> bool:
        """Whether one of the globs names a file. A list of cases may be named too; hidden files are not."""
        if path.suffix not in _YAML:
            return False
        for base in self.bases:
            if path.is_relative_to(base):
                name = path.relative_to(base)
                hidden = any(part.startswith(".") for part in name.parts)
                if not hidden and any(_matches(name.parts, tuple(Path(glob).parts)) for glob in self.globs):
                    return True
        return False

    def is_named(self, path: Path) -> bool:
        """Whether somebody has said of a file that it is a suite: on the command line, or in the configuration."""
        return not self.default_globs or path in self.asked

    def path_of(self, file: str) -> Path | None:
        """The file that a node id may begin with, if a glob names it and it is there."""
        starts = (self.bases[0], *self.asked, *self.bases[1:])
        found = (Path(os.path.normpath(start / file)) for start in starts)
        return next((path for path in found if self.is_suite_name(path) and path.is_file()), None)


def settings_of(config: pytest.Config) -> Settings:
    """Raises pytest.UsageError, with what to write instead, for a value that cannot be meant."""
    from opro_action.pytest_plugin import SUITES

    option = config.option
    case_fail = str(config.getini("opro_case_fail"))
    if case_fail not in CASE_FAIL:
        raise pytest.UsageError(f"opro_case_fail = {case_fail}: write `gate` or `score`.")
    for name in ("repeats", "max_calls", "max_cost"):
        value = getattr(option, f"opro_{name}")
        if value is not None and value <= 0:
            raise pytest.UsageError(f"--opro-{name.replace('_', '-')} {value}: has to be more than 0.")
    if option.opro_report:
        _check_report(Path(option.opro_report), config.invocation_params.dir)
    if option.opro_update and not option.opro_force and not is_worker(config):
        _refuse_on_ci()
    globs = tuple(config.getini("opro_suites"))
    return Settings(
        bases=_bases(config.rootpath),
        globs=globs,
        default_globs=globs == SUITES,
        asked=_asked(config),
        case_fail=case_fail,
        model=option.opro_model,
        repeats=option.opro_repeats,
        max_calls=option.opro_max_calls,
        max_cost=option.opro_max_cost,
        offline=option.opro_offline,
        prefetch=not option.opro_no_prefetch,
        update=option.opro_update,
        report=str(config.invocation_params.dir / option.opro_report) if option.opro_report else None,
    )


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for a controller (pytest-xdist)."""
    return hasattr(config, "workerinput")


def _check_report(file: Path, folder: Path) -> None:
    from opro_action.errors import UsageError
    from opro_action.suite.files import check_writable

    if file.suffix not in {".json", ".md"}:
        raise pytest.UsageError(f"--opro-report {file}: name a .json or a .md file.")
    try:
        check_writable(folder / file)
    except UsageError as error:
        raise pytest.UsageError(f"--opro-report {error}") from None


def _refuse_on_ci() -> None:
    from opro_action.commands.record import refuse_on_ci
    from opro_action.errors import UsageError

    try:
        refuse_on_ci(os.environ, prefix="--opro-")
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _asked(config: pytest.Config) -> tuple[Path, ...]:
    here = config.invocation_params.dir
    return tuple(Path(os.path.normpath(here / name.partition("::")[0])) for name in config.args)


def _bases(rootdir: Path) -> tuple[Path, ...]:
    """The rootdir, and the repository around it: from within `evals/`, without a configuration, that is the rootdir."""
    around = next((folder for folder in (rootdir, *rootdir.parents) if (folder / ".git").exists()), rootdir)
    return tuple(dict.fromkeys((rootdir, around)))


def _matches(parts: tuple[str, ...], glob: tuple[str, ...]) -> bool:
    from fnmatch import fnmatchcase

    if not glob:
        return not parts
    if glob[0] == "**":
        return any(_matches(parts[skip:], glob[1:]) for skip in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], glob[0]) and _matches(parts[1:], glob[1:])
