"""What a selection of items means for gates: a part of a suite decides none."""

from __future__ import annotations

import pytest

from opro_action.pytest_plugin.items import CaseItem, GateItem


def settle_gates(config: pytest.Config, items: list[pytest.Item], *, last: bool) -> None:
    """Take out the gates of suites of which only some cases are selected; `last` puts the others behind all items.

    A gate that is selected without any case stays, as with --lf, and brings its cases with it. The others are
    deselected and not skipped: for pytest a test that was skipped has not failed the last time.
    """
    cases: dict[str, int] = {}
    for item in items:
        if isinstance(item, CaseItem):
            cases[item.place] = cases.get(item.place, 0) + 1
    gates = [item for item in items if isinstance(item, GateItem)]
    parts = [gate for gate in gates if cases.get(gate.place, 0) not in {0, len(gate.suite.cases)}]
    if parts:
        config.hook.pytest_deselected(items=parts)
        items[:] = [item for item in items if item not in parts]
    if last:
        items.sort(key=lambda item: isinstance(item, GateItem))
