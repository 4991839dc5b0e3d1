"""The reason of a verdict in one sentence of plain words."""

from __future__ import annotations

from opro_action.gate.paired import p_in_words, points, some
from opro_action.gate.power import FEW, TOO_FEW
from opro_action.gate.verdict import Verdict
from opro_action.scoring.results import SuiteResult
from opro_action.suite.suite import GateSpec


def reason_of(found: Verdict, gate: GateSpec) -> str:
    """Why the verdict is what it is, and what its numbers can bear."""
    return f"{_sentence(found, gate)}{_few(found)}."


def unmeasured_reason(result: SuiteResult) -> str:
    """What could not be scored, and why."""
    unscored = sorted((case for case in result.cases if case.score is None), key=lambda case: not case.case.must_pass)
    why = " ".join(unscored[0].explanation.split()) if unscored else ""
    guard = "must_pass case " if unscored and unscored[0].case.must_pass else ""
    first = f" (first {guard}{some([unscored[0].case.id])}: {why.rstrip('.')})" if unscored else ""
    return f"{len(unscored)} of {len(result.cases)} cases could not be scored{first}, so nothing is decided."


def _sentence(found: Verdict, gate: GateSpec) -> str:
    sentences = {
        "must_pass": _broken,
        "nothing_to_compare": lambda found: f"nothing to compare with: {found.why_not}",
        "drop": _real,
        "gain": _real,
        "maybe_drop": _unsettled,
    }
    if found.rule == "floor":
        return f"the score {found.score or 0.0:.3f} is under the floor of {gate.min_score:g} (min_score)"
    return sentences[found.rule](found) if found.rule in sentences else _small(found, gate)


def _broken(found: Verdict) -> str:
    ids = found.broken_must_pass
    if len(ids) == 1:
        return f"the must_pass case {some(ids)} had passed and does not any more"
    return f"{len(ids)} must_pass cases had passed and do not any more: {some(ids)}"


def _real(found: Verdict) -> str:
    who = "the prompt did not change, the model's answers did: " if found.same_prompt else ""
    return f"{who}{_moved(found)}, more than chance explains ({_p(found)})"


def _unsettled(found: Verdict) -> str:
    if not found.recurred:
        return f"{_moved(found)}, but none of the cases was worse when they were asked again"
    chance = f"{_moved(found)}, which may be chance ({_p(found)})"
    if found.min_detectable_drop is None:
        return f"{chance}: these cases could not have shown a drop"
    shown = f"{chance}: these cases would show a drop of {points(found.min_detectable_drop)} four times in five"
    return f"{shown}, and about {found.cases_to_settle} cases would settle this one" if found.cases_to_settle else shown


def _small(found: Verdict, gate: GateSpec) -> str:
    if not found.regressed_cases and not found.improved_cases:
        return f"each of the {found.n_common} cases scored as before"
    if found.delta and found.delta > 0 and not found.recurred:
        return f"{_moved(found)}, but none of the cases was better when they were asked again"
    if found.delta and found.delta > 0:
        return f"{_moved(found)}, which may be chance ({_p(found)})"
    if not found.delta:
        return f"{_counts(found)}, and the mean score stayed"
    return f"{_moved(found)}, less than the {points(gate.max_drop)} that count (max_drop)"


def _moved(found: Verdict) -> str:
    delta = found.delta or 0.0
    return f"the mean score {'fell' if delta < 0 else 'rose'} by {points(delta)} ({_counts(found)})"


def _p(found: Verdict) -> str:
    """The p-value, and what it was compared with where that is not the gate's own alpha."""
    p = p_in_words(found.p_value if found.p_value is not None else 1.0)
    level = found.level
    return f"{p}, compared with {level.value:.2g} for {level.suites} suites" if level and level.suites > 1 else p


def _counts(found: Verdict) -> str:
    worse, better = len(found.regressed_cases), len(found.improved_cases)
    return f"{worse} worse and {better} better of {found.n_common} cases"


def _few(found: Verdict) -> str:
    n = found.n_common if found.comparable else found.n
    if n < TOO_FEW:
        cases = "case" if n == 1 else "cases"
        return f"; with {n} {cases} no test can tell a drop from chance, so only min_score and must_pass can fail"
    return f"; {n} cases are few: 20 to 50 are needed for a firm answer" if n < FEW else ""
