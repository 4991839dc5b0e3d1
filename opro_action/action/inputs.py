"""The action's inputs, as action.yml hands them over in `OPRO_INPUT_*`, checked before anything is spent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from opro_action.errors import UsageError

Mode = Literal["auto", "check", "optimize", "publish"]
Choice = TypeVar("Choice", bound=str)

_SEARCH = ("model", "optimizer-model", "max-calls", "max-cost", "max-minutes", "steps")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "auto": _SEARCH,
    "check": ("model", "max-calls", "max-cost"),
    "optimize": _SEARCH,
    "publish": (),
}
"""The inputs that are options of `opro`, by mode."""

_BOOLEAN = ("false", "true")


@dataclass(frozen=True)
class Publishing:
    """What becomes of the results. `base` is the branch that a proposal is for, "" for the event's own.

    `proposals` says whether pull requests are opened, `comment` whether the sticky comment is written.
    """

    proposals: bool = True
    comment: bool = True
    base: str = ""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    draft: bool = False


@dataclass(frozen=True)
class Inputs:
    """All inputs. `options` are passed to `opro` under the same names; `on_unmeasured` "" leaves it to the event."""

    mode: Mode
    suites: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    fail_on: Literal["regressed", "inconclusive", "never"] = "regressed"
    on_unmeasured: Literal["", "fail", "warn"] = ""
    allow_head_code: bool = False
    results: str = ""
    publishing: Publishing = Publishing()


def read_inputs(env: Mapping[str, str]) -> Inputs:
    """The inputs; raises UsageError with one sentence for a value that has no meaning."""
    mode: Mode = one_of(env, "mode", ("auto", "check", "optimize", "publish"))
    for name in ("cache", "local-model"):  # followed by action.yml itself, where a misspelt value would go unnoticed
        one_of(env, name, _BOOLEAN)
    inputs = Inputs(
        mode=mode,
        suites=tuple(text(env, "suites").split()),
        options=_options(env, mode),
        fail_on=one_of(env, "fail-on", ("regressed", "inconclusive", "never")),
        on_unmeasured=one_of(env, "on-unmeasured", ("", "fail", "warn")),
        allow_head_code=one_of(env, "allow-head-code", _BOOLEAN) == "true",
        results=text(env, "results"),
        publishing=_publishing(env),
    )
    if mode == "publish" and not inputs.results:
        raise UsageError("mode `publish` needs input `results`: the folder that an earlier run of this action left")
    return inputs


def text(env: Mapping[str, str], name: str) -> str:
    """An input as it was written, without white space around it."""
    return env.get("OPRO_INPUT_" + name.upper().replace("-", "_"), "").strip()


def one_of(env: Mapping[str, str], name: str, choices: tuple[Choice, ...]) -> Choice:
    """An input that has to be one of `choices`; raises UsageError with them."""
    value = text(env, name)
    for choice in choices:
        if choice == value:
            return choice
    can_be = " or ".join(f"`{choice}`" for choice in choices if choice)
    raise UsageError(f"input `{name}` is '{value}', and it can be {can_be}")


def _options(env: Mapping[str, str], mode: str) -> dict[str, str]:
    given = {name: value for name in _SEARCH if (value := text(env, name))}
    for name in given:
        if name not in OPTIONS[mode]:
            raise UsageError(f"input `{name}` has no meaning in mode `{mode}`: remove it or change `mode`")
    return given


def _publishing(env: Mapping[str, str]) -> Publishing:
    return Publishing(
        proposals=one_of(env, "propose", ("pull-request", "none")) == "pull-request",
        comment=one_of(env, "comment", _BOOLEAN) == "true",
        base=text(env, "base"),
        labels=_listed(env, "labels"),
        reviewers=_listed(env, "reviewers"),
        draft=one_of(env, "draft", _BOOLEAN) == "true",
    )


def _listed(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in re.split(r"[,\n]", text(env, name)) if item.strip())
