"""The suites of a repository as a commit or the index has them: real git, and nothing of the user's is touched."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import PROMPT, make_suite, write, write_suite
from repositories import commit, git, repository

from opro_action.errors import UsageError
from opro_action.suite.reading import read_suite, read_suites
from opro_action.suite.suite import Suite
from opro_action.suite.tree import suite_at, tree_at, tree_of_index

CASES = ({"id": "refund", "input": "Twice", "expected": "billing"}, {"id": "crash", "input": "It", "expected": "bug"})
CASE = json.dumps(CASES[0]) + "\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit, of one suite whose cases stand in a file."""
    folder = repository(tmp_path / "repo")
    write_lines(folder / "evals" / "routing.jsonl", *CASES)
    write_suite(folder, cases="*.jsonl")
    commit(folder)
    return folder


def write_lines(path: Path, *rows: dict[str, Any]) -> Path:
    return write(path, "".join(json.dumps(row) + "\n" for row in rows))


def suite_of(repo: Path, name: str = "routing") -> Suite:
    return read_suite(repo / "evals" / f"{name}.yaml", root=repo)


def prompt_at(suite: Suite, ref: str = "HEAD") -> str:
    with tree_at(suite.root, ref) as tree:
        found = suite_at(suite, tree)
        assert found is not None
        return found.prompt.text


def state(repo: Path) -> tuple[str, bytes, list[Path]]:
    """All that reading a commit must not change: status, index, and the files of the object store."""
    objects = sorted((repo / ".git" / "objects").rglob("*"))
    index = (repo / ".git" / "index").read_bytes()
    return git(repo, "--no-optional-locks", "status", "--porcelain"), index, objects


def test_prompt_suite_and_cases_are_those_of_the_ref(repo: Path) -> None:
    write_suite(repo, prompt="Answer.\n", cases="*.jsonl", scorers="iexact", repeats=3)
    write_lines(repo / "evals" / "more.jsonl", {"id": "new", "input": "Add it", "expected": "feature"})

    with tree_at(repo, "HEAD") as tree:
        suite = suite_at(suite_of(repo), tree)

        assert suite is not None
        assert (suite.prompt.text, suite.scorers[0].name, suite.repeats) == (PROMPT.strip(), "exact", 1)
        assert [case.id for case in suite.cases] == ["refund", "crash"]
        assert suite.title == "evals/routing.yaml"
        assert {suite.path, suite.prompt.path, *(case.path for case in suite.cases)} == {
            tree.root / name for name in ("evals/routing.yaml", "prompts/routing.md", "evals/routing.jsonl")
        }
    assert not tree.root.exists()


