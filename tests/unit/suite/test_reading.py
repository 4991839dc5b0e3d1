from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import make_suite, write, write_suite

from opro_action.suite.reading import read_suite
from opro_action.suite.suite import GateSpec, ModelSpec, OptimizeSpec, ScorerSpec

DOCUMENTED = """\
description: Route a support ticket to billing, bug or feature.   # what the task is; the optimizer model is told
prompt: ../prompts/ticket-routing.md
model: openai/gpt-4.1-mini            # any litellm model id, or local/smollm2-135m
params: {temperature: 0, max_tokens: 16}   # sent with each call; also api_base, api_key_env
repeats: 1                            # answers per case; case score = their mean
scorers:                              # one name, or a list with weights
  - choice: {of: [billing, bug, feature]}
gate:
  min_score: 0.80                     # absolute floor, optional
  max_drop: 0.02                      # a smaller drop than this is never called a regression
  alpha: 0.05
optimize:
  model: openai/gpt-4.1               # optimizer model; default: the task model
  params: {temperature: 1.0}
  steps: 8                            # upper bound
  candidates: 8                       # per step
  max_calls: 2000
  max_cost: 2.00                      # dollars, all models together
  max_minutes: 30
  holdout: 0.4
  seed: 0
cases:                                # inline, or a path / glob of .yaml .jsonl .csv
  - {id: refund, input: "I was charged twice", expected: billing, must_pass: true}
"""


def test_the_documented_suite_is_read(tmp_path: Path) -> None:
    write(tmp_path / "prompts/ticket-routing.md", "Route it.\n")
    suite = read_suite(write(tmp_path / "evals/ticket-routing.yaml", DOCUMENTED), root=tmp_path)

    assert (suite.name, suite.path, suite.root) == ("ticket-routing", tmp_path / "evals/ticket-routing.yaml", tmp_path)
    assert suite.description == "Route a support ticket to billing, bug or feature."
    assert suite.prompt.path == tmp_path / "prompts/ticket-routing.md"
    assert suite.model == ModelSpec("openai/gpt-4.1-mini", {"temperature": 0, "max_tokens": 16})
    assert suite.scorers == (ScorerSpec("choice", {"of": ["billing", "bug", "feature"]}),)
    assert suite.gate == GateSpec(min_score=0.8)
    assert suite.optimize == OptimizeSpec(
        model=ModelSpec("openai/gpt-4.1", {"temperature": 1.0}), max_calls=2000, max_cost=2, holdout=0.4
    )
    assert [(case.id, case.must_pass, case.line) for case in suite.cases] == [("refund", True, 23)]


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    suite = make_suite(tmp_path)

    assert (suite.description, suite.repeats, suite.gate, suite.optimize) == ("", 1, GateSpec(), OptimizeSpec())


def test_the_front_matter_describes_a_suite_that_does_not(tmp_path: Path) -> None:
    prompt = "---\ndescription: Route it.\n---\nRoute the ticket.\n"

    assert make_suite(tmp_path, prompt=prompt).description == "Route it."
    assert make_suite(tmp_path, prompt=prompt, description="Mine.").description == "Mine."


@pytest.mark.parametrize(
    ("scorers", "specs"),
    [
        ("iexact", (ScorerSpec("iexact"),)),
        ({"number": {"tolerance": 0.5}}, (ScorerSpec("number", {"tolerance": 0.5}),)),
        ({"exact": None}, (ScorerSpec("exact"),)),
        (
            ["regex", {"contains": {"any": ["a", 1], "ignore_case": True, "weight": 3, "threshold": 0.5}}],
            (ScorerSpec("regex"), ScorerSpec("contains", {"any": ["a", 1], "ignore_case": True}, 3.0, 0.5)),
        ),
    ],
)
def test_scorers_are_a_name_options_or_a_list(tmp_path: Path, scorers: Any, specs: tuple[ScorerSpec, ...]) -> None:
    assert make_suite(tmp_path, scorers=scorers).scorers == specs


def test_key_and_price_are_taken_out_of_what_is_sent(tmp_path: Path) -> None:
    params = {
        "api_base": "https://x.example/v1",
        "api_key_env": "MY_KEY",
        "price": {"input": 1, "output": 2.5},
        "top_p": 1,
    }

    assert make_suite(tmp_path, params=params).model == ModelSpec(
        "scripted/test", {"api_base": "https://x.example/v1", "top_p": 1}, api_key_env="MY_KEY", price=(1.0, 2.5)
    )


def test_another_task_model_has_neither_price_nor_key_of_the_files(tmp_path: Path) -> None:
    params = {"temperature": 0, "api_key_env": "MY_KEY", "price": {"input": 1, "output": 2.5}}
    path = write_suite(tmp_path, params=params)

    assert read_suite(path, model="openai/other").model == ModelSpec("openai/other", {"temperature": 0})
    assert read_suite(path, model="scripted/test") == read_suite(path)


@pytest.mark.parametrize("host", ["localhost:8101", "127.0.0.1", "[::1]:80"])
def test_a_literal_key_may_go_to_loopback(tmp_path: Path, host: str) -> None:
    suite = make_suite(tmp_path, params={"api_base": f"http://{host}/v1", "api_key": "local"})

    assert suite.model.api_key == "local"
    assert "local" not in repr(suite.model).replace("localhost", "")


def test_optimizer_params_alone_ask_the_task_model_where_it_is(tmp_path: Path) -> None:
    params = {"api_base": "http://127.0.0.1:1/v1", "api_key": "k", "temperature": 0, "price": {"input": 1, "output": 2}}

    suite = make_suite(tmp_path, params=params, optimize={"params": {"temperature": 1.0}})

    assert suite.optimize.model == ModelSpec(
        "scripted/test", {"api_base": "http://127.0.0.1:1/v1", "temperature": 1.0}, api_key="k", price=(1.0, 2.0)
    )


def test_optimizer_params_with_a_place_of_their_own_take_no_key_there(tmp_path: Path) -> None:
    params = {"api_base": "http://127.0.0.1:1/v1", "api_key": "k"}

    suite = make_suite(tmp_path, params=params, optimize={"params": {"api_base": "https://x.example"}})

    assert suite.optimize.model == ModelSpec("scripted/test", {"api_base": "https://x.example"})


def test_another_optimizer_model_takes_nothing_from_the_task_model(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, params={"api_base": "http://127.0.0.1:1/v1"}, optimize={"model": "openai/other"})

    assert suite.optimize.model == ModelSpec("openai/other")


def test_a_whole_number_may_be_written_with_a_fraction_of_zero(tmp_path: Path) -> None:
    steps = make_suite(tmp_path, optimize={"steps": 4.0}).optimize.steps

    assert (steps, type(steps)) == (4, int)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert read_suite(path).name == "routing"


def test_a_repository_that_is_reached_through_a_link_is_read(tmp_path: Path) -> None:
    write_suite(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    suite = read_suite(tmp_path / "link/evals/routing.yaml")

    assert suite.relative(suite.prompt.path) == "prompts/routing.md"
    assert suite.relative(suite.baseline_path) == "evals/routing.baseline.json"


def test_reading_a_good_suite_imports_nothing_slow(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from opro_action.suite.reading import read_suite;"
        "read_suite(Path(sys.argv[1])); slow = {'jsonschema', 'difflib', 'litellm', 'tempfile'};"
        "print(sorted(slow & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, write_suite(tmp_path)], capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == "[]"
