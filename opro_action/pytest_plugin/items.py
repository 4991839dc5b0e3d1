"""The nodes that pytest collects: a file of suites, its suites, their cases and their gates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from opro_action.errors import UsageError
from opro_action.pytest_plugin.catalogue import gate_name
from opro_action.pytest_plugin.outcome import CaseOutcome, GateOutcome
from opro_action.pytest_plugin.run import Run
from opro_action.report.markdown import logged
from opro_action.suite.suite import Case, Suite


class SuiteFile(pytest.File):
    """A file of suites. One suite's cases are its children; of several each is a node of its own."""

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, run: Run) -> Self:
        file: Self = cls.from_parent(parent, path=path)
        file.run = run
        return file

    run: Run

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        try:
            self.run.catalogue.note(self.nodeid, self.path)
            suites = self.run.catalogue.suites(self.path)
        except UsageError as error:
            raise self.CollectError(logged(str(error))) from None
        if len(suites) == 1:
            yield from items_of(self, suites[0], self.run)
        else:
            for suite in suites:
                yield SuiteNode.from_parent(self, name=suite.part, suite=suite, run=self.run)


class SuiteNode(pytest.Collector):
    """One of several suites in a file."""

    def __init__(self, *, suite: Suite, run: Run, **rest: Any) -> None:
        super().__init__(**rest)
        self.suite = suite
        self.run = run

    def collect(self) -> Iterator[pytest.Item]:
        yield from items_of(self, self.suite, self.run)


class OproItem(pytest.Item):
    """What cases and gates have in common: their suite, and where they are written."""

    def __init__(self, *, suite: Suite, run: Run, case: Case | None = None, **rest: Any) -> None:
        super().__init__(**rest)
        self.suite = suite
        self.run = run
        self.case = case
        self.add_marker(pytest.mark.opro)
        if case:
            self.extra_keyword_matches.update(case.tags)

    @property
    def place(self) -> str:
        """The node id of the suite."""
        return self.parent.nodeid if self.parent else ""

    def reportinfo(self) -> tuple[Path, int, str]:
        """Path, line from 0, and the heading of a failure."""
        case = self.case
        path = case.path if case and case.path else self.suite.path
        # Not the name alone: pytest would show its dots as colons.
        label = f"{self.suite.title}: {f'case {case.id}' if case else 'gate'}"
        return path, (case.line if case and case.line else 1) - 1, label

    def ask(self, kind: str) -> dict[str, Any]:
        """The desk's answer; an expected error is one of this item, in its setup."""
        if self.config.option.setupplan or self.config.option.setuponly:
            pytest.skip("only a plan was asked for: no model is asked")
        found = self.run.asker.ask({kind: self.nodeid})
        if "error" in found:
            pytest.fail(logged(f"not measured: {found['error']}"), pytrace=False)
        return found

    def runtest(self) -> None:
        raise NotImplementedError


class CaseItem(OproItem):
    """A case. Not being measured is an error of its setup; what its answer is worth decides in the test."""

    outcome: CaseOutcome

    def setup(self) -> None:
        self.outcome = found = CaseOutcome(**self.ask("case"))
        if found.problem is not None:
            problem = f"{found.place}: case `{found.id}` was not measured: {found.problem}"
            pytest.fail(logged(problem), pytrace=False)
        self.user_properties.extend(found.properties)

    def runtest(self) -> None:
        found, settings = self.outcome, self.run.settings
        before = "" if found.baseline_score is None else f", was {found.baseline_score:.2f}"
        scored = f"score {found.score:.2f}{before}"
        if settings.case_fail == "score" and not found.passed:
            pytest.fail(found.text(f"case `{found.id}` has not passed: {scored}"), pytrace=False)
        if found.broken and settings.update != "all":
            pytest.fail(found.text(f"must_pass case `{found.id}` does not pass any more: {scored}"), pytrace=False)
        if not found.passed:
            what = "flipped" if found.flipped else "has not passed"
            self.add_report_section("call", "opro", found.text(f"case `{found.id}` {what}: {scored}"))


class GateItem(OproItem):
    """The verdict on a suite."""

    outcome: GateOutcome

    def setup(self) -> None:
        found = self.ask("gate")
        self.outcome = GateOutcome(
            found["exit_code"], found["text"], [(name, value) for name, value in found["properties"]]
        )
        self.user_properties.extend(self.outcome.properties)
        if self.outcome.exit_code > 1:
            pytest.fail(self.outcome.text, pytrace=False)

    def runtest(self) -> None:
        if self.outcome.exit_code:
            pytest.fail(self.outcome.text, pytrace=False)
        self.add_report_section("call", "opro", self.outcome.text)


def items_of(parent: pytest.Collector, suite: Suite, run: Run) -> Iterator[pytest.Item]:
    for case in suite.cases:
        yield CaseItem.from_parent(parent, name=case.id, suite=suite, run=run, case=case)
    yield GateItem.from_parent(parent, name=gate_name(suite), suite=suite, run=run)
