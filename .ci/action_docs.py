"""Writes docs/action.md from action.yml; with `--check` it says whether that is needed, and exits 1 if so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/action.md"


def page(manifest: dict[str, Any]) -> str:
    """The whole page."""
    inputs = [(name, _default(each["default"]), each["description"]) for name, each in manifest["inputs"].items()]
    outputs = [(name, each["description"]) for name, each in manifest["outputs"].items()]
    return (
        "# The action's inputs and outputs\n\n"
        "Made from [action.yml](../action.yml) by `.ci/action_docs.py`. Keys of model providers are no inputs: give "
        "them to the step as `env:`. Workflows to copy: [recipes.md](recipes.md).\n\n"
        f"## Inputs\n\n{_table(('input', 'default', 'meaning'), inputs)}\n"
        f"## Outputs\n\n{_table(('output', 'meaning'), outputs)}"
    )


def _default(value: str) -> str:
    return f"`{value}`" if value else "–"


def _table(header: tuple[str, ...], rows: list[Any]) -> str:
    lines = [header, ["---"] * len(header), *((f"`{row[0]}`", *row[1:]) for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def main() -> int:
    """Write the page or check it: returns the exit code."""
    wanted = page(yaml.safe_load((ROOT / "action.yml").read_text("utf-8")))
    if "--check" in sys.argv:
        same = PAGE.is_file() and PAGE.read_text("utf-8") == wanted
        print("docs/action.md is up to date" if same else "docs/action.md is old: run python .ci/action_docs.py")
        return 0 if same else 1
    PAGE.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
