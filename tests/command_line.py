"""`opro` as it is called from a shell, within the process of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from opro_action.cli import main


def opro(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """The exit code, what went to stdout and what to stderr."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err
