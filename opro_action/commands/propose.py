"""`opro propose`: open or update the pull request for a plan. Holds no model key and imports no model library."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from opro_action.commands.output import Output, say, write_result
from opro_action.search.plan import read_plan


@dataclass(frozen=True)
class ProposeOptions:
    """The options of `opro propose`."""

    plan: Path
    repository: str | None = None
    base: str | None = None
    labels: tuple[str, ...] = ("opro",)
    reviewers: tuple[str, ...] = ()
    draft: bool = False
    dry_run: bool = False
    output: Output = Output()


def propose(options: ProposeOptions) -> int:
    """Propose the plan, or with `dry_run` write the title and the description only; returns the exit code."""
    from opro_action.proposal.propose import describe, open_proposal
    from opro_action.proposal.settings import settings_from

    plan = read_plan(options.plan)
    if options.dry_run:
        title, body = describe(plan)
        text = f"{title}\n\n{body}"
        write_result(options.output, text=text, value={"title": title, "body": body}, markdown=text)
        return 0
    settings = settings_from(
        os.environ,
        repository=options.repository,
        base=options.base,
        labels=options.labels,
        reviewers=options.reviewers,
        draft=options.draft,
    )
    proposal = open_proposal(plan, settings=settings)
    for warning in proposal.warnings:
        say(f"warning: {warning}")
    text = f"{proposal.reason}{f' {proposal.url}' if proposal.url else ''}\n"
    write_result(options.output, text=text, value=asdict(proposal), markdown=text)
    return 0
