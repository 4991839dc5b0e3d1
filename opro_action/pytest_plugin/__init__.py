"""The pytest plugin: suites are collected as tests, one for each case and one for the gate of each suite.

Every run of pytest in an environment with this package loads this module, so it imports nothing but pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from opro_action.pytest_plugin.fixture import Opro

SUITES = ("evals/**/*.yaml", "evals/**/*.yml", "prompts/**/*.prompt.yml", "prompts/**/*.prompt.yaml")
MARKER = "opro(suite=..., prompt=...): what `opro.check()` checks in this test, as paths from the rootdir"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options and the settings in pytest's configuration file."""
    group = parser.getgroup("opro", "prompts and their suites (opro-action)")
    add = group.addoption
    # Two options and not one with a value that may be left out: that one would take the path behind it.
    add("--opro-update-baseline", "--opro-update-baseline=all", dest="opro_update", action="store_const", const="all",
        help="Record the results as baselines.")  # fmt: skip
    add("--opro-update-baseline=new", dest="opro_update", action="store_const", const="new",
        help="Record only suites and cases that have no baseline.")  # fmt: skip
    add("--opro-force", action="store_true", help="Let --opro-update-baseline record on CI too.")
    add("--opro-model", metavar="ID", help="Task model, instead of the suites'.")
    add("--opro-repeats", type=int, metavar="N", help="Answers per case, instead of the suites'.")
    add("--opro-max-calls", type=int, metavar="N", help="Hard cap on model calls of the whole run.")
    add("--opro-max-cost", type=float, metavar="DOLLARS", help="Hard cap on dollars of the whole run.")
    add("--opro-offline", action="store_true", help="Take answers from the cache only; call no model.")
    add("--opro-no-prefetch", action="store_true", help="Ask for each case when its turn comes: -x then saves calls.")
    add("--opro-report", metavar="FILE", help="Write the results to FILE, a .json or .md.")
    parser.addini("opro_suites", "Suite files, as globs from the rootdir.", type="args", default=list(SUITES))
    parser.addini("opro_case_fail", "gate: a case fails by the gate's rules; score: when it has not passed.",
                  default="gate")  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the hooks with the state of this run."""
    from opro_action.pytest_plugin.hooks import Hooks
    from opro_action.pytest_plugin.settings import settings_of

    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(Hooks(config, settings_of(config)), "opro-hooks")


@pytest.fixture
def opro(request: pytest.FixtureRequest) -> Opro:
    """Checks suites: `result = opro.check("evals/ticket-routing.yaml")`; see `opro_action.CheckResult`."""
    from opro_action.pytest_plugin.fixture import opro_of

    return opro_of(request)
