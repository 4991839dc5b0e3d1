"""The fingerprint of a scoring: what two results must share before their difference says anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from opro_action.suite.prompt import Frame
from opro_action.suite.suite import ModelSpec, Suite, content_digest


@dataclass(frozen=True)
class Fingerprint:
    """How a result was got, as digests; never a key, an environment variable's name or a price.

    `cases` maps case ids to content digests. `params` holds numbers and true/false as they are, for a message to
    name, and a digest of anything else, since a text may be an address or a secret. `judge` is the judge model's
    digest, None without one. `frame` is that of the messages around the prompt's text, None where there are none.
    """

    prompt: str
    scorers: str
    model: str
    params: Mapping[str, Any] = field(default_factory=dict)
    repeats: int = 1
    judge: str | None = None
    frame: str | None = None
    cases: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One digest of everything but the prompt: two results with the same one can be compared on all cases."""
        parts = asdict(self)
        del parts["prompt"]
        if self.frame is None:
            del parts["frame"]
        return content_digest(parts)


def fingerprint(suite: Suite, model: ModelSpec) -> Fingerprint:
    """The fingerprint of scoring `suite` with `model`, which may be another one than the suite names."""
    params = {**model.params, **({"response_format": suite.response_format} if suite.response_format else {})}
    return Fingerprint(
        prompt=suite.prompt.digest,
        scorers=content_digest([scorer.as_json() for scorer in suite.scorers]),
        model=model.id,
        params={name: _without_text(value) for name, value in sorted(params.items())},
        repeats=suite.repeats,
        judge=_judge_digest(suite),
        frame=_frame_digest(suite.prompt.frame),
        cases={case.id: case.digest for case in suite.cases},
    )


def _judge_digest(suite: Suite) -> str | None:
    """Of the judge model that the suite names; without one the scorers that ask take the task model."""
    return content_digest([suite.judge.id, dict(suite.judge.params)]) if suite.judge else None


def _frame_digest(frame: Frame) -> str | None:
    return content_digest([frame.role, frame.before, frame.after, frame.tail]) if frame.role else None


def _without_text(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else content_digest(value)


def differences(old: Fingerprint, new: Fingerprint) -> list[str]:
    """Why two results cannot be compared, in plain words; empty when they can.

    The prompt may differ: that is what is compared. So may the cases: the common ones are compared.
    """
    found = []
    if old.model != new.model:
        found.append(f"the model was {old.model}, is {new.model}")
    found += _changed_params(old.params, new.params)
    if old.scorers != new.scorers:
        found.append("the scorers or their options changed")
    if old.repeats != new.repeats:
        found.append(f"the answers per case were {old.repeats}, are {new.repeats}")
    if old.judge != new.judge:
        found.append("the judge model changed")
    if old.frame != new.frame:
        found.append("the messages around the prompt changed")
    return found


def _changed_params(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    missing = object()
    names = [n for n in sorted({*old, *new}) if old.get(n, missing) != new.get(n, missing)]
    return [_in_words(name, old, new) for name in names]


def _in_words(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if name not in old:
        return f"the parameter {name} is new"
    if name not in new:
        return f"the parameter {name} is gone"
    if isinstance(old[name], str) or isinstance(new[name], str):
        return f"the parameter {name} changed"
    return f"the parameter {name} was {old[name]}, is {new[name]}"
