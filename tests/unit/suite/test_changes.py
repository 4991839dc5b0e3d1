"""Which suites a change touches: every file that a suite is read from, at both sides, with real git."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import write, write_suite
from repositories import commit, git, repository

from opro_action.errors import UsageError
from opro_action.suite.changes import changed_suites, unchecked_prompts
from opro_action.suite.discovery import find_suites
from opro_action.suite.reading import read_suites
from opro_action.suite.suite import Suite
from opro_action.suite.tree import suite_at, tree_at, tree_of_index

CASE = '{"id": "%s", "input": "It crashes", "expected": "bug"}\n'
SCORER = "def grade(answer, case):\n    return 1.0\n"
ONE: dict[str, Any] = {
    "cases": ["one/*.jsonl", "more.csv"],
    "scorers": [{"python": "score.py:grade"}, {"json_schema": "schema.json"}],
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit, of two suites: `one` of many files, and `two`, which nothing here changes."""
    folder = repository(tmp_path / "repo")
    for name in "ab":
        write(folder / "evals" / "one" / f"{name}.jsonl", CASE % name)
    write(folder / "evals" / "more.csv", "id,input,expected\nc,Add it,feature\n")
    write(folder / "evals" / "score.py", SCORER)
    write(folder / "evals" / "schema.json", "{}")
    write_suite(folder, name="one", **ONE)
    write_suite(folder, name="two")
    commit(folder)
    return folder


def suites_of(repo: Path) -> list[Suite]:
    return [suite for path in find_suites(repo) for suite in read_suites(path, root=repo)]


def changed(repo: Path, base: str = "HEAD") -> list[str]:
    return [suite.title for suite in changed_suites(suites_of(repo), base=base)]


def appended(name: str) -> Callable[[Path], object]:
    return lambda repo: write(repo / name, (repo / name).read_bytes() + b"\n")


def rewritten(repo: Path, name: str, old: str, new: str) -> Path:
    return write(repo / name, (repo / name).read_text().replace(old, new))


def removed(name: str) -> Callable[[Path], object]:
    return lambda repo: (repo / name).unlink()


def test_without_a_change_there_is_none(repo: Path) -> None:
    os.utime(repo / "evals" / "one.yaml", (1e9, 1e9))

    assert changed(repo) == []


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        appended("evals/one.yaml"),
        appended("prompts/one.md"),
        appended("evals/one/a.jsonl"),
        appended("evals/more.csv"),
        appended("evals/score.py"),
        appended("evals/schema.json"),
        lambda repo: write(repo / "evals" / "one" / "new.jsonl", CASE % "new"),
        removed("evals/one/b.jsonl"),
        lambda repo: (repo / "evals/one/a.jsonl").rename(repo / "evals/one/z.jsonl"),
    ],
    ids=[
        "suite",
        "prompt",
        "cases",
        "csv",
        "scorer",
        "schema",
        "case-file-added",
        "case-file-removed",
        "case-file-renamed",
    ],
)
def test_every_file_that_a_suite_is_made_of_counts(
    repo: Path, change: Callable[[Path], object], committed: bool
) -> None:
    change(repo)
    if committed:
        commit(repo)

    assert changed(repo, "HEAD~1" if committed else "HEAD") == ["evals/one.yaml"]


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: write(repo / "evals" / "notes.md", "Words.\n"),
        lambda repo: write(repo / "evals" / "one.baseline.json", "{}"),
        lambda repo: write(repo / "prompts" / "three.md", "Of no suite.\n"),
        removed("README.md"),
    ],
    ids=["note", "baseline", "other-prompt", "readme-removed"],
)
def test_files_that_no_suite_is_made_of_do_not(repo: Path, change: Callable[[Path], object]) -> None:
    write(repo / "README.md", "Read me.\n")
    commit(repo)

    change(repo)

    assert changed(repo) == []


def test_a_moved_prompt_and_a_moved_suite_count_for_their_suite_alone(repo: Path) -> None:
    git(repo, "mv", "prompts/one.md", "prompts/moved.md")
    suite = repo / "evals" / "one.yaml"
    write(suite, suite.read_text().replace("prompts/one.md", "prompts/moved.md"))
    assert changed(repo) == ["evals/one.yaml"]

    commit(repo)
    git(repo, "mv", "evals/one.yaml", "evals/uno.yaml")
    assert changed(repo) == ["evals/uno.yaml"]


def test_a_new_suite_counts_before_git_knows_it_and_after(repo: Path) -> None:
    write_suite(repo, name="new")
    assert changed(repo) == ["evals/new.yaml"]

    git(repo, "add", "--all")
    assert changed(repo) == ["evals/new.yaml"]