def test_an_earlier_commit_a_branch_a_tag_and_a_detached_head_can_be_read(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD")
    git(repo, "tag", "-a", "v1", "-m", "first")
    git(repo, "branch", "stable")
    write(repo / "prompts" / "routing.md", "Second.\n")
    commit(repo)
    git(repo, "checkout", "--quiet", "--detach")
    write(repo / "prompts" / "routing.md", "Third.\n")

    suite = suite_of(repo)

    assert {prompt_at(suite, ref) for ref in (first, first[:10], "HEAD~1", "v1", "stable")} == {PROMPT.strip()}
    assert prompt_at(suite, "HEAD") == prompt_at(suite, "main") == "Second."


def test_work_tree_index_and_objects_stay_as_they_are(repo: Path) -> None:
    git(repo, "mv", "evals/routing.yaml", "evals/team.yaml")
    write(repo / "evals" / "new.yaml", (repo / "evals" / "team.yaml").read_bytes())
    write(repo / "prompts" / "routing.md", "Changed, not staged.\n")
    os.utime(repo / "evals" / "routing.jsonl", (1e9, 1e9))
    before = state(repo)

    for name in ("team", "new"):
        with tree_at(repo, "HEAD") as at_head, tree_of_index(repo) as staged:
            suite_at(suite_of(repo, name), at_head)
            suite_at(suite_of(repo, name), staged)

    assert state(repo) == before


def test_what_is_staged_can_be_read_too(repo: Path) -> None:
    write(repo / "prompts" / "routing.md", "Staged.\n")
    git(repo, "add", "--all")
    write(repo / "prompts" / "routing.md", "Not staged.\n")

    with tree_of_index(repo) as tree:
        suite = suite_at(suite_of(repo), tree)

    assert suite is not None
    assert suite.prompt.text == "Staged."


def test_within_a_hook_the_index_is_that_of_the_commit(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = write(
        repo / ".git" / "hooks" / "pre-commit",
        '#!/bin/sh\nenv | grep ^GIT_ > .git/seen\ncp "$GIT_INDEX_FILE" .git/kept\n',
    )
    hook.chmod(0o755)
    write(repo / "prompts" / "routing.md", "Committed alone.\n")
    write(repo / "evals" / "routing.yaml", "left out of the commit")
    git(repo, "commit", "--quiet", "-m", "partial", "prompts/routing.md")
    seen = dict(line.split("=", 1) for line in (repo / ".git" / "seen").read_text().splitlines())
    for name, value in seen.items():
        monkeypatch.setenv(name, value)
    assert seen["GIT_INDEX_FILE"] != ".git/index"
    write(repo / ".git" / Path(seen["GIT_INDEX_FILE"]).name, (repo / ".git" / "kept").read_bytes())
    git(repo, "checkout", "--quiet", "HEAD~1", "--", "prompts", "evals")

    with tree_of_index(repo) as tree:
        suite = suite_at(suite_of(repo), tree)

    assert suite is not None
    assert suite.prompt.text == "Committed alone."


def test_the_variables_of_another_repositorys_hook_are_passed_over(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other")
    commit(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))

    assert prompt_at(suite_of(repo)) == PROMPT.strip()
    with tree_of_index(repo) as tree:
        assert suite_at(suite_of(repo), tree) is not None


@pytest.mark.parametrize("staged", [True, False])
def test_a_renamed_suite_is_found_at_its_old_path(repo: Path, staged: bool) -> None:
    old, new = repo / "evals" / "routing.yaml", repo / "evals" / "team" / "tickets.yaml"
    write(new, old.read_text().replace("../", "../../").replace("'*.jsonl'", "../*.jsonl"))
    old.unlink()
    if staged:
        git(repo, "add", "--all")

    with tree_at(repo, "HEAD") as tree:
        suite = suite_at(read_suite(new, root=repo), tree)

    assert suite is not None
    assert (suite.title, suite.prompt.text) == ("evals/routing.yaml", PROMPT.strip())


def test_a_suite_whose_prompt_is_renamed_with_it_is_found_too(repo: Path) -> None:
    git(repo, "mv", "prompts/routing.md", "prompts/tickets.md")
    git(repo, "rm", "--quiet", "evals/routing.yaml")
    other = [{"id": "other", "input": "Other", "expected": "bug"}]
    suite = read_suite(write_suite(repo, name="tickets", cases=other), root=repo)

    with tree_at(repo, "HEAD") as tree:
        found = suite_at(suite, tree)

    assert found is not None
    assert found.title == "evals/routing.yaml"


@pytest.mark.parametrize("removed", [True, False])
def test_a_suite_that_was_not_there_is_none(repo: Path, removed: bool) -> None:
    """Although git takes its file for the renamed one of a suite that was removed."""
    other = [{"id": "refund", "input": "Another", "expected": "billing"}]
    suite = make_suite(repo, name="other", prompt="Of its own.\n", cases=other)
    if removed:
        (repo / "evals" / "routing.yaml").unlink()

    with tree_at(repo, "HEAD") as tree:
        assert suite_at(suite, tree) is None


def test_before_the_first_commit_there_is_nothing_at_head(tmp_path: Path) -> None:
    suite = make_suite(repository(tmp_path))

    with tree_at(tmp_path, "HEAD") as tree:
        assert suite_at(suite, tree) is None


def test_a_head_whose_commit_is_missing_is_not_taken_for_an_empty_one(repo: Path) -> None:
    head = git(repo, "rev-parse", "HEAD")
    (repo / ".git" / "objects" / head[:2] / head[2:]).unlink()

    with pytest.raises(UsageError, match="--base HEAD: there is no such commit here"), tree_at(repo, "HEAD"):
        pass


@pytest.mark.parametrize("ref", ["origin/main", "0" * 40, "-h", "", "HEAD:evals", ":", "a\0b", "two\nlines"])
def test_a_ref_that_is_no_commit_is_refused_with_what_to_do(repo: Path, ref: str) -> None:
    with pytest.raises(UsageError) as refused, tree_at(repo, ref):
        pass

    assert str(refused.value).startswith(f"--base {ref}: there is no such commit here; fetch it")
    assert "fetch-depth: 0" in str(refused.value)


def test_a_shallow_clone_has_no_base(repo: Path, tmp_path: Path) -> None:
    first = git(repo, "rev-parse", "HEAD")
    write(repo / "prompts" / "routing.md", "Second.\n")
    commit(repo)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repo}", "shallow")
    shallow = tmp_path / "shallow"

    assert prompt_at(suite_of(shallow)) == "Second."
    for ref in (first, "HEAD~1"):
        with pytest.raises(UsageError, match="fetch-depth: 0"), tree_at(shallow, ref):
            pass


def test_outside_of_git_and_without_git_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(UsageError, match=r"--base need a git repository \(not a git repository"),
        tree_at(tmp_path, "x"),
    ):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git cannot be run"), tree_at(tmp_path, "HEAD"):
        pass


