import json
from dataclasses import asdict, replace

import pytest
from unit.gate.gate_builders import case, suite

from opro_action.gate.fingerprint import differences, fingerprint
from opro_action.suite.prompt import Prompt
from opro_action.suite.suite import ModelSpec, ScorerSpec, Suite

MODEL = ModelSpec("openai/a", {"temperature": 0})


def changes(old: Suite, new: Suite) -> list[str]:
    return differences(fingerprint(old, old.model), fingerprint(new, new.model))


def test_the_same_suite_is_comparable_with_itself() -> None:
    assert changes(suite(), suite()) == []


def test_another_prompt_is_what_is_compared() -> None:
    assert changes(suite("Say yes."), suite("Say no.")) == []


def test_other_cases_do_not_end_the_comparison() -> None:
    assert changes(suite(cases=[case("a")]), suite(cases=[case("b"), case("c")])) == []


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ModelSpec("openai/b", {"temperature": 0}), "the model was openai/a, is openai/b"),
        (ModelSpec("openai/a", {"temperature": 0.7}), "the parameter temperature was 0, is 0.7"),
        (ModelSpec("openai/a", {"temperature": 0, "max_tokens": 5}), "the parameter max_tokens is new"),
        (ModelSpec("openai/a"), "the parameter temperature is gone"),
    ],
)
def test_another_model_or_parameter_is_named(model: ModelSpec, words: str) -> None:
    assert changes(suite(model=MODEL), suite(model=model)) == [words]


def test_a_parameter_that_is_a_text_is_named_but_not_shown() -> None:
    old = suite(model=ModelSpec("openai/a", {"api_base": "http://user:secret@one"}))
    new = suite(model=ModelSpec("openai/a", {"api_base": "http://user:secret@two"}))

    assert changes(old, new) == ["the parameter api_base changed"]


@pytest.mark.parametrize(
    "scorer",
    [
        ScorerSpec("iexact"),
        ScorerSpec("exact", {"option": 1}),
        ScorerSpec("exact", weight=2),
        ScorerSpec("exact", threshold=0.5),
    ],
)
def test_other_scorers_options_weights_or_thresholds_are_noticed(scorer: ScorerSpec) -> None:
    assert changes(suite(), replace(suite(), scorers=(scorer,))) == ["the scorers or their options changed"]


def test_other_repeats_are_named() -> None:
    assert changes(suite(), replace(suite(), repeats=3)) == ["the answers per case were 1, are 3"]


def test_keys_prices_and_secrets_are_not_in_it() -> None:
    plain = ModelSpec("openai/a", {"extra_headers": {"Authorization": "sk-secret"}})
    paid = replace(plain, api_key="sk-secret", api_key_env="MY_SECRET", price=(1.5, 2.5))

    assert fingerprint(suite(), paid) == fingerprint(suite(), plain)
    assert "secret" not in json.dumps(asdict(fingerprint(suite(), paid))).lower()


def test_the_model_that_runs_counts_and_not_the_one_the_suite_names() -> None:
    assert fingerprint(suite(), ModelSpec("local/b")).model == "local/b"


def test_a_cases_digest_is_of_its_content_alone() -> None:
    prompted = replace(suite(), prompt=Prompt(suite().prompt.path, "Another."), cases=(case("c00", must_pass=True),))

    assert fingerprint(prompted, MODEL).cases == fingerprint(suite(), MODEL).cases
