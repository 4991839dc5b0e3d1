"""The driver: does what the search asks for, keeps its journal, and leaves history and plan."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opro_action import __version__
from opro_action.errors import BudgetSpent, CallFailed, UsageError
from opro_action.gate.fingerprint import fingerprint
from opro_action.models.connect import Models
from opro_action.models.model import Model, Request, Role
from opro_action.models.usage import Usage
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.scoring.runner import Bench, gather, score_cases
from opro_action.search.declined import known_versions
from opro_action.search.history import extended, to_lines
from opro_action.search.journal import (
    SCHEMA,
    Journal,
    Journaled,
    Meter,
    Past,
    check_same_search,
    read_journal,
    suite_of,
)
from opro_action.search.metaprompt import Draft
from opro_action.search.plan import Plan, write_plan
from opro_action.search.prepare import writer_of
from opro_action.search.result import Report, plan_of, versions
from opro_action.search.room import Room
from opro_action.search.search import Ask, Outcome, Score, Setup, Write, search
from opro_action.search.trajectory import Way
from opro_action.search.ways import names
from opro_action.suite.files import state_folder, write_atomically
from opro_action.suite.git import head_commit
from opro_action.suite.prompt import digest
from opro_action.suite.suite import ModelSpec, Suite, content_digest

_SAME = (
    *("profile", "candidates", "holdout", "seed", "min_gain", "selection", "ways", "show", "context_tokens", "demos"),
    "max_length",
)
"""Settings that decide the course of a search; budget and stop rules may be changed when it goes on."""

_BOUNDS = ("max_calls", "max_cost", "max_minutes", "steps", "target", "patience")
"""These may be changed until the decision is made."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Finished:
    """A search that came to its end, with what it left."""

    report: Report
    plan: Plan
    plan_path: Path


@dataclass(frozen=True)
class Ended:
    """What a search came to, after how many seconds, and the command line that makes it again.

    `began_with` holds the bytes of prompt and baseline as they were when it began, None for a file that was not there.
    """

    outcome: Outcome
    seconds: float
    command: str
    began_with: Mapping[Path, bytes | None]


def new_run(suite: Suite) -> Path:
    """A fresh folder for a run, named by time and suite."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{suite.name}"
    runs = state_folder(suite.root) / "runs"
    for suffix in ("", *(f"-{number}" for number in range(2, 1000))):
        folder = runs / f"{name}{suffix}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise UsageError(f"{runs}: there are 999 runs of this second already; delete some.")


def find_run(suite: Suite, name: str) -> Path:
    """The folder of an earlier run by its name or path; `latest` is this suite's last one."""
    runs = suite.root / ".opro" / "runs"
    if name == "latest":
        own = suite.title
        for journal in sorted(runs.glob("*/journal.jsonl"), reverse=True):
            if suite_of(journal) == own:
                return journal.parent
        raise UsageError(f"{runs}: there is no run of {own} to resume; start one without --resume.")
    for folder in (Path(name), runs / name):
        if (folder / "journal.jsonl").is_file():
            return folder
    raise UsageError(f"{name}: there is no journal of such a run under {runs}.")


async def run(setup: Setup, models: Models, folder: Path, *, command: str, say: Say) -> Finished:
    """Search to the end and write history and plan.

    A `folder` that holds a journal is resumed: its finished calls are not made again. Raises NotMeasured when
    the prompt cannot be scored, BudgetSpent when no decision could be made, and UsageError when one was made already,
    within other bounds, or begun with another winner; the journal stays.
    """
    suite, path, bounds = setup.suite, folder / "journal.jsonl", _bounds(setup)
    began_with = {path: _bytes(path) for path in (suite.prompt.path, suite.baseline_path)}
    past = read_journal(path) if path.exists() else Past()
    header = _header(setup)
    if past.header:
        check_same_search(json.loads(json.dumps(header)), past.header)
        _check_undecided(past, bounds, folder.name)
        if past.decision and past.decision["bounds"] != bounds:
            say("decision: begun already, so that the search keeps its bounds; new caps hold for what is left of it")
        _charge(models, past)
        setup = _as_begun(setup, past)
    began = time.monotonic()

    def elapsed() -> float:
        return past.meter.elapsed_s + time.monotonic() - began

    def meter() -> Meter:
        return Meter(elapsed(), models.budget.settled_calls, models.budget.spent_usd)

    journal = Journal(path, past, meter=meter)
    try:
        if not past.header:
            begun = {"seeds": setup.seeds, "declined": setup.declined, "searched": len(setup.split.search)}
            journal.write("header", schema=SCHEMA, version=__version__, **header, **begun)
        else:
            journal.write("resumed", version=__version__, bounds=bounds)
        room = Room(models, suite.optimize, elapsed, past.steps)
        setup = replace(setup, lacking=_as_decided(past.steps) if past.decision else room.lacking)
        outcome = await _drive(setup, models, journal, say)
        if outcome.evidence is None:
            raise BudgetSpent(f"{outcome.stop.meaning} No decision was made; raise the cap and go on with --resume.")
        finished = _leave(setup, models, folder, Ended(outcome, elapsed(), command, began_with))
        found = {"stop_reason": outcome.stop.reason, "evidence": outcome.evidence.evidence}
        journal.note("end", **found, bounds=bounds)
    finally:
        journal.close()
    return finished


