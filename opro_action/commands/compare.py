"""`opro check --prompt A --prompt B`: several prompts for one suite, side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from opro_action.commands.common import Calls, open_models, run
from opro_action.commands.output import Output, write_result
from opro_action.errors import UsageError
from opro_action.gate.compare import Side, compare_prompts
from opro_action.report.compare import compare_json, compare_markdown, compare_text
from opro_action.suite.cases import check_vars
from opro_action.suite.prompt import Prompt
from opro_action.suite.prompt_file import read_prompt
from opro_action.suite.suite import Suite


def compare(suite: Suite, paths: Sequence[Path], calls: Calls, output: Output) -> int:
    """Compare the prompts with the first of them; with only one, compare it with the suite's own."""
    prompts = [other_prompt(suite, path) for path in paths]
    if len(prompts) == 1:
        prompts.insert(0, suite.prompt)
    sides, usage = run(_compared(suite, prompts, calls))
    write_result(
        output,
        text=compare_text(suite, sides, usage),
        value=compare_json(suite, sides, usage),
        markdown=compare_markdown(suite, sides, usage),
    )
    return 0


def other_prompt(suite: Suite, path: Path) -> Prompt:
    """Another prompt file for the cases of a suite; raises UsageError where it would follow other rules."""
    if suite.prompt.frame.role or suite.prompt.path == suite.path:
        what = f"{suite.path.name} is in a format in which prompts have other rules"
        raise UsageError(f"--prompt {path}: {what}; compare such files as suites, or use `opro import`.")
    prompt = read_prompt(path, suite.root)
    check_vars(suite.cases, prompt)
    return prompt


async def _compared(
    suite: Suite, prompts: Sequence[Prompt], calls: Calls
) -> tuple[tuple[Side, ...], dict[str, object]]:
    began = time.monotonic()
    async with open_models(suite.root, calls) as models:
        sides = await compare_prompts(suite, prompts, models)
        return sides, replace(models.usage.total, seconds=time.monotonic() - began).as_json()
