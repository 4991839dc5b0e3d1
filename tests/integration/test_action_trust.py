"""With keys at hand, a pull request's own code and servers are not used: real git, as the action sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import write, write_suite
from repositories import commit, git, repository

from opro_action.commands.trust import refuse_untrusted
from opro_action.errors import UsageError

KEYS = {"OPENAI_API_KEY": "k"}
SCORER = "def grade(answer, case):\n    return 1.0\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose one commit has a suite with a Python scorer and a server of its own."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "evals/score.py", SCORER)
    write_suite(tmp_path, scorers={"python": "score.py:grade"}, params={"api_base": "https://models.example/v1"})
    commit(repository(tmp_path))
    return tmp_path


def test_a_pull_request_that_changes_only_the_prompt_runs_with_keys(repo: Path) -> None:
    base = git(repo, "rev-parse", "HEAD")
    write(repo / "prompts/routing.md", "Another wording.\n")
    commit(repo)
    refuse_untrusted([], KEYS, base=base)


@pytest.mark.parametrize(
    ("path", "content", "named"),
    [
        ("evals/score.py", "import os\n" + SCORER, "python: evals/score.py:grade"),
        ("evals/routing.yaml", ("models.example", "elsewhere.example"), "model: api_base"),
        ("evals/routing.yaml", ("api_base:", "api_key_env: OTHER\n  api_base:"), "model: api_base, api_key_env"),
    ],
)
def test_changed_code_and_servers_are_refused_by_name(
    repo: Path, path: str, content: str | tuple[str, str], named: str
) -> None:
    base = git(repo, "rev-parse", "HEAD")
    old = (repo / path).read_text()
    write(repo / path, content if isinstance(content, str) else old.replace(*content))
    commit(repo)
    with pytest.raises(UsageError, match=r"evals/routing\.yaml: this pull request changes") as refused:
        refuse_untrusted([Path("evals/routing.yaml")], KEYS, base=base)
    assert named in str(refused.value)


def test_a_base_that_is_not_here_vouches_for_nothing(repo: Path) -> None:
    with pytest.raises(UsageError, match="fetch-depth"):
        refuse_untrusted([], KEYS, base="0" * 40)


def test_a_commit_of_the_pull_request_itself_vouches_for_nothing(repo: Path) -> None:
    base = git(repo, "rev-parse", "HEAD")
    write(repo / "evals/score.py", "import os\n" + SCORER)
    commit(repo)
    write(repo / "prompts/routing.md", "Another wording.\n")
    commit(repo)
    with pytest.raises(UsageError, match="python"):
        refuse_untrusted([], KEYS, base=base)


@pytest.mark.parametrize("env", [{"PATH": "/bin"}, {"GITHUB_TOKEN": "t", "ACTIONS_CACHE_KEY": "c"}])
def test_without_a_secret_nothing_is_refused(repo: Path, env: dict[str, str]) -> None:
    write(repo / "evals/score.py", "import os\n" + SCORER)
    refuse_untrusted([], env, base="0" * 40)


def test_the_repositorys_own_code_is_not_refused(repo: Path) -> None:
    write(repo / "evals/score.py", "import os\n" + SCORER)
    refuse_untrusted([], KEYS, base=None)


def test_a_further_suite_that_a_search_would_ask_is_held_to_the_same(repo: Path) -> None:
    base = git(repo, "rev-parse", "HEAD")
    write(repo / "evals/mine.py", SCORER)
    suite = (repo / "evals/routing.yaml").read_text()
    write(repo / "evals/mine.yaml", suite.replace("score.py", "mine.py"))
    write(repo / "evals/routing.yaml", suite + "optimize:\n  also: [mine.yaml]\n")
    commit(repo)
    with pytest.raises(UsageError, match=r"evals/mine\.yaml: .*python: evals/mine\.py:grade"):
        refuse_untrusted([Path("evals/routing.yaml")], KEYS, base=base)


def test_another_model_at_the_same_server_is_a_place_for_another_key(repo: Path) -> None:
    base = git(repo, "rev-parse", "HEAD")
    suite = (repo / "evals/routing.yaml").read_text()
    write(repo / "evals/routing.yaml", suite + "optimize:\n  models: [anthropic/claude]\n")
    commit(repo)
    with pytest.raises(UsageError, match=r"optimize\.models: anthropic/claude: api_base"):
        refuse_untrusted([Path("evals/routing.yaml")], KEYS, base=base)
