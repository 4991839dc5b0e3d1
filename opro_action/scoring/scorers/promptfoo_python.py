"""promptfoo's `python`: an expression, a function's body or a file of the repository grades an answer."""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import json
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from opro_action.models.echo import said
from opro_action.scoring.limit import limited, time_limit
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.promptfoo_seen import Seen, seen, without_weight
from opro_action.scoring.scorers.python import SECONDS
from opro_action.scoring.scorers.text import quoted
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.promptfoo.assertions import VARS
from opro_action.suite.suite import ScorerSpec

_INLINE = "the code"
_ERROR_LENGTH = 200


async def python(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    """What the code returns: true or false, a number, or {pass, score, reason}; `threshold` as promptfoo has it.

    An exception leaves the answer unscored, with its last line: code that fails has not judged the answer. What the
    code prints goes to stderr.
    """
    looked = seen(asked, spec)
    if isinstance(looked, Grade):
        return looked
    name, _, function = str(spec.options.get("function", f"{_INLINE}:main")).rpartition(":")
    code = _code(name, spec.options, tools)
    if isinstance(code, Grade):
        return code
    context = _context(looked, spec)
    try:
        return without_weight(spec, limited(SECONDS, _graded, name, code, function, looked, context))
    except TimeoutError:
        return Grade(None, f"{name} took over {SECONDS:g} s, or waited in vain")
    except ChildProcessError:
        return Grade(None, f"{name} ended the process that it ran in")


def _graded(name: str, code: str, function: str, looked: Seen, context: dict[str, Any]) -> Grade:
    try:
        with contextlib.redirect_stdout(sys.stderr), time_limit(SECONDS):
            returned = _function(name, code, function)(looked.output, context)
        return read_result(returned, looked)
    except (KeyboardInterrupt, TimeoutError):
        raise
    except BaseException as error:  # noqa: BLE001 - it is the user's code, and anything may come out of it
        return Grade(None, _last_line(error, name))


def read_result(returned: Any, looked: Seen) -> Grade:
    """The grade that a returned value stands for; raises ValueError for one that is none.

    A number passes above 0, or from the threshold on. `not-` turns what has passed around, and of a number or a
    mapping not the score. A score outside of [0, 1] counts as the nearer end.
    """
    value = _value(returned)
    if isinstance(value, bool):
        return looked.verdict(value, f"the code returned {value}")
    threshold = looked.options.get("threshold")
    if isinstance(value, dict):
        score, reason = float(value["score"]), str(value.get("reason") or f"the code returned {quoted(str(value))}")
        passed = bool(value["pass"]) and (threshold is None or score >= threshold)
    else:
        score, reason = value, f"the code returned {value:g}"
        passed = score > 0 if threshold is None else score >= threshold
    return Grade(min(1.0, max(0.0, score)), reason, passed != looked.negated)


def _value(returned: Any) -> bool | float | dict[str, Any]:
    """A returned value as one of three kinds; a text is taken for what it spells."""
    if isinstance(returned, str):
        text = returned.lower()
        if text in {"true", "false"}:
            return text == "true"
        returned = json.loads(returned) if returned.startswith("{") else float(returned)
    if isinstance(returned, bool):
        return returned
    if isinstance(returned, Mapping):
        found = {"pass": returned.get("pass_"), **returned}
        if isinstance(found["pass"], bool) and isinstance(found.get("score"), int | float):
            return found
        raise ValueError(f"returned {quoted(repr(returned))}, which has no `pass` that is true or false and no `score`")
    if isinstance(returned, int | float) and returned == returned:
        return float(returned)
    raise ValueError(f"returned {quoted(repr(returned))}, which is no true or false, no number and no mapping")


def _context(looked: Seen, spec: ScorerSpec) -> dict[str, Any]:
    # A case has its vars as the prompt shows them; promptfoo's code gets 5 as a number and [a, b] as a list.
    written = (part.options["vars"] for part in spec.parts if part.name == VARS)
    values = copy.deepcopy(dict(next(written, looked.asked.case.vars)))
    context = {"prompt": said(looked.asked.messages), "vars": values, "test": {"vars": values}}
    return {**context, "config": looked.options["config"]} if "config" in looked.options else context


def _code(name: str, options: Mapping[str, Any], tools: Tools) -> str | Grade:
    """The source: the text of an assertion as a function, or the file that the configuration was read with."""
    if "code" in options:
        code = options["code"]
        body = code if "\n" in code else f"return {code}"
        return "import json\n\ndef main(output, context):\n" + textwrap.indent(body, "    ", lambda _: True)
    try:
        content = (tools.root / name).read_bytes()
    except OSError as error:
        return Grade(None, f"{name} cannot be read: {(error.strerror or str(error)).lower()}")
    if hashlib.sha256(content).hexdigest() != options["sha256"]:
        return Grade(None, f"{name} has changed since the configuration was read; run again")
    return content.decode()


@functools.lru_cache(maxsize=256)
def _function(name: str, code: str, function: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {"__name__": "opro_promptfoo", "__file__": name}
    exec(compile(code, name, "exec"), scope)  # noqa: S102 - the configuration names it, and is trusted or not run
    found = scope.get(function)
    if callable(found):
        return found  # type: ignore[no-any-return]
    raise LookupError(f"there is no function {function}")


def _last_line(error: BaseException, name: str) -> str:
    """`score.py:12: ZeroDivisionError: division by zero`."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    what = " ".join(traceback.format_exception_only(error)[-1].split())
    where = f"{name}:{lines[-1]}" if lines and name != _INLINE else name
    return f"{where}: {what if len(what) <= _ERROR_LENGTH else what[: _ERROR_LENGTH - 1] + '…'}"