def test_a_removed_file_that_the_base_could_not_be_read_for_counts(repo: Path) -> None:
    write(repo / "evals" / "one" / "broken.jsonl", "{")
    commit(repo)
    removed("evals/one/broken.jsonl")(repo)

    assert changed(repo) == ["evals/one.yaml"]


def test_ignored_files_are_nobodys_change_and_in_nobodys_way(repo: Path) -> None:
    write(repo / ".gitignore", "*.made.jsonl\n")
    commit(repo)
    write(repo / "evals" / "one" / "x.made.jsonl", CASE % "made")
    assert changed(repo) == []

    removed("evals/one/b.jsonl")(repo)
    assert changed(repo) == ["evals/one.yaml"]


@pytest.mark.parametrize("name", ["with space", "Ünïcødé-例", "two\nlines", "tab\t\"quote'", "-rf"])
def test_any_file_name_will_do(repo: Path, name: str) -> None:
    path = write(repo / "evals" / "one" / f"{name}.jsonl", CASE % "odd")
    assert changed(repo) == ["evals/one.yaml"]
    commit(repo)
    assert changed(repo) == []

    path.unlink()
    assert changed(repo) == ["evals/one.yaml"]


def test_a_name_that_is_no_utf_8_is_in_nobodys_way(repo: Path) -> None:
    try:
        write(repo / "caf\udce9.txt", "text")
    except OSError:
        return  # this file system takes no such name

    assert changed(repo) == []


def test_line_ends_that_git_converts_are_no_change(repo: Path) -> None:
    git(repo, "config", "core.autocrlf", "true")
    prompt = repo / "prompts" / "one.md"
    write(prompt, prompt.read_bytes().replace(b"\n", b"\r\n"))

    assert changed(repo) == []


def test_a_link_counts_with_the_file_that_it_leads_to_and_when_it_leads_elsewhere(repo: Path) -> None:
    write(repo / "shared" / "old" / "a.jsonl", CASE % "old")
    write(repo / "shared" / "new" / "a.jsonl", CASE % "new")
    (repo / "evals" / "two.d").symlink_to("../shared/old")
    (repo / "evals" / "one" / "link.jsonl").symlink_to("../../shared/new/a.jsonl")
    write_suite(repo, name="two", cases="two.d/*.jsonl")
    commit(repo)

    write(repo / "shared" / "new" / "a.jsonl", CASE % "newer")
    assert changed(repo) == ["evals/one.yaml"]
    git(repo, "checkout", "--", ".")
    (repo / "evals" / "two.d").unlink()
    (repo / "evals" / "two.d").symlink_to("../shared/new")
    assert changed(repo) == ["evals/two.yaml"]


