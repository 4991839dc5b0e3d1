"""The baseline file: the accepted prompt's scores case by case, with the fingerprint of how they were got."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opro_action.errors import FileError, NotMeasured
from opro_action.gate.fingerprint import Fingerprint, differences
from opro_action.gate.paired import PLACES
from opro_action.gate.statistics import mean
from opro_action.scoring.results import SuiteResult
from opro_action.suite.discovery import find_root
from opro_action.suite.files import write_atomically
from opro_action.suite.prompt import digest
from opro_action.suite.schemas import checker
from opro_action.suite.sources import inside, shown
from opro_action.suite.suite import Suite

SCHEMA = "opro.baseline/1"
_REMEDY = "restore it from git, or delete it and record it anew with `opro check --update-baseline`"


@dataclass(frozen=True)
class BaselineCase:
    """The recorded score of one case, in [0, 1]; `digest` is that of its content."""

    id: str
    digest: str
    score: float
    passed: bool


@dataclass(frozen=True)
class Baseline:
    """What was accepted: the prompt's text, its score over the `n` cases that were scored, and each of them."""

    suite: str
    text: str
    fingerprint: Fingerprint
    score: float
    cases: tuple[BaselineCase, ...]

    @property
    def prompt_digest(self) -> str:
        return digest(self.text)

    @property
    def n(self) -> int:
        return len(self.cases)


def baseline_of(suite: Suite, result: SuiteResult, fingerprint: Fingerprint) -> Baseline:
    """`result` as a baseline; raises NotMeasured when too much of it is unscored to stand for the prompt."""
    if not result.measured or result.score is None:
        raise NotMeasured(
            f"{suite.name}: {result.unscored} of {len(result.cases)} cases could not be scored, so this result "
            f"cannot become the baseline; see why, then score again"
        )
    cases = [
        BaselineCase(c.case.id, c.case.digest, round(c.score, PLACES), c.passed)
        for c in result.cases
        if c.score is not None
    ]
    ordered = tuple(sorted(cases, key=lambda case: case.id))
    return Baseline(suite.name, suite.prompt.text, fingerprint, round(result.score, PLACES), ordered)


def joined(baseline: Baseline, cases: Sequence[BaselineCase], suite: Suite) -> Baseline:
    """The baseline with more cases, scored with the same fingerprint; those that the suite has changed are replaced."""
    found = {case.id: case for case in (*baseline.cases, *cases)}
    weights = {case.id: case.weight for case in suite.cases}
    kept = tuple(found[id_] for id_ in sorted(found))
    counted = [case for case in kept if case.id in weights]
    score = mean([case.score for case in counted], weights=[weights[case.id] for case in counted])
    fingerprint = replace(baseline.fingerprint, cases={case.id: case.digest for case in kept})
    return replace(baseline, fingerprint=fingerprint, score=round(score, PLACES), cases=kept)


def why_not_comparable(baseline: Baseline | None, now: Fingerprint) -> str | None:
    """Why results with the fingerprint `now` cannot be compared with `baseline`; None when they can."""
    if baseline is None:
        return "no baseline is recorded"
    return "; ".join(differences(baseline.fingerprint, now)) or None


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write the file: sorted, rounded, one case a line, without a time, so that its diff can be read."""
    write_atomically(path, as_text(baseline))


def as_text(baseline: Baseline) -> str:
    """The content of the baseline file."""
    print_ = baseline.fingerprint
    head = {
        "schema": SCHEMA,
        "suite": baseline.suite,
        "prompt_digest": baseline.prompt_digest,
        "fingerprint": {
            **({"frame": print_.frame} if print_.frame else {}),
            "judge": print_.judge,
            "model": print_.model,
            "params": dict(print_.params),
            "repeats": print_.repeats,
            "scorers": print_.scorers,
        },
        "score": baseline.score,
        "n": baseline.n,
        "text": baseline.text,
    }
    lines = [f'  "{key}": {_json(value)},' for key, value in head.items()]
    cases = ",\n".join(f"    {_json(_case_json(case))}" for case in baseline.cases)
    return "\n".join(["{", *lines, '  "cases": [', cases, "  ]", "}", ""])


def _case_json(case: BaselineCase) -> dict[str, Any]:
    return {"id": case.id, "digest": case.digest, "score": case.score, "passed": case.passed}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=False)


def read_baseline(path: Path) -> Baseline | None:
    """The baseline in the file, None when there is no file; raises FileError when it cannot be understood."""
    if path.is_symlink() and not inside(path, find_root(path)):
        raise FileError(shown(path), None, "leads out of the repository; keep the baseline in it")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(shown(path), None, f"the baseline cannot be read ({error.strerror}); {_REMEDY}") from error
    return _baseline(path, _checked(path, raw))


def _checked(path: Path, raw: bytes) -> Mapping[str, Any]:
    try:
        data: dict[str, Any] = json.loads(raw.decode(), parse_constant=_refuse)
        json.dumps(data, ensure_ascii=False).encode()  # raises for half of a surrogate pair
    except json.JSONDecodeError as error:
        raise _garbled(path, error.msg, line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise _garbled(path, str(error)) from error
    problem = checker("baseline")(data)
    if problem:
        raise _garbled(path, problem.sentence)
    return data


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number in JSON")


def _garbled(path: Path, what: str, *, line: int | None = None) -> FileError:
    return FileError(shown(path), line, f"the baseline cannot be used ({what}); {_REMEDY}")


def _baseline(path: Path, data: Mapping[str, Any]) -> Baseline:
    cases = tuple(BaselineCase(c["id"], c["digest"], c["score"], c["passed"]) for c in data["cases"])
    if len({case.id for case in cases}) < len(cases):
        raise _garbled(path, "it names a case twice")
    if digest(data["text"]) != data["prompt_digest"]:
        raise _garbled(path, "its text is not the one that its scores were got with")
    print_ = Fingerprint(
        prompt=data["prompt_digest"],
        cases={case.id: case.digest for case in cases},
        **data["fingerprint"],
    )
    return Baseline(data["suite"], data["text"], print_, data["score"], cases)
