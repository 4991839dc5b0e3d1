from __future__ import annotations

from pathlib import Path

import pytest
from builders import write, write_suite

from opro_action.suite.discovery import find_root, find_suites, is_suite


def test_the_root_is_the_nearest_repository(tmp_path: Path) -> None:
    (tmp_path / "outer/.git").mkdir(parents=True)
    (tmp_path / "outer/inner/.git").mkdir(parents=True)

    assert find_root(write_suite(tmp_path / "outer/inner/deep")) == tmp_path / "outer/inner"


def test_a_worktree_is_a_repository_too(tmp_path: Path) -> None:
    write(tmp_path / ".git", "gitdir: /elsewhere\n")

    assert find_root(tmp_path / "a/b/c.yaml") == tmp_path


def test_without_git_the_root_is_the_folder_that_holds_evals(tmp_path: Path) -> None:
    assert find_root(write_suite(tmp_path / "project")) == tmp_path / "project"


def test_without_evals_the_root_is_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_root(Path("deep/suite.yaml")) == tmp_path


def test_elsewhere_the_root_is_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert find_root(tmp_path / "there/suite.yaml") == tmp_path / "there"


def test_a_folder_may_be_its_own_root(tmp_path: Path) -> None:
    write_suite(tmp_path)

    assert find_root(tmp_path) == tmp_path


def test_a_name_that_no_file_can_have_lies_in_a_repository_too(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert find_root(tmp_path / ("x" * 300)) == tmp_path


def test_suites_are_the_mappings_under_evals(tmp_path: Path) -> None:
    write_suite(tmp_path, name="routing")
    write(tmp_path / "evals/deep/other.yml", "prompt: x\n")
    write(tmp_path / "evals/cases.yaml", "# only cases\n- {input: x}\n")
    write(tmp_path / "evals/cases.jsonl", "{}\n")
    write(tmp_path / "evals/.hidden/x.yaml", "prompt: x\n")
    write(tmp_path / "elsewhere/x.yaml", "prompt: x\n")

    assert find_suites(tmp_path) == [tmp_path / "evals/deep/other.yml", tmp_path / "evals/routing.yaml"]


@pytest.mark.parametrize("content", [b"", b"a: [", b"\xff", b"\0", b"just text"])
def test_a_file_that_cannot_be_told_counts_as_a_suite_so_that_its_fault_is_named(
    tmp_path: Path, content: bytes
) -> None:
    path = write(tmp_path / "evals/broken.yaml", content)

    assert find_suites(tmp_path) == [path]


def test_no_evals_no_suites(tmp_path: Path) -> None:
    assert find_suites(tmp_path) == []


FOREIGN = "test-match:\n  id: test-match.s1\n  prompt: [x]\nlist:\n- model: x\n- &a {cases: 1}\nagain: *a\n"


@pytest.mark.parametrize("content", [FOREIGN, "{}", "a: !other b\n", "? [prompt]\n: model\n"])
def test_a_mapping_with_nothing_of_a_suite_is_somebody_elses_unless_it_is_named(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "evals/registry/x.yaml", content)

    assert find_suites(tmp_path) == []
    assert is_suite(path, named=True)


@pytest.mark.parametrize(
    "content",
    [
        FOREIGN + "model: x\n",
        "{promt: x, cases: []}",
        "description: x\nscorers: exact\n",
        "a: *b\n'prompt': x\n",
        "a: [\n",
    ],
)
def test_a_part_of_a_suite_is_a_suite_whose_fault_is_named(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "evals/routing.yaml", content)

    assert find_suites(tmp_path) == [path]


def test_a_configuration_of_promptfoo_is_told_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "evals/promptfooconfig.yaml", "prompts: [x]\nproviders: [echo]\n")

    assert find_suites(tmp_path) == [path]


def test_the_nearest_folder_with_suites_wins_up_to_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = write_suite(tmp_path / "repo")
    write_suite(tmp_path)
    inside = write_suite(tmp_path / "repo/services/api")
    write(tmp_path / "repo/services/web/evals/run.py", "")
    here = {"services/api/src": inside, "services/api": inside, "services/web": outside, ".": outside}

    for folder, suite in here.items():
        (tmp_path / "repo" / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(tmp_path / "repo" / folder)
        assert find_suites(tmp_path / "repo") == [suite]

    monkeypatch.chdir(tmp_path)
    assert find_suites(tmp_path / "repo") == [outside]
