"""`opro propose`: open or update the pull request for a plan. Holds no model key and imports no model library."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opro_action.commands.output import Output, say, write_result
from opro_action.errors import UsageError
from opro_action.search.plan import read_plan
from opro_action.suite.discovery import find_root
from opro_action.suite.sources import shown

if TYPE_CHECKING:
    from opro_action.proposal.propose import Proposal
    from opro_action.proposal.settings import ProposeSettings


@dataclass(frozen=True)
class ProposeOptions:
    """The options of `opro propose`. Without a `plan` it is the newest one of the repository around."""

    plan: Path | None = None
    repository: str | None = None
    base: str | None = None
    labels: tuple[str, ...] = ("opro",)
    reviewers: tuple[str, ...] = ()
    draft: bool = False
    dry_run: bool = False
    output: Output = Output()


def propose(options: ProposeOptions) -> int:
    """Propose the plan, or with `dry_run` write the title and the description only; returns the exit code."""
    from opro_action.proposal.propose import describe, nothing_in, open_proposal

    plan = read_plan(options.plan or _newest_plan(find_root(Path.cwd())))
    if not options.dry_run:
        return _tell(open_proposal(plan, settings=_settings(options)), options.output)
    if nothing := nothing_in(plan):
        return _tell(nothing, options.output)
    title, body = describe(plan)
    text = f"{title}\n\n{body}"
    write_result(options.output, text=text, value={"title": title, "body": body}, markdown=text)
    return 0


def _newest_plan(root: Path) -> Path:
    runs = root / ".opro" / "runs"
    plans = sorted(runs.glob("*/plan.json"), key=lambda path: (path.stat().st_mtime_ns, path))
    if not plans:
        raise UsageError(f"{shown(runs)}: there is no plan; search with `opro optimize`, or name a plan.")
    say(f"plan: {shown(plans[-1])}")
    return plans[-1]


def _settings(options: ProposeOptions) -> ProposeSettings:
    from opro_action.proposal.settings import settings_from

    return settings_from(
        os.environ,
        repository=options.repository,
        base=options.base,
        labels=options.labels,
        reviewers=options.reviewers,
        draft=options.draft,
    )


def _tell(proposal: Proposal, output: Output) -> int:
    for warning in proposal.warnings:
        say(f"warning: {warning}")
    text = f"{proposal.reason}{f' {proposal.url}' if proposal.url else ''}\n"
    write_result(output, text=text, value=asdict(proposal), markdown=text)
    return 0
