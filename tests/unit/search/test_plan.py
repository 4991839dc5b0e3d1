"""A plan is written whole, read back equal, and refused in one sentence when it is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from plans import a_plan

from opro_action.errors import FileError
from opro_action.search.plan import plan_json, read_plan, write_plan
from opro_action.suite.schemas import schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def test_a_plan_comes_back_as_it_was_written(path: Path) -> None:
    write_plan(a_plan("提示 `x` \u202e\n"), path)
    assert read_plan(path) == a_plan("提示 `x` \u202e\n")


def test_the_schema_is_one_and_a_plan_fits_it() -> None:
    Draft202012Validator.check_schema(schema("plan"))
    Draft202012Validator(schema("plan")).validate(json.loads(json.dumps(plan_json(a_plan()))))


def damaged(path: Path, damage: Callable[[dict[str, Any]], object]) -> str:
    value = json.loads(json.dumps(plan_json(a_plan())))
    damage(value)
    path.write_text(json.dumps(value))
    with pytest.raises(FileError) as caught:
        read_plan(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda value: value.pop("files"), "files"),
        (lambda value: value.update(schema="opro.plan/2"), "schema"),
        (lambda value: value.update(extra=1), "extra"),
        (lambda value: value.update(propose="merge"), "propose"),
        (lambda value: value["files"][0].update(content=None), "content"),
        (lambda value: value["files"][0].update(before_sha256="short"), "before_sha256"),
        (lambda value: value["files"][0].update(mode="120000"), "mode"),
        (lambda value: value["result"].update(evidence="sure"), "evidence"),
        (lambda value: value["result"]["best"].update(holdout_score=1.5), "holdout_score"),
        (lambda value: value["result"]["best"].update(digest="x"), "digest"),
        (lambda value: value["cases"].update(fixed="all"), "fixed"),
        (lambda value: value["steps"][0].update(best_score="high"), "best_score"),
    ],
)
def test_damage_is_named(path: Path, damage: Callable[[dict[str, Any]], object], said: str) -> None:
    message = damaged(path, damage)
    assert message.startswith(f"{path}: the plan is damaged: ")
    assert said in message
    assert message.endswith("write the plan again with `opro optimize`.")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000],
)
def test_what_is_no_plan_is_one_sentence(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        read_plan(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_a_missing_plan_is_named(path: Path) -> None:
    with pytest.raises(FileError, match=r"plan\.json: the plan cannot be read \(No such file or directory\)"):
        read_plan(path)