def test_a_file_of_a_submodule_counts_with_it(repo: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    write(other / "cases.jsonl", CASE % "there")
    commit(other)
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    write_suite(repo, name="two", cases="../sub/cases.jsonl")
    commit(repo)
    assert changed(repo) == []

    write(repo / "sub" / "cases.jsonl", CASE % "other")
    assert changed(repo) == ["evals/two.yaml"]


def test_a_repository_in_a_folder_of_another_is_looked_at_for_itself(repo: Path) -> None:
    inner = repo / "apps" / "support"
    write(inner / "evals" / "c" / "a.jsonl", CASE % "a")
    write(inner / "evals" / "c" / "b.jsonl", CASE % "b")
    write_suite(inner, name="one", cases="c/*.jsonl")
    commit(repo)
    write(repo / "prompts" / "one.md", "Changed.\n")
    assert changed(inner) == []

    removed("evals/c/b.jsonl")(inner)
    assert changed(inner) == ["evals/one.yaml"]


def test_a_linked_work_tree_and_a_detached_head_are_compared_with_their_own(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "--quiet", "--detach", str(linked))
    appended("prompts/two.md")(linked)

    assert (changed(linked), changed(repo)) == (["evals/two.yaml"], [])
    commit(linked)
    assert (changed(linked), changed(linked, "main")) == ([], ["evals/two.yaml"])


def test_a_hooks_variables_lead_nowhere_else(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = repository(tmp_path / "other")
    for name, place in (("GIT_DIR", ".git"), ("GIT_WORK_TREE", "."), ("GIT_INDEX_FILE", ".git/index")):
        monkeypatch.setenv(name, str(other / place))
    removed("evals/one/b.jsonl")(repo)

    assert changed(repo) == ["evals/one.yaml"]


def test_before_the_first_commit_every_suite_is_new(tmp_path: Path) -> None:
    write_suite(repository(tmp_path))

    assert changed(tmp_path) == ["evals/routing.yaml"]


def test_a_base_that_is_not_here_and_no_repository_are_errors(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repo}", "shallow")
    with pytest.raises(UsageError, match=r"--base HEAD~1: there is no such commit here; fetch it .*fetch-depth: 0"):
        changed(tmp_path / "shallow", "HEAD~1")

    write_suite(tmp_path / "plain")
    with pytest.raises(UsageError, match="need a git repository"):
        changed(tmp_path / "plain")


def test_nothing_of_the_users_is_written(repo: Path) -> None:
    index, branch = (repo / ".git" / "index").read_bytes(), git(repo, "rev-parse", "HEAD")
    for path in (repo / "evals").rglob("*.*"):
        os.utime(path, (1e9, 1e9))  # git would note in the index that these are as before
    removed("evals/one/b.jsonl")(repo)

    changed(repo)

    assert (repo / ".git" / "index").read_bytes() == index
    assert git(repo, "rev-parse", "HEAD") == branch
    assert not (repo / "evals" / "one" / "b.jsonl").exists()


def test_what_is_staged_can_be_compared_instead_of_the_work_tree(repo: Path) -> None:
    appended("prompts/two.md")(repo)
    git(repo, "add", "--all")
    removed("evals/one/b.jsonl")(repo)
    now = suites_of(repo)

    with tree_of_index(repo) as tree:
        staged = [suite for suite in (suite_at(suite, tree) for suite in now) if suite]
        assert [suite.title for suite in changed_suites(staged, base="HEAD", tree=tree)] == ["evals/two.yaml"]


def test_two_commits_can_be_compared(repo: Path) -> None:
    removed("evals/one/b.jsonl")(repo)
    commit(repo)
    appended("prompts/two.md")(repo)
    now = suites_of(repo)

    with tree_at(repo, "HEAD") as tree:
        suites = [suite for suite in (suite_at(suite, tree) for suite in now) if suite]
        assert [suite.title for suite in changed_suites(suites, base="HEAD~1", tree=tree)] == ["evals/one.yaml"]


def unchecked(repo: Path, base: str = "HEAD") -> list[str]:
    return unchecked_prompts(suites_of(repo), base=base)


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (removed("evals/one.yaml"), "evals/one.yaml is gone"),
        (lambda repo: write(repo / "evals/one.yaml", "- {id: x, input: a}\n"), "evals/one.yaml does not check it now"),
        (lambda repo: rewritten(repo, "evals/one.yaml", "one.md", "two.md"), "evals/one.yaml does not check it now"),
    ],
    ids=["removed", "made-a-list-of-cases", "of-another-prompt"],
)
def test_an_edited_prompt_that_lost_its_suite_is_told_of(
    repo: Path, change: Callable[[Path], object], why: str, committed: bool
) -> None:
    appended("prompts/one.md")(repo)
    change(repo)
    if committed:
        commit(repo)

    found = unchecked(repo, "HEAD~1" if committed else "HEAD")
    assert found == [f"prompts/one.md is checked by no suite any more ({why})"]


@pytest.mark.parametrize(
    "change",
    [
        removed("evals/one.yaml"),
        appended("prompts/one.md"),
        lambda repo: (removed("evals/one.yaml")(repo), removed("prompts/one.md")(repo)),
        lambda repo: (git(repo, "mv", "evals/one.yaml", "evals/uno.yaml"), appended("prompts/one.md")(repo)),
        lambda repo: (appended("evals/two.yaml")(repo), removed("evals/one.yaml")(repo), appended("README.md")(repo)),
    ],
    ids=["prompt-as-before", "suite-as-before", "both-removed", "suite-renamed", "other-files-edited"],
)
def test_a_prompt_that_is_as_before_or_gone_or_still_has_a_suite_is_not(
    repo: Path, change: Callable[[Path], object]
) -> None:
    write(repo / "README.md", "Read me.\n")
    commit(repo)
    change(repo)

    assert unchecked(repo) == []


def test_a_prompt_that_another_suite_checks_is_not_told_of(repo: Path) -> None:
    write(repo / "evals" / "again.yaml", (repo / "evals" / "one.yaml").read_bytes())
    commit(repo)
    removed("evals/one.yaml")(repo)
    appended("prompts/one.md")(repo)

    assert unchecked(repo) == []