def test_what_is_wrong_in_the_base_is_said_with_the_repositorys_names(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "rm", "--quiet", "--cached", "prompts/routing.md")
    git(repo, "commit", "--quiet", "-m", "broken")
    monkeypatch.chdir("/")

    with pytest.raises(UsageError) as refused:
        prompt_at(suite_of(repo))

    assert str(refused.value) == (
        "evals/routing.yaml cannot be read as it is at HEAD (evals/routing.yaml:1: `prompt` names "
        "`../prompts/routing.md`, but there is no such file; correct the path)"
    )


def test_a_repository_in_a_folder_of_another_is_read_at_its_place(repo: Path) -> None:
    inner = repo / "apps" / "[support]"
    write_suite(inner, prompt="Inner.\n")
    commit(repo)
    write(inner / "prompts" / "routing.md", "Changed.\n")

    assert prompt_at(suite_of(inner)) == "Inner."


def test_a_linked_work_tree_has_its_own_head_and_index(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "--quiet", "-b", "topic", str(linked))
    write(linked / "prompts" / "routing.md", "Topic.\n")
    commit(linked)
    write(linked / "prompts" / "routing.md", "Staged.\n")
    git(linked, "add", "--all")

    suite = suite_of(linked)

    assert (prompt_at(suite, "HEAD"), prompt_at(suite, "main")) == ("Topic.", PROMPT.strip())
    with tree_of_index(linked) as tree:
        staged = suite_at(suite, tree)
    assert staged is not None
    assert staged.prompt.text == "Staged."


@pytest.mark.parametrize("name", ["with space", "Ünïcødé-例", "two\nlines", "tab\t\"quote'", "[a-z]*", "-rf", ":(top)"])
def test_any_file_name_will_do(repo: Path, name: str) -> None:
    odd = repo / "evals" / name / f"{name}.yaml"
    write(odd, (repo / "evals" / "routing.yaml").read_text().replace("../", "../../"))
    write_lines(odd.with_name(f"{name}.jsonl"), CASES[1])
    commit(repo)
    write(odd.with_name(f"{name}.jsonl"), (repo / "evals" / "routing.jsonl").read_bytes())

    with tree_at(repo, "HEAD") as tree:
        found = suite_at(read_suite(odd, root=repo), tree)

    assert found is not None
    assert [case.id for case in found.cases] == ["crash"]


def test_names_that_are_no_utf_8_are_in_nobodys_way(repo: Path) -> None:
    try:
        write(repo / "evals" / "caf\udce9.jsonl", (repo / "evals" / "routing.jsonl").read_bytes())
    except OSError:
        return  # this file system takes no such name
    commit(repo)

    assert prompt_at(suite_of_first(repo)) == PROMPT.strip()


def suite_of_first(repo: Path) -> Suite:
    (repo / "evals" / "caf\udce9.jsonl").unlink()
    write(repo / "evals" / "routing.yaml", (repo / "evals" / "routing.yaml").read_text().replace("*.", "routing."))
    commit(repo)
    return suite_of(repo)


