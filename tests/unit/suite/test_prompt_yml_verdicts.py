"""Files in the documented format, in its variations: the verdict of each case, and a rewrite of each."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import write
from yaml_texts import texts

from opro_action.models.scripted import ScriptedModel
from opro_action.scoring.runner import Bench, score_cases
from opro_action.suite.prompt_yml import read_prompt_yml
from opro_action.suite.suite import Suite

DATA = Path(__file__).parents[2] / "data/prompt_yml"
VERDICTS: dict[str, list[dict[str, Any]]] = yaml.safe_load((DATA / "verdicts.yaml").read_text(encoding="utf-8"))
FILES = sorted(path.name for path in DATA.glob("*.prompt.y*ml"))


def read(path: Path) -> Suite:
    return read_prompt_yml(path, path.parent)


def test_every_file_has_its_verdicts() -> None:
    assert sorted(VERDICTS) == FILES
    assert len(FILES) >= 8


@pytest.mark.parametrize("name", FILES)
def test_each_case_comes_to_its_verdict(name: str) -> None:
    suite, wanted = read(DATA / name), VERDICTS[name]
    task = ScriptedModel([case["answer"] for case in wanted])
    judge = ScriptedModel([reply for case in wanted for reply in case.get("judge", [])])

    results = asyncio.run(score_cases(Bench.of(suite, task, lambda spec: judge), suite.prompt.text, suite.cases))

    assert [(found.score, found.passed) for found in results] == [(case["score"], case["passed"]) for case in wanted]
    for case, request in zip(wanted, task.requests, strict=True):
        sent = [[message.role, message.content] for message in request.messages]
        assert sent == case.get("sent", sent)


@pytest.mark.parametrize("name", FILES)
def test_a_rewrite_changes_the_text_and_nothing_else(name: str, tmp_path: Path) -> None:
    content, chance = (DATA / name).read_bytes(), random.Random(name)
    suite = read(DATA / name)
    prompt = suite.prompt
    for text in ["Be brief.", "One.\n\n  Two: {{input}}\n", *texts(chance, 15)]:
        new = prompt.with_text(f"Say: {text}")
        again = read(write(tmp_path / name, new))

        assert again.prompt.text + again.prompt.frame.tail == f"Say: {text}{prompt.frame.tail}"
        assert new.startswith(prompt.before)
        assert new.endswith(prompt.after)
        assert [case.digest for case in again.cases] == [case.digest for case in suite.cases]
        assert again.prompt.with_text(prompt.text).startswith(prompt.before)
    assert prompt.with_text(prompt.text) == content


@pytest.mark.parametrize("name", FILES)
def test_the_file_fits_the_schema_that_editors_use(name: str) -> None:
    from jsonschema import Draft202012Validator

    from opro_action.suite.schemas import schema

    content = yaml.safe_load((DATA / name).read_text(encoding="utf-8-sig"))
    errors = [error.message for error in Draft202012Validator(schema("prompt_yml")).iter_errors(content)]

    assert errors == []
