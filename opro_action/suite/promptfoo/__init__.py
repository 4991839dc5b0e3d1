"""promptfoo's configurations, read as suites: one for each prompt and provider."""

from __future__ import annotations

from pathlib import Path

from opro_action.suite.suite import Suite

_ENDINGS = (".yaml", ".yml", ".json")


def is_promptfoo(path: Path) -> bool:
    """Whether a file is in this format, by its name: `promptfooconfig.yaml`, `promptfooconfig.smoke.yaml`."""
    return path.name.startswith("promptfooconfig.") and path.suffix in _ENDINGS


def read_promptfoo(path: Path, root: Path, *, model: str | None = None) -> list[Suite]:
    """The suites in the configuration at `path`, which lies in the repository `root`.

    There is one for each prompt and provider that go together; with `model` that model is asked in place of the
    providers. Raises FileError with file, line and what to do for the first thing that cannot be run.
    """
    from opro_action.suite.promptfoo.reading import suites_in  # 20 ms of patterns, for these files only

    return suites_in(path, root, model=model)