async def _drive(setup: Setup, models: Models, journal: Journal, say: Say) -> Outcome:
    suite, writer = setup.suite, writer_of(setup.suite)

    def connect(spec: ModelSpec, role: Role) -> Model:
        return Journaled(models.connect(spec, role), role, journal)

    def bench_of(asked: Suite) -> Bench:
        return Bench.of(asked, connect(asked.model, "task"), lambda spec: connect(spec, "judge"))

    asked = {"": suite, **{guard.name: guard.suite for guard in setup.guards}}
    benches = {name: bench_of(one) for name, one in asked.items()}
    optimizer = connect(writer, "optimizer")
    machine = search(setup)
    try:
        ask = next(machine)
        while True:
            say(_announced(ask))
            _note_begun(journal, ask, setup)
            try:
                told: Any = await (
                    _written(ask, optimizer, writer, suite) if isinstance(ask, Write) else _scored(ask, benches[ask.of])
                )
            except BudgetSpent as spent:
                ask = machine.throw(spent)
            else:
                _note(journal, ask, told, say)
                ask = machine.send(told)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


async def _written(ask: Write, optimizer: Model, writer: ModelSpec, suite: Suite) -> list[str | None]:
    """One reply per draft, None for a call that failed; raises its `CallFailed` when all of them did."""
    failures: list[CallFailed] = []

    async def one(index: int, draft: Draft) -> str | None:
        repeat = ask.step * suite.optimize.candidates + index
        request = Request(writer.id, draft.messages, {**writer.params, **dict(draft.params)}, repeat)
        try:
            return (await optimizer.complete(request)).text
        except CallFailed as failure:
            failures.append(failure)
            return None

    replies = await gather([one(index, draft) for index, draft in enumerate(ask.drafts)])
    if failures and len(failures) == len(replies):
        raise failures[0]
    return replies


async def _scored(ask: Score, bench: Bench) -> list[tuple[CaseResult, ...]]:
    return await gather([score_cases(bench, text, ask.cases, repeats=ask.repeats) for text in ask.texts])


def _announced(ask: Ask) -> str:
    if isinstance(ask, Write):
        ways: list[Way] = [draft.way for draft in ask.drafts]
        ways += ["demos"] * (ask.candidates - len(ways))
        return f"step {ask.step}: asking for {ask.candidates} candidates ({names(ways)})"
    what = "prompt" if len(ask.texts) == 1 else "prompts"
    if ask.of:
        return f"decision: scoring the current prompt and the winner on {len(ask.cases)} cases of {ask.of}"
    if ask.holdout:
        return f"decision: scoring the current prompt and the winner on {len(ask.cases)} holdout cases"
    return f"step {ask.step}: scoring {len(ask.texts)} {what} on {len(ask.cases)} cases"


def _note_begun(journal: Journal, ask: Ask, setup: Setup) -> None:
    journal.asked += 1
    if isinstance(ask, Write):
        journal.note("step", step=ask.step, ways=[draft.way for draft in ask.drafts], candidates=ask.candidates)
    elif ask.holdout and not ask.of:
        winner, decision = digest(ask.texts[-1]), journal.past.decision
        if decision and decision["digest"] != winner:
            raise UsageError(
                "This run has put another winner to the holdout, which is looked at once, so that it cannot go on; "
                "start a new search without --resume."
            )
        journal.note("decision", digest=winner, bounds=_bounds(setup))


