"""The hooks of a run. Nothing of ours is imported, and nothing said, before there is a suite or the fixture is used."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from opro_action.pytest_plugin.settings import Settings, is_worker

if TYPE_CHECKING:
    from opro_action.pytest_plugin.items import SuiteFile
    from opro_action.pytest_plugin.line import Exchange
    from opro_action.pytest_plugin.run import Run

Status = tuple[str, str, tuple[str, Mapping[str, bool]]]

HOOKS: pytest.StashKey[Hooks] = pytest.StashKey()


class Hooks:
    """Thin: each hook asks the run, which is made when it is first needed."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self._config = config
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._exchange: Exchange | None = None
        self._said_head = False
        self._reported = ""
        config.stash[HOOKS] = self

    @property
    def run(self) -> Run:
        """The state of this run."""
        with self._lock:
            if self._run is None:
                from opro_action.pytest_plugin.run import Run

                self._run = Run(self._config, self.settings, self._progress)
            return self._run

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
        if not self.settings.is_suite_name(file_path):
            return None
        from opro_action.suite.discovery import is_suite

        if not self.settings.is_named(file_path) and not is_suite(file_path):
            return None
        from opro_action.pytest_plugin.items import SuiteFile

        return SuiteFile.of(parent, file_path, self.run)

    # Around all others that choose: the last-failed ones are taken out by a wrapper too, registered before this one.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        yield
        if self._run is not None:
            from opro_action.pytest_plugin.selection import settle_gates

            settle_gates(self._config, items, last=not self.settings.prefetch)

    def pytest_report_collectionfinish(self, items: list[pytest.Item]) -> list[str]:
        return self._head([item.nodeid for item in items])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        option = self._config.option
        # pytest gives up after errors in collection, but only within its own loop: after the calls were paid for.
        gives_up = session.testsfailed and not option.continue_on_collection_errors
        if self._run is not None and self._run.here and session.items:
            self._run.choose(item.nodeid for item in session.items)
            planned = option.collectonly or option.setuponly or option.setupplan
            if self._run.desk and self._run.desk.chosen and self.settings.prefetch and not (gives_up or planned):
                self._run.here.everything()
        return (yield)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Status | None:
        if report.when == "call" and report.passed and dict(report.user_properties).get("opro_flipped"):
            return "flipped", "f", ("FLIPPED", {"yellow": True})
        return None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if self._exchange is None:
            from opro_action.pytest_plugin.line import Exchange

            self._exchange = Exchange(self._answer)
        node.workerinput["opro"] = self._exchange.address

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        files = dict.fromkeys(name.partition("::")[0] for name in ids)
        if not any(map(self.settings.path_of, files)):
            return
        self.run.choose(ids)
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter and not self._said_head:
            for line in self._head(ids):
                reporter.ensure_newline()
                reporter.write_line(line)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._run is not None:
            self._run.asker.rest()
        if self._exchange is not None:
            self._exchange.close()
        if self._run is not None and self._run.desk and self.settings.report:
            from opro_action.errors import OproError
            from opro_action.pytest_plugin.summary import write_report

            try:
                self._reported = write_report(self._run.desk, self.settings.report)
            except OproError as error:
                self._reported = f"error: {error}"
                session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
        if self._run is not None and self._run.desk:
            from opro_action.pytest_plugin.summary import summary

            lines = summary(self._run.desk)
            if lines:
                terminalreporter.write_sep("=", "opro")
            for line in (*lines, *filter(None, [self._reported])):
                terminalreporter.write_line(line)
        elif exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not self.settings.default_globs:
            globs = " ".join(self.settings.globs)
            terminalreporter.write_line(f"opro_suites: no suite matches {globs} in {self._config.rootpath}")

    def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        here = self.run.here
        return here.answer(question) if here else {}

    def _head(self, nodeids: list[str]) -> list[str]:
        if self._run is None or self._config.option.verbose < 0 or is_worker(self._config):
            return []
        from opro_action.pytest_plugin.summary import head

        lines = head(self.settings, self._run.catalogue.chosen(nodeids))
        self._said_head = self._said_head or bool(lines)
        return lines

    def _progress(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        # With workers the reporter's line is being written by another thread.
        if reporter and self._config.option.verbose >= 0 and self._exchange is None:
            reporter.ensure_newline()
            reporter.write_line(line)


def run_of(config: pytest.Config) -> Run:
    """The state of the run with this configuration."""
    return config.stash[HOOKS].run
