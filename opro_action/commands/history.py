"""`opro history`: the prompt's versions with their scores, newest first; and the word that one is turned down."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from opro_action.commands.output import Output, say, write_result
from opro_action.errors import UsageError
from opro_action.report.markdown import code, fence, table
from opro_action.report.mermaid import xychart
from opro_action.search.history import DECLINED, Version, declined, is_among, read_history, to_lines
from opro_action.suite.files import write_atomically
from opro_action.suite.reading import read_suite

_NONE = "no version is recorded yet\n"


@dataclass(frozen=True)
class HistoryOptions:
    """The options of `opro history`. `diff` holds two digests, or beginnings of them, and `decline` one."""

    suite: Path
    diff: tuple[str, str] | None = None
    decline: str | None = None
    chart: bool = False
    output: Output = Output()


def history(options: HistoryOptions) -> int:
    """Print the versions, the difference of two, or a chart, after one is turned down; returns the exit code."""
    if options.diff and options.chart:
        raise UsageError("--diff and --chart: name one of them.")
    if options.output.format == "json" and (options.diff or options.chart):
        raise UsageError("--diff and --chart are for people: JSON lists the versions, so leave out --format json.")
    suite = read_suite(options.suite)
    versions = read_history(suite.history_path)
    if options.decline:
        versions = _with_declined(versions, options.decline, suite.history_path)
    if options.diff:
        text = _diff(*(_version(versions, name, suite.history_path) for name in options.diff))
        markdown = fence(text, "diff")
    elif options.chart:
        text = _chart(versions) or _NONE
        markdown = f"{text}\n{_markdown(versions)}"
    else:
        text = "".join(f"{_line(version)}\n" for version in reversed(versions)) or _NONE
        markdown = _markdown(versions)
    newest_first = [asdict(version) for version in reversed(versions)]
    write_result(options.output, text=text, value=newest_first, markdown=markdown)
    return 0


def _with_declined(versions: Sequence[Version], name: str, path: Path) -> tuple[Version, ...]:
    """The versions with a line more, written to the file at once, by which the version `name` is turned down."""
    version = _version(versions, name, path)
    if is_among(declined(versions), version.text):
        return tuple(versions)
    line = replace(version, evidence=DECLINED, at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    write_atomically(path, to_lines([*versions, line]))
    say(f"{path}: {version.digest[:12]} is turned down: commit this file, and no search tries that text again")
    return (*versions, line)


def _version(versions: Sequence[Version], name: str, path: Path) -> Version:
    found = {version.digest: version for version in versions if version.digest.startswith(name)}
    if len(found) != 1:
        what = "no version has" if not found else f"{len(found)} versions have"
        raise UsageError(f"{path}: {what} a digest that begins with {name!r}; `opro history` lists them.")
    return next(iter(found.values()))


def _diff(old: Version, new: Version) -> str:
    lines = difflib.unified_diff(
        old.text.splitlines(), new.text.splitlines(), old.digest[:12], new.digest[:12], lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _line(version: Version) -> str:
    first = version.text.strip().splitlines()[0]
    measured = f"{version.score:.2f} over {version.n} {version.split} cases"
    return f"{version.at}  {version.digest[:12]}  {measured}  {version.evidence or version.origin:<10} {first}"


def _markdown(versions: Sequence[Version]) -> str:
    rows = [(v.at, code(v.digest[:12]), f"{v.score:.2f}", v.n, v.split, v.evidence) for v in reversed(versions)]
    return table(("when", "version", "score", "cases", "split", "evidence"), rows)


def _chart(versions: Sequence[Version]) -> str:
    points = [(version.digest[:7], version.score) for version in versions if version.evidence != DECLINED]
    return xychart("score by version", points, x_label="version", y_label="score")
