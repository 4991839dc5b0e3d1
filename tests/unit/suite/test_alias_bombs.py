"""Files of five megabytes that are built to expand, or to nest, far beyond that."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from opro_action.errors import FileError
from opro_action.suite.located import read_yaml

FIVE_MEGABYTES = 5_000_000


def exponential() -> str:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 95_000)]
    return "l0: &l0 [x, x]\n" + "".join(levels)


BOMBS = {
    "each level ten times the one before": (exponential(), "aliases would expand to more than a million characters"),
    "one long text very often": (f"a: &a {'x' * 1000}\nb: [{'*a, ' * 1_250_000}]", "aliases would expand"),
    "brackets": ("[" * FIVE_MEGABYTES, "nested deeper than 100 levels"),
    "braces": ("{" * FIVE_MEGABYTES, "a key has to be text|nested deeper than 100 levels"),
    "dashes": ("- " * (FIVE_MEGABYTES // 2), "nested deeper than 100 levels"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(kind: str) -> None:
    text, sentence = BOMBS[kind]
    assert len(text) >= FIVE_MEGABYTES * 0.9
    tracemalloc.start()
    started = time.monotonic()

    with pytest.raises(FileError, match=sentence):
        read_yaml(text, Path("bomb.yaml"))

    seconds, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000
    assert seconds < 5


@pytest.mark.parametrize("value", ["a", "{}"])
def test_a_file_of_too_many_values_is_sent_to_a_leaner_format(value: str) -> None:
    with pytest.raises(
        FileError, match=r"more than 500,000 values are too many for YAML; keep the cases in \.jsonl files"
    ):
        read_yaml(f"[{f'{value},' * 500_001}]", Path("large.yaml"))


def test_aliases_within_reason_are_read() -> None:
    found = read_yaml("labels: &labels [bug, billing]\nof: *labels\n", Path("x.yaml"))

    assert found.plain == {"labels": ["bug", "billing"], "of": ["bug", "billing"]}
