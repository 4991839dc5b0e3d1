"""The state of one run of pytest: its suites, and the way to the desk."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opro_action.api.apart import Loop
from opro_action.pytest_plugin.catalogue import Catalogue
from opro_action.pytest_plugin.desk import Desk, Question
from opro_action.pytest_plugin.line import Remote
from opro_action.pytest_plugin.settings import Settings


class Here:
    """The desk in this process, with a private event loop, so that it works within any other."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._loop = Loop()

    def ask(self, question: Question) -> dict[str, Any]:
        """The desk's answer for a test of this process; the loop goes on until `rest`."""
        with _others_warnings():
            return self.answer(question)

    def answer(self, question: Question) -> dict[str, Any]:
        """The desk's answer for a worker."""
        return self.desk.ready(question) or self._loop.run(self.desk.answer(question))

    def everything(self) -> None:
        """Ask for all that is selected, and let go of thread and models: tests run after it, and some of them fork."""
        try:
            with _others_warnings():
                self._loop.run(self.desk.everything())
        finally:
            self.rest()

    def rest(self) -> None:
        """Cancel what is under way, close the models and end the thread; a later question starts them again."""
        self._loop.close(self.desk.asking.aclose)


@contextmanager
def _others_warnings() -> Iterator[None]:
    """Without the warnings of model libraries: with `filterwarnings = error` their imports would fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Run:
    """Suites are read in every process; models are asked and gates decided `here`, None in a worker."""

    def __init__(self, config: pytest.Config, settings: Settings, progress: Callable[[str], None]) -> None:
        self.settings = settings
        self.catalogue = Catalogue(settings)
        given: dict[str, Any] = getattr(config, "workerinput", {}).get("opro", {})
        self.here = None if given else Here(Desk(settings, self.catalogue, progress))
        self.asker: Here | Remote = self.here or Remote(**given)

    @property
    def desk(self) -> Desk | None:
        return self.here.desk if self.here else None

    def choose(self, nodeids: Iterable[str]) -> None:
        """What was selected, before the first question."""
        if self.here:
            self.here.desk.chosen = self.catalogue.chosen(nodeids)
