"""Findings on a prompt that quotes its own cases: their score then says nothing about new inputs."""

from __future__ import annotations

from opro_action.doctor.finding import Finding, some_cases
from opro_action.scoring.expected import options_of
from opro_action.suite.quoting import common_texts, folded, quotable
from opro_action.suite.suite import Suite


def leak_findings(suite: Suite) -> list[Finding]:
    """Cases whose own input, or long expected answer, stands in the prompt or in the messages around it."""
    prompt = suite.prompt
    around = [text for _, text in (*prompt.frame.before, *prompt.frame.after)]
    told = folded("\n".join([prompt.text, *around]))
    common = common_texts(suite.cases).union(map(folded, options_of(suite)))
    quoted = [case for case in suite.cases if any(quote in told for quote in quotable(case, common))]
    if not quoted:
        return []
    what = f"The prompt quotes {_cases(len(quoted))} that it is scored on: {some_cases(quoted)}."
    remedy = "Use other examples in the prompt, or take these cases out."
    line = _line(suite, quotable(quoted[0], common))
    return [Finding("warning", "prompt-quotes-cases", what, remedy, prompt.path, line)]


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _line(suite: Suite, quotes: tuple[str, ...]) -> int | None:
    """The line of the prompt's file that quotes, if one line does by itself."""
    first = suite.prompt.before.count(b"\n") + 1
    lines = enumerate(suite.prompt.text.split("\n"), start=first)
    return next((line for line, text in lines if any(quote in folded(text) for quote in quotes)), None)
