"""The evaluators of GitHub's `.prompt.yml`: string operators, a judge with choices, and the built-in rubrics."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opro_action.models.model import Message
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.choice import named
from opro_action.scoring.scorers.judging import DATA_RULE, ask, fenced
from opro_action.scoring.scorers.text import composed, quoted
from opro_action.scoring.tools import Asked, Tools, WideScorer
from opro_action.suite.prompt import fill
from opro_action.suite.quoting import folded
from opro_action.suite.suite import ModelSpec, ScorerSpec

_MARK = re.compile(r"\{\{([\w.-]+)\}\}")
_LABEL = re.compile(r"^[\w *_`-]{1,30}[:=]\s*(?=\S)")
_AROUND = " \t.,;:!*_`\"'()[]{}<>“”„"

_TESTS: Mapping[str, tuple[str, Callable[[str, str], bool]]] = {
    "equals": ("be", lambda answer, text: composed(answer) == composed(text)),
    "contains": ("contain", lambda answer, text: _folded(text) in _folded(composed(answer))),
    "startsWith": ("start with", lambda answer, text: _folded(composed(answer)).startswith(_folded(text))),
    "endsWith": ("end with", lambda answer, text: _folded(composed(answer)).endswith(_folded(text))),
}


def _folded(text: str) -> str:
    """Without the case of letters, and without the line break that a block scalar ends with; spaces count."""
    return unicodedata.normalize("NFC", text).casefold().strip("\r\n")


async def string(asked: Asked, spec: ScorerSpec, _tools: Tools) -> Grade:
    """1 when the answer passes the one operator; `{{key}}` in its text stands for the case's value.

    `equals` minds the case of letters, the others do not; white space around the answer never counts.
    """
    [(operator, template)] = spec.options.items()
    text = _filled(template, _values(asked))
    if not text.strip():
        return Grade(None, f"`{operator}: {template}` is empty for this case, and every answer would do")
    verb, test = _TESTS[operator]
    passed = test(asked.answer, text)
    wanted = f"{verb} {quoted(text)}"
    return Grade(float(passed), f"does {wanted}" if passed else f"has to {wanted}, got {quoted(asked.answer)}")


async def llm(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    """The score of the choice that the judge picks. The answer stands in a fence where the prompt has it."""
    options = spec.options
    completion = f"\n{fenced(asked.answer, title='the answer')}\n"
    question = _filled(options["prompt"], {**_values(asked), "completion": completion})
    choices: Mapping[str, float] = options["choices"]
    system = "\n\n".join(part for part in (options.get("system", ""), DATA_RULE, _last_line(choices)) if part)
    return await _picked(asked, tools, (system, question), choices, model=_model(options.get("model"), tools))


@dataclass(frozen=True)
class _Rubric:
    """What a built-in evaluator looks at, and what 1 and 5 mean. `needs` are names of the data it is given."""

    looks_at: str
    worst: str
    middle: str
    best: str
    needs: tuple[str, ...]
    may_have: tuple[str, ...] = ()


_RUBRICS: Mapping[str, _Rubric] = {
    "similarity": _Rubric(
        "how far the answer says the same as the expected answer, whatever its words",
        "it says something else, or contradicts it",
        "it shares part of the content, and misses or changes another part",
        "it says the same, with nothing of substance missing or added",
        ("expected",),
        ("input",),
    ),
    "relevance": _Rubric(
        "how well the answer serves what was asked",
        "it has nothing to do with the question",
        "it is about the question, but leaves out what is needed or has errors",
        "it answers the question fully and to the point",
        ("input",),
    ),
    "coherence": _Rubric(
        "how well the answer holds together: order, connections, one thought after another",
        "it is a heap of words or thoughts without connection",
        "it can be followed, with jumps or thoughts in the wrong order",
        "every sentence has its place, and the whole is easy to follow",
        (),
        ("input",),
    ),
    "fluency": _Rubric(
        "how well the answer is written: grammar, choice of words, readability; not whether it is right",
        "it is hardly intelligible",
        "it is understood without effort, with some mistakes or clumsy sentences",
        "it is free of mistakes and reads as written by a good writer",
        (),
    ),
    "groundedness": _Rubric(
        "how far the answer says only what the context supports",
        "it has nothing to do with the context, or contradicts it",
        "it rests on the context in part, and claims something that is not there",
        "all that it claims stands in the context, and it uses what the question needs",
        ("context",),
        ("input",),
    ),
}
_STARS: Mapping[str, float] = {"1": 0.0, "2": 0.25, "3": 0.5, "4": 0.75, "5": 1.0}
_TITLES = {"input": "The question", "expected": "The expected answer", "context": "The context"}


async def uses(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    """The judge's rating from 1 (score 0) to 5 (score 1) under one of the built-in rubrics.

    The judge is the suite's; an empty answer has 0 without being asked about.
    """
    if not asked.answer.strip():
        return Grade(0.0, "the answer is empty")
    rubric = _RUBRICS[spec.options["uses"].removeprefix("github/")]
    data = _data(asked)
    lacking = next((name for name in rubric.needs if not data.get(name, "").strip()), None)
    if lacking:
        wanted = "`expected` or `context`" if lacking == "context" else f"`{lacking}`"
        return Grade(None, f"the case has no {wanted}, which `{spec.options['uses']}` needs")
    system = (
        f"You rate an answer that was given to a question, from 1 to 5. Rate only this: {rubric.looks_at}.\n"
        f"1: {rubric.worst}.\n3: {rubric.middle}.\n5: {rubric.best}.\n2 and 4 lie between.\n\n"
        f"{DATA_RULE}\n\nThink about it in one or two sentences first. {_last_line(_STARS)}"
    )
    shown = [name for name in (*rubric.needs, *rubric.may_have) if data.get(name, "").strip()]
    parts = [fenced(data[name], title=_TITLES[name]) for name in shown]
    question = "\n\n".join([*parts, fenced(asked.answer, title="The answer to rate")])
    return await _picked(asked, tools, (system, question), _STARS)


async def _picked(
    asked: Asked, tools: Tools, chat: tuple[str, str], choices: Mapping[str, float], model: ModelSpec | None = None
) -> Grade:
    messages = (Message("system", chat[0]), Message("user", chat[1]))
    reply = await ask(tools, messages, model=model, repeat=asked.repeat)
    if isinstance(reply, Grade):
        return reply
    found = picked(list(choices), reply)
    if len(found) == 1:
        return Grade(choices[found[0]], f"the judge chose {quoted(found[0])}")
    if not found and len(choices) == 1:
        return Grade(0.0, f"the judge did not say {quoted(next(iter(choices)))}: {quoted(reply)}")
    what = f"named {', '.join(map(quoted, found))}" if found else "named none of the choices"
    return Grade(None, f"the judge {what}: {quoted(reply)}")


def picked(choices: Sequence[str], reply: str) -> list[str]:
    """The choice that a reply is, or that its last line is ("Score: 4" too), else all that it names as words.

    More than one, or none, is no verdict. Case and marks around the choice do not matter.
    """
    names = {folded(choice): choice for choice in choices}
    last = reply.strip().splitlines()[-1:]
    labels = [found for found in map(_LABEL.match, last) if found and not named(list(names), found.group())]
    for said in [reply, *last, *(found.string[found.end() :] for found in labels)]:
        same = [choice for choice in choices if _bare(choice) == _bare(said)]
        if len(same) == 1:
            return same
    return [names[name] for name in named(list(names), reply)]


def _bare(text: str) -> str:
    return folded(text).strip(_AROUND) or folded(text)


def _last_line(choices: Mapping[str, float]) -> str:
    if len(choices) == 1:
        return ""
    return f"End with a line that holds nothing but your choice, one of: {', '.join(choices)}."


def _model(name: str | None, tools: Tools) -> ModelSpec | None:
    """The judge that an evaluator names; one that is the suite's keeps its parameters."""
    known = tools.judge is not None and tools.judge.id == name
    return None if name is None or known else ModelSpec(name)


def _values(asked: Asked) -> dict[str, Any]:
    expected = {} if asked.case.expected is None else {"expected": asked.case.expected}
    return {**asked.case.vars, **expected}


def _data(asked: Asked) -> dict[str, str]:
    """What the rubrics look at, as texts: without an `input` the question is what was said last to the model."""
    values = _values(asked)
    said = [message.content for message in asked.messages if message.role == "user"]
    values.setdefault("input", said[-1] if said else "")
    values.setdefault("context", values.get("expected", ""))
    return {name: fill("{{it}}", {"it": values[name]}) for name in ("input", "expected", "context") if name in values}


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """`{{key}}` replaced by the case's value, once; a key that the case does not have stays as it is."""
    known = {name: values.get(name, f"{{{{{name}}}}}") for name in _MARK.findall(template)}
    return fill(template, known, _MARK)


PROMPT_YML_SCORERS: Mapping[str, WideScorer] = {
    "prompt_yml_string": string,
    "prompt_yml_llm": llm,
    "prompt_yml_uses": uses,
}
