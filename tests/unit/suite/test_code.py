"""The parts of a suite that run code or say where keys go, and which of them the base of a pull request has too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_case, make_suite, write, write_suite
from repositories import commit, git

from opro_action.suite.code import code_parts, untrusted_parts
from opro_action.suite.reading import read_suite
from opro_action.suite.suite import ScorerSpec, Suite

CODE = "def polite(answer, case):\n    return 1.0\n"
PYTHON = {"python": "score.py:polite"}
SERVER = {"api_base": "https://models.example/v1", "api_key_env": "TEAM_KEY"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path / "evals" / "score.py", CODE)
    return tmp_path


def committed(repository: Path, **keys: Any) -> None:
    write_suite(repository, **keys)
    commit(repository)


def whats(suite: Suite, base: str = "HEAD") -> list[str]:
    return [part.what for part in untrusted_parts(suite, base)]


def test_a_suite_of_data_has_no_such_parts(tmp_path: Path) -> None:
    params = {"temperature": 0, "max_tokens": 5, "seed": 1, "price": {"input": 1, "output": 1}}
    judge = {"model": "openai/judge", "params": params}
    suite = make_suite(tmp_path, params=params, judge=judge, scorers=["exact", {"rubric": "Kind."}])

    assert code_parts(suite) == ()
    assert untrusted_parts(suite, "no-such-ref") == ()


def test_code_servers_keys_and_unknown_parameters_are_named(repository: Path) -> None:
    suite = make_suite(
        repository,
        params={**SERVER, "temperature": 0},
        optimize={"model": "openai/writer", "params": {"headers": {"x": "y"}}},
        judge={"model": "openai/judge", "params": {"api_key_env": "JUDGE_KEY"}},
        scorers=[
            {"python": {"function": "score.py:polite", "label": "politeness"}},
            {"rubric": {"criteria": "Kind.", "model": "openai/other", "params": {"fallbacks": ["openai/x"]}}},
            {"similar": {"model": "openai/e", "params": {"api_base": "https://e.example"}}},
        ],
    )

    assert [part.what for part in code_parts(suite)] == [
        "politeness: evals/score.py:polite",
        "model: api_base, api_key_env",
        "optimize.model: headers",
        "judge: api_key_env",
        "the model of rubric: fallbacks",
        "the model of similar: api_base",
    ]


def test_a_further_model_is_named_where_it_gets_the_key_of_the_suites_own(tmp_path: Path) -> None:
    params = {"api_key_env": "TEAM_KEY"}
    suite = make_suite(tmp_path, model="openai/a", params=params, optimize={"models": ["openai/b", "anthropic/c"]})

    assert [part.what for part in code_parts(suite)] == ["model: api_key_env", "optimize.models: openai/b: api_key_env"]


def test_scorers_of_a_case_and_in_a_set_are_looked_at_too(repository: Path) -> None:
    suite = make_suite(repository, scorers=[PYTHON])
    [python] = suite.scorers
    in_case = replace(
        suite, scorers=(ScorerSpec("exact"),), cases=(make_case(scorers=(ScorerSpec("set", parts=(python,)),)),)
    )

    assert code_parts(in_case) == code_parts(suite)


def test_a_model_that_is_an_address_is_such_a_part(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, model="huggingface/https://models.example")

    assert [part.what for part in code_parts(suite)] == ["model: huggingface/https://models.example"]


def test_what_the_base_has_too_is_trusted(repository: Path) -> None:
    committed(repository, params=SERVER, scorers=["exact", PYTHON])
    changed = make_suite(repository, prompt="Another prompt.\n", params={**SERVER, "temperature": 1}, scorers=[PYTHON])

    assert len(code_parts(changed)) == 2
    assert whats(changed) == []


@pytest.mark.parametrize(
    ("keys", "untrusted"),
    [
        ({"params": {**SERVER, "api_base": "https://evil.example"}}, ["model: api_base, api_key_env"]),
        ({"params": {**SERVER, "api_key_env": "OTHER_KEY"}}, ["model: api_base, api_key_env"]),
        ({"params": {"api_key_env": "TEAM_KEY"}}, ["model: api_key_env"]),
        ({"params": {**SERVER, "extra_headers": {}}}, ["model: api_base, api_key_env, extra_headers"]),
        ({"model": "anthropic/claude"}, ["model: api_base, api_key_env"]),
        ({"judge": {"model": "openai/j", "params": SERVER}}, ["judge: api_base, api_key_env"]),
        ({"scorers": [{"python": "score.py:other"}]}, ["python: evals/score.py:other"]),
        ({"scorers": [{"python": "../tools/release.py:publish"}]}, ["python: tools/release.py:publish"]),
        ({"scorers": ["exact", PYTHON]}, []),
    ],
)
def test_what_a_pull_request_changes_is_not(repository: Path, keys: dict[str, Any], untrusted: list[str]) -> None:
    base: dict[str, Any] = {"params": SERVER, "scorers": [PYTHON], "model": "scripted/test"}
    write(repository / "tools" / "release.py", "def publish(answer, case): ...\n")
    committed(repository, **base)

    assert whats(make_suite(repository, **{**base, **keys})) == untrusted


def test_changed_code_is_not_trusted_though_the_suite_is_the_same(repository: Path) -> None:
    committed(repository, scorers=[PYTHON])
    write(repository / "evals" / "score.py", CODE.replace("1.0", "0.0"))

    assert whats(read_suite(repository / "evals" / "routing.yaml", root=repository)) == [
        "python: evals/score.py:polite"
    ]


def test_a_new_suite_is_not_trusted(repository: Path) -> None:
    committed(repository, scorers=[PYTHON])

    assert whats(make_suite(repository, name="other", scorers=[PYTHON])) == ["python: evals/score.py:polite"]


@pytest.mark.parametrize("base", ["no-such-branch", "-h", "HEAD:evals", ""])
def test_without_a_base_commit_nothing_is_trusted(repository: Path, base: str) -> None:
    committed(repository, scorers=[PYTHON])

    assert whats(make_suite(repository, scorers=[PYTHON]), base) == ["python: evals/score.py:polite"]


def test_outside_of_git_and_with_a_broken_base_nothing_is_trusted(tmp_path: Path) -> None:
    write(tmp_path / "evals" / "score.py", CODE)
    suite = make_suite(tmp_path, scorers=[PYTHON])
    assert len(whats(suite)) == 1

    git(tmp_path, "init", "-q")
    write(tmp_path / "evals" / "routing.yaml", "prompt: [")
    commit(tmp_path)
    assert len(whats(suite)) == 1


def test_a_link_in_the_base_leads_nowhere(repository: Path) -> None:
    outside = write(repository.parent / "outside.py", CODE)
    (repository / "evals" / "score.py").unlink()
    (repository / "evals" / "score.py").symlink_to(outside)
    committed(repository, scorers=["exact"])
    (repository / "evals" / "score.py").unlink()
    write(repository / "evals" / "score.py", CODE)

    assert whats(make_suite(repository, scorers=[PYTHON])) == ["python: evals/score.py:polite"]


def test_a_repository_in_a_folder_of_another_is_read_at_its_place(repository: Path) -> None:
    inner = repository / "apps" / "support"
    write(inner / "evals" / "score.py", CODE)
    committed(inner, scorers=[PYTHON])

    assert whats(make_suite(inner, scorers=[PYTHON], prompt="Another.\n")) == []


def test_a_commit_hooks_variables_do_not_lead_to_another_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(repository, scorers=[PYTHON])
    monkeypatch.setenv("GIT_DIR", str(repository / "nowhere"))

    assert whats(make_suite(repository, scorers=[PYTHON])) == []


def test_the_work_tree_and_the_index_stay_as_they_are(repository: Path) -> None:
    committed(repository, scorers=[PYTHON])
    write(repository / "evals" / "score.py", CODE + "# more\n")
    before = git(repository, "status", "--porcelain")

    whats(make_suite(repository, scorers=[PYTHON]))

    assert git(repository, "status", "--porcelain") == before


def test_settings_of_a_scorer_count_together_with_the_judge_that_they_are_added_to(repository: Path) -> None:
    scorers = [{"rubric": {"criteria": "good", "params": {"api_key_env": "JUDGE_KEY"}}}]
    parts = [
        code_parts(make_suite(repository, scorers=scorers, judge={"model": model}))
        for model in ("anthropic/a", "deepseek/b")
    ]
    assert {part.digest for part in parts[0]}.isdisjoint(part.digest for part in parts[1])