def test_a_suite_in_a_prompts_own_file_that_lost_its_cases_is_told_of(repo: Path) -> None:
    whole: dict[str, Any] = {
        "messages": [{"role": "user", "content": "Say {{input}}"}],
        "model": "openai/gpt-4.1-mini",
        "testData": [{"input": "a", "expected": "a"}],
        "evaluators": [{"name": "same", "string": {"contains": "{{expected}}"}}],
    }
    path = write(repo / "prompts" / "own.prompt.yml", json.dumps(whole))
    commit(repo)
    del whole["testData"]
    write(path, json.dumps({**whole, "messages": [{"role": "user", "content": "Broken {{input}}"}]}))

    name = "prompts/own.prompt.yml"
    assert unchecked(repo) == [f"{name} is checked by no suite any more ({name} does not check it now)"]


def test_a_lost_suite_is_seen_in_what_is_staged(repo: Path) -> None:
    appended("prompts/one.md")(repo)
    removed("evals/one.yaml")(repo)
    git(repo, "add", "--all")
    git(repo, "rm", "--quiet", "--cached", "evals/two.yaml")

    with tree_of_index(repo) as tree:
        found = unchecked_prompts([], base="HEAD", tree=tree)
    assert found == ["prompts/one.md is checked by no suite any more (evals/one.yaml is gone)"]


PROMPTFOO: dict[str, Any] = {
    "prompts": ["file://a.txt", "file://b.txt"],
    "providers": ["openai:gpt-4.1-mini"],
    "defaultTest": "file://default.yaml",
    "tests": ["file://tests/*.yaml", {"vars": {"input": "file://ticket.txt"}}],
}
PROMPTFOO_FILES = {
    "a.txt": "First: {{input}}",
    "b.txt": "Second: {{input}}",
    "default.yaml": json.dumps(
        {
            "assert": [
                {"type": "is-json", "value": "file://schema.yaml"},
                {"type": "python", "value": "file://grade.py"},
                {"type": "llm-rubric", "value": "Kind.", "rubricPrompt": "file://rubric.txt"},
            ]
        }
    ),
    "schema.yaml": "{type: object}",
    "grade.py": "def get_assert(output, context):\n    return True\n",
    "rubric.txt": "Judge {{output}} by {{rubric}}",
    "tests/one.yaml": json.dumps([{"vars": {"input": "{{more}}", "more": ["x", "file://more.txt"]}}]),
    "tests/two.yaml": json.dumps([{"vars": {"input": "y"}}]),
    "more.txt": "More.",
    "ticket.txt": "It crashes.",
}
BOTH = ["evals/promptfooconfig.yaml#a", "evals/promptfooconfig.yaml#b"]


@pytest.fixture
def promptfoo(tmp_path: Path) -> Path:
    """A repository with one commit, of a promptfoo configuration of many files."""
    folder = repository(tmp_path / "promptfoo")
    for name, text in PROMPTFOO_FILES.items():
        write(folder / "evals" / name, text)
    write(folder / "evals" / "promptfooconfig.yaml", json.dumps(PROMPTFOO))
    commit(folder)
    return folder


def test_a_promptfoo_suite_is_made_of_all_the_files_that_it_names(promptfoo: Path) -> None:
    """The test files among the others are not suites of their own, and the two suites share all but the prompts."""
    first, second = (set(suite.files) for suite in promptfoo_suites(promptfoo))

    shared = {f"evals/{name}" for name in {*PROMPTFOO_FILES, "promptfooconfig.yaml"} - {"a.txt", "b.txt"}}
    assert (first, second) == ({*shared, "evals/a.txt"}, {*shared, "evals/b.txt"})


def promptfoo_suites(folder: Path) -> list[Suite]:
    return read_suites(folder / "evals" / "promptfooconfig.yaml", root=folder)


@pytest.mark.parametrize("name", ["promptfooconfig.yaml", *PROMPTFOO_FILES])
def test_a_change_of_any_of_them_counts(promptfoo: Path, name: str) -> None:
    appended(f"evals/{name}")(promptfoo)

    found = [suite.title for suite in changed_suites(promptfoo_suites(promptfoo), base="HEAD")]

    assert found == {"a.txt": BOTH[:1], "b.txt": BOTH[1:]}.get(name, BOTH)


def test_a_removed_test_file_counts_and_a_removed_prompt_only_for_its_suite(promptfoo: Path) -> None:
    removed("evals/tests/two.yaml")(promptfoo)
    assert [suite.title for suite in changed_suites(promptfoo_suites(promptfoo), base="HEAD")] == BOTH

    git(promptfoo, "checkout", "--", ".")
    write(promptfoo / "evals" / "promptfooconfig.yaml", json.dumps({**PROMPTFOO, "prompts": ["file://[a-c].txt"]}))
    write(promptfoo / "evals" / "c.txt", "Third: {{input}}")
    commit(promptfoo)
    removed("evals/c.txt")(promptfoo)
    assert changed_suites(promptfoo_suites(promptfoo), base="HEAD") == []