def test_line_ends_are_those_of_a_checkout(repo: Path) -> None:
    """So that what a case says is the same on both sides, where the work tree has CRLF and the commit LF."""
    git(repo, "config", "core.autocrlf", "true")
    write(repo / "evals" / "routing.csv", 'id,input,expected\r\nlong,"first\r\nsecond",bug\r\n')
    write(repo / "evals" / "score.py", "def grade(answer, case):\r\n    return 1\r\n")
    suite = make_suite(repo, cases="*.csv", scorers={"python": "score.py:grade"})
    commit(repo)

    with tree_at(repo, "HEAD") as tree:
        before = suite_at(suite, tree)

    assert before is not None
    assert before.cases[0].digest == suite.cases[0].digest
    assert before.scorers == suite.scorers
    assert git(repo, "ls-files", "--eol", "evals/score.py").split()[:2] == ["i/lf", "w/crlf"]


def test_attributes_are_those_of_the_commit_and_not_of_the_work_tree(repo: Path) -> None:
    write(repo / "evals" / "score.py", "def grade(answer, case):\n    return 1\n")
    suite = make_suite(repo, cases="*.jsonl", scorers={"python": "score.py:grade"})
    commit(repo)
    write(repo / ".gitattributes", "*.py eol=crlf\n")

    with tree_at(repo, "HEAD") as tree:
        before = suite_at(suite, tree)

    assert before is not None
    assert before.scorers == suite.scorers


def test_links_are_followed_within_the_repository(repo: Path) -> None:
    write_lines(repo / "shared" / "inner.jsonl", CASES[0])
    (repo / "evals" / "routing.jsonl").unlink()
    (repo / "evals" / "inner.jsonl").symlink_to("../shared/inner.jsonl")
    (repo / "evals" / "folder").symlink_to("../shared")
    commit(repo)
    suite = suite_of(repo)

    with tree_at(repo, "HEAD") as tree:
        found = suite_at(suite, tree)

    assert found is not None
    assert [case.id for case in found.cases] == ["refund"]
    assert found.files == suite.files


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_that_leads_out_of_the_tree_is_refused_as_in_the_work_tree(repo: Path, absolute: bool) -> None:
    suite = suite_of(repo)
    target = str(repo / "evals" / "routing.jsonl") if absolute else "../../outside.jsonl"
    (repo / "evals" / "more.jsonl").symlink_to(target)
    write_lines(repo.parent / "outside.jsonl", CASES[1])
    commit(repo)

    with tree_at(repo, "HEAD") as tree, pytest.raises(UsageError, match="which leaves the repository"):
        suite_at(suite, tree)


