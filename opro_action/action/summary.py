"""The job summary: what each command reported, cut by whole sections to what GitHub keeps."""

from __future__ import annotations

from collections.abc import Sequence

from opro_action.action.process import Done
from opro_action.report import markdown, workflow


def job_summary(done: Sequence[Done]) -> str:
    """The reports of the commands, in order; the first words are NOT MEASURED when one could not measure."""
    parts = [_part(each) for each in done]
    text = "\n".join(part for part in parts if part)
    if any(not each.measured for each in done) and not text.startswith("NOT MEASURED"):
        text = f"NOT MEASURED\n\n{text}"
    return workflow.shortened(text)


def _part(done: Done) -> str:
    said = markdown.fence(done.words, "text") if done.words else ""
    if done.summary:
        return done.summary
    if not done.measured:
        return f"NOT MEASURED by `opro {done.command}`\n\n{said}"
    if done.exit_code:
        return f"`opro {done.command}` ended with exit code {done.exit_code}.\n\n{said}"
    return f"{markdown.plain(done.words)}\n" if done.words else ""
