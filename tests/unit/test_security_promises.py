import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (REPOSITORY / "SECURITY.md").read_text())))


def test_every_promise_names_its_test() -> None:
    promises = (REPOSITORY / "SECURITY.md").read_text().split("## What does not hold yet")[0].split("\n* ")[1:]
    assert [promise for promise in promises if not re.search(r"`tests/[\w/]+\.py::\w+`", promise)] == []


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_the_test_that_a_promise_names_is_there(path: str, name: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (REPOSITORY / path).read_text(), re.MULTILINE)
