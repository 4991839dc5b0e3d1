"""Which files the globs name."""

from __future__ import annotations

from pathlib import Path

import pytest

from opro_action.pytest_plugin import SUITES
from opro_action.pytest_plugin.settings import Settings


@pytest.mark.parametrize(
    ("globs", "name", "named"),
    [
        (SUITES, "evals/routing.yaml", True),
        (SUITES, "evals/team/deep/routing.yml", True),
        (SUITES, "prompts/triage.prompt.yml", True),
        (SUITES, "prompts/triage.yaml", False),
        (SUITES, "evals/routing.json", False),
        (SUITES, "evals/.routing.yaml", False),
        (SUITES, "evals/.drafts/routing.yaml", False),
        (SUITES, "tests/data/evals/routing.yaml", False),
        (SUITES, "routing.yaml", False),
        (("**/evals/*.yaml",), "services/one/evals/routing.yaml", True),
        (("**/evals/*.yaml",), "evals/routing.yaml", True),
        (("**/evals/*.yaml",), "evals/deep/routing.yaml", False),
        (("services/*/evals/*.yaml",), "services/one/two/evals/routing.yaml", False),
        (("promptfooconfig.yaml",), "promptfooconfig.yaml", True),
        ((), "evals/routing.yaml", False),
    ],
)
def test_a_glob_names_files_from_the_rootdir(globs: tuple[str, ...], name: str, named: bool) -> None:
    root = Path("/work/repo").absolute()
    settings = Settings((root,), globs, default_globs=False)

    assert settings.is_suite_name(root / name) is named
    assert not settings.is_suite_name(root.parent / "other" / name)


def test_files_outside_of_the_rootdir_are_named_from_the_repository_around_it() -> None:
    root = Path("/work/repo").absolute()
    settings = Settings((root / "evals", root), SUITES, default_globs=True)

    assert settings.is_suite_name(root / "evals" / "routing.yaml")