def test_a_submodule_is_left_out(repo: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    write(other / "prompt.md", "Elsewhere.\n")
    commit(other)
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    commit(repo)
    suite = make_suite(repo, cases="*.jsonl", prompt="Here.\n")
    in_submodule = replace(suite, path=repo / "sub" / "routing.yaml")

    with tree_at(repo, "HEAD") as tree:
        assert suite_at(suite, tree) is not None
        assert suite_at(in_submodule, tree) is None


def test_only_the_folders_that_a_suite_is_read_from_are_written(repo: Path) -> None:
    write(repo / "evals" / "routing.baseline.json", "{}")
    write(repo / "evals" / "deep" / "routing.jsonl", CASE)
    write(repo / "data" / "large.json", "{}")
    commit(repo)

    with tree_at(repo, "HEAD") as tree:
        suite_at(suite_of(repo), tree)
        written = {path.relative_to(tree.root).as_posix() for path in tree.root.rglob("*.*")}

    assert {"evals/routing.yaml", "evals/routing.baseline.json", "prompts/routing.md"} <= written
    assert "data/large.json" not in written


@pytest.mark.parametrize(
    "pattern",
    ["../data/a/*.jsonl", "../data/**/*.jsonl", "../*/a/cases.jsonl", "../link/*.jsonl", "../**/[c]ases.jsonl",
     ["../data/a/cases.jsonl"], ["../link/cases.jsonl"]],
)  # fmt: skip
def test_cases_are_found_wherever_they_lie(repo: Path, pattern: str | list[str]) -> None:
    write(repo / "data" / "a" / "cases.jsonl", CASE)
    (repo / "link").symlink_to("data/a")
    (repo / "data" / "round").symlink_to("..")
    git(repo, "rm", "--quiet", "evals/routing.jsonl")
    suite = make_suite(repo, cases=pattern)
    commit(repo)

    with tree_at(repo, "HEAD") as tree:
        found = suite_at(suite, tree)

    assert found is not None
    assert (found.files, [case.id for case in found.cases]) == (suite.files, ["refund"])


def test_a_sparse_checkout_and_a_split_index_do_not_matter(repo: Path) -> None:
    write(repo / "data" / "cases.jsonl", CASE)
    suite = make_suite(repo, cases="../data/*.jsonl")
    commit(repo)
    git(repo, "config", "core.splitIndex", "true")
    git(repo, "sparse-checkout", "set", "prompts", "evals")
    files = sorted((repo / ".git").rglob("*"))

    for tree_of in (tree_at(repo, "HEAD"), tree_of_index(repo)):
        with tree_of as tree:
            assert suite_at(suite, tree) is not None
    assert sorted((repo / ".git").rglob("*")) == files


def test_a_missing_object_is_an_error_and_no_smaller_suite(repo: Path) -> None:
    suite = suite_of(repo)
    blob = git(repo, "rev-parse", "HEAD:evals/routing.jsonl")
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    with tree_at(repo, "HEAD") as tree, pytest.raises(UsageError, match=f"git cannot give its files .*{blob}"):
        suite_at(suite, tree)


def promptfoo(repo: Path, **keys: Any) -> list[Suite]:
    """The suites of a configuration with two prompts."""
    config: dict[str, Any] = {
        "prompts": ["file://a.txt", "file://b.txt"],
        "providers": ["openai:gpt-4.1-mini"],
        "tests": [{"vars": {"input": "x"}, "assert": [{"type": "equals", "value": "y"}]}],
    }
    return read_suites(write(repo / "evals" / "promptfooconfig.yaml", json.dumps({**config, **keys})), root=repo)


def test_of_several_suites_in_a_file_the_one_of_the_same_name_is_meant(repo: Path) -> None:
    for name in "ab":
        write(repo / "evals" / f"{name}.txt", f"{name} at first: {{{{input}}}}")
    suites = promptfoo(repo)
    commit(repo)

    with tree_at(repo, "HEAD") as tree:
        found = [suite_at(suite, tree) for suite in suites]

    assert [suite and suite.title for suite in found] == [suite.title for suite in suites]
    assert [suite and suite.prompt.text[0] for suite in found] == ["a", "b"]


def test_a_suite_that_was_the_only_one_or_had_another_name_is_known_by_its_prompt(repo: Path) -> None:
    for name in "abc":
        write(repo / "evals" / f"{name}.txt", f"The prompt {name}, which is told from others: {{{{input}}}}")
    promptfoo(repo, prompts=["file://a.txt"])
    commit(repo)
    first, second = promptfoo(repo)

    with tree_at(repo, "HEAD") as tree:
        found = suite_at(first, tree)
        assert found is not None
        assert (found.part, found.prompt.path.name) == ("", "a.txt")
        assert suite_at(second, tree) is None

    commit(repo)
    git(repo, "mv", "evals/b.txt", "evals/renamed.txt")
    _, renamed = promptfoo(repo, prompts=["file://a.txt", "file://renamed.txt"])
    with tree_at(repo, "HEAD") as tree:
        found = suite_at(renamed, tree)
    assert found is not None
    assert found.prompt.path.name == "b.txt"


def test_another_task_model_takes_the_place_of_the_suites(repo: Path) -> None:
    with tree_at(repo, "HEAD") as tree:
        found = suite_at(suite_of(repo), tree, model="scripted/other")

    assert found is not None
    assert found.model.id == "scripted/other"


def test_no_hook_of_the_user_runs(repo: Path) -> None:
    hook = write(repo / ".git" / "hooks" / "post-index-change", "#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)

    prompt_at(suite_of(repo))

    assert not list(repo.rglob("ran"))
    subprocess.run(["git", "-C", repo, "read-tree", "HEAD"], check=True)
    assert list(repo.rglob("ran"))
