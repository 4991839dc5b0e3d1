"""The scorer `python`: a function in the repository grades an answer."""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import numbers
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from opro_action.scoring.limit import limited, time_limit
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.text import quoted
from opro_action.scoring.tools import Asked, Tools
from opro_action.suite.suite import Case, ScorerSpec

SECONDS = 60.0
"""A function that takes longer is given up."""

_LONGEST_ERROR = 200


async def python(asked: Asked, spec: ScorerSpec, tools: Tools) -> Grade:
    """What `function(answer, case)` returns: a number in [0, 1], True or False, or {"score": ..., "reason": ...}.

    An exception leaves the answer unscored, with the last line of its traceback; so does a file that is not the one
    which the suite was read with. What the function prints goes to stderr.
    """
    if not asked.answer.strip():
        return Grade(0.0, "the answer is empty")
    name, _, function = str(spec.options["function"]).rpartition(":")
    path = tools.root / name
    try:
        code = path.read_bytes()
    except OSError as error:
        return Grade(None, f"{name} cannot be read: {(error.strerror or str(error)).lower()}")
    if hashlib.sha256(code).hexdigest() != spec.options["sha256"]:
        return Grade(None, f"{name} has changed since the suite was read; run again")
    try:
        return limited(SECONDS, _graded, path, name, code, function, asked.answer, asked.case)
    except TimeoutError:
        return Grade(None, f"{name}:{function} took over {SECONDS:g} s, or waited in vain")
    except ChildProcessError:
        return Grade(None, f"{name}:{function} ended the process that it ran in")


def read_grade(found: Any, source: str) -> Grade:
    """The grade that a function returned; unscored, naming `source`, when it is none."""
    score, reason = (found.get("score"), found.get("reason")) if isinstance(found, dict) else (found, None)
    if not isinstance(score, numbers.Real) or not 0 <= float(score) <= 1:
        return Grade(None, f"{source} returned {quoted(repr(found))}, which is no score from 0 to 1")
    return Grade(float(score), str(reason) if reason is not None else f"{source} returned {score}")


def _graded(path: Path, name: str, code: bytes, function: str, answer: str, case: Case) -> Grade:
    try:
        with contextlib.redirect_stdout(sys.stderr), time_limit(SECONDS):
            # A copy: what the function does to a case must not reach the next answer.
            graded = _function(path, code, function)(answer, copy.deepcopy(case))
            return read_grade(graded, f"{name}:{function}")
    except (KeyboardInterrupt, TimeoutError):
        raise
    except BaseException as error:  # noqa: BLE001 - it is the user's code, and anything may come out of it
        return Grade(None, _last_line(error, path, name))


@functools.lru_cache(maxsize=64)
def _function(path: Path, code: bytes, name: str) -> Callable[..., Any]:
    found = vars(_module(path, code)).get(name)
    if callable(found):
        return found  # type: ignore[no-any-return]
    raise LookupError(f"there is no function {name}")


@functools.lru_cache(maxsize=64)
def _module(path: Path, code: bytes) -> ModuleType:
    """The module in a file, run once, without `sys.path`, and without a `__pycache__` beside the user's files."""
    module = ModuleType(f"opro_scorer_{hashlib.sha256(bytes(path) + code).hexdigest()[:16]}")
    module.__file__ = str(path)
    # Dataclasses look their module up by its name.
    sys.modules[module.__name__] = module
    exec(compile(code, path, "exec"), module.__dict__)  # noqa: S102 - the suite names it, and §10.2 guards the suite
    return module


def _last_line(error: BaseException, path: Path, name: str) -> str:
    """`evals/score.py:12: ZeroDivisionError: division by zero`."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines = [error.lineno]
    where = f"{name}:{lines[-1]}" if lines else name
    what = " ".join(traceback.format_exception_only(error)[-1].split())
    return f"{where}: {what if len(what) <= _LONGEST_ERROR else what[: _LONGEST_ERROR - 1] + '…'}"