def _note(journal: Journal, ask: Ask, told: Sequence[Any], say: Say) -> None:
    if isinstance(ask, Write):
        journal.note("written", step=ask.step, replies=sum(reply is not None for reply in told))
        return
    split = ask.of or ("holdout" if ask.holdout else "search")
    scores = [SuiteResult(results).score for results in told]
    for text, score in zip(ask.texts, scores, strict=True):
        journal.note("score", step=ask.step, split=split, digest=digest(text), score=score, n=len(ask.cases))
    if not ask.holdout:
        say(f"step {ask.step}: search scores {', '.join('-' if s is None else f'{s:.2f}' for s in scores)}")


def _leave(setup: Setup, models: Models, folder: Path, ended: Ended) -> Finished:
    suite = setup.suite
    report = Report(
        setup=setup,
        outcome=ended.outcome,
        usage=_usage(models, ended.seconds),
        run=suite.relative(folder) if folder.is_relative_to(suite.root) else str(folder),
        at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        commit=head_commit(suite.root),
    )
    before = {**ended.began_with, suite.history_path: _bytes(suite.history_path)}
    history = extended(known_versions(suite), versions(report))
    plan = plan_of(report, history, before, ended.command)
    write_atomically(suite.history_path, to_lines(history))
    write_plan(plan, folder / "plan.json")
    return Finished(report, plan, folder / "plan.json")


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _as_begun(setup: Setup, past: Past) -> Setup:
    """The setup with what the run began with: history and closed proposals may have grown since, and the budget too.

    Once the holdout was looked at, the search has the bounds that it had then, so that no other winner meets it.
    """
    then = past.decision["bounds"] if past.decision else {}
    return replace(
        setup,
        suite=replace(setup.suite, optimize=replace(setup.suite.optimize, **then)),
        seeds=tuple((text, origin) for text, origin in past.header["seeds"]),
        declined=tuple(past.header["declined"]),
        split=setup.split.searching(past.header["searched"], setup.suite.optimize.seed),
        widths=past.steps,
    )


def _as_decided(begun: Container[int]) -> Callable[[int, int, int], str | None]:
    """Room for the steps that led to the decision and for no other, whatever time and money there is by now."""
    return lambda step, writes, asks: None if step in begun else "the bounds in which the decision was begun"


def _check_undecided(past: Past, bounds: Mapping[str, Any], name: str) -> None:
    """A run that has ended can be told again, but not go on: another winner would meet the same holdout."""
    if past.end is not None and past.end.get("bounds") not in (None, bounds):
        raise UsageError(
            f"The run {name} has ended: its winner has met the holdout, which is looked at once, so that it cannot go "
            "on within other bounds; start a new search without --resume."
        )


def _bounds(setup: Setup) -> dict[str, Any]:
    """As the suite has them: a default cap on calls, once it is set, means fewer answers in the decision."""
    return {name: getattr(setup.suite.optimize, name) for name in _BOUNDS}


def _charge(models: Models, past: Past) -> None:
    """Count what the earlier part of the run has spent, against the caps and in the books."""
    used = past.meter
    models.budget.charge(calls=used.spent_calls, cost=used.spent_usd, seconds=used.elapsed_s)
    for role, call in past.paid:
        tokens = Usage(1, 0, 0, call.prompt_tokens, call.completion_tokens, call.cost_usd, call.latency_s)
        models.usage.add(role, tokens)


def _usage(models: Models, elapsed_s: float) -> dict[str, Any]:
    """Of each role, and in total; there `seconds` is the time that has passed, not that of all calls added up."""
    roles: tuple[Role, ...] = ("task", "optimizer", "judge")
    total = replace(models.usage.total, seconds=elapsed_s)
    return {**{role: models.usage[role].as_json() for role in roles}, "total": total.as_json()}


def _header(setup: Setup) -> dict[str, Any]:
    """What must be the same for a run to be resumed; the budget may be raised."""
    suite, spec = setup.suite, setup.suite.optimize
    writer = writer_of(suite)
    return {
        "suite": suite.title,
        "description": suite.description,
        "fingerprint": asdict(fingerprint(suite, suite.model)),
        "weights": content_digest([[case.digest, case.weight, case.must_pass] for case in suite.cases]),
        "optimizer_model": writer.id,
        "optimizer_params": content_digest(dict(writer.params)),
        "search": {name: getattr(spec, name) for name in _SAME},
        "guards": [[guard.name, content_digest(sorted(case.digest for case in guard.cases))] for guard in setup.guards],
    }
