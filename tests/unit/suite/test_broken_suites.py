"""Each way in which a suite can be broken, and the sentence that its user reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from builders import write

from opro_action.errors import FileError
from opro_action.suite.reading import read_suite

TOP = "prompt: ../prompts/route.md\nmodel: openai/gpt-4.1-mini\nscorers: exact\n"
CASES = "cases:\n  - {id: a, input: hello, expected: bug}\n"
GOOD = TOP + CASES


def scored_by(scorers: str) -> str:
    return GOOD.replace("exact", scorers)


def with_prompt(path: str) -> str:
    return GOOD.replace("../prompts/route.md", path)


BROKEN: dict[str, tuple[str | bytes, int | None, str]] = {
    # what is not a suite at all
    "an empty file": ("", 1, "the file is empty; write a suite into it"),
    "only a comment": ("# later\n", 1, "the file is empty"),
    "a list": ("- {id: a}\n", 1, "a suite has to be a mapping with `prompt`, `model`, `scorers` and `cases`"),
    "text": ("route tickets\n", 1, "a suite has to be a mapping"),
    "Latin-1": ((GOOD + "description: café\n").encode("latin-1"), 6, "is not UTF-8 (byte 0xe9); save it as UTF-8"),
    "a NUL byte": (GOOD + "\0", 6, "holds a NUL byte; save it as UTF-8 text"),
    "UTF-16": (GOOD.encode("utf-16"), 1, "save it as UTF-8"),
    "a control character": (GOOD + "description: \a\n", 6, "the character U+0007 may not stand in YAML; remove it"),
    # what is not YAML, or more than is read
    "a tab": (TOP + "gate:\n\tmin_score: 1\n", 5, "a tab cannot indent YAML; use spaces"),
    "an open bracket": (TOP + "cases: [\n", 5, "not valid YAML: did not find expected node content"),
    "a colon in text": (TOP + "description: a: b\n", 4, "not valid YAML: mapping values are not allowed"),
    "a key twice": (GOOD + "model: x\n", 6, "the key `model` stands twice, first in line 2; keep one"),
    "a Python tag": (
        GOOD + "params: !!python/object/apply:os.system [echo]\n",
        6,
        "the tag `!!python/object/apply:os.system` is not read; write a plain value",
    ),
    "another tag": (GOOD + "params: !env KEY\n", 6, "the tag `!env` is not read"),
    "a merge key": (
        GOOD + "gate: &g {}\noptimize:\n  <<: *g\n",
        8,
        "the merge key `<<` is not read; write the keys out",
    ),
    "an alias of nothing": (TOP + "gate: *nowhere\n", 4, "the alias `*nowhere` has no anchor before it"),
    "an alias of itself": (TOP + "gate: &g [*g]\n", 4, "the alias `*g` has no anchor before it"),
    "two documents": (GOOD + "---\nprompt: x\n", 6, "a second document starts here; keep one per file"),
    "a list as a key": (TOP + "[a, b]: c\n", 4, "a key has to be text, not a list or mapping"),
    "deep nesting": (TOP + "cases: " + "[" * 5000, 4, "nested deeper than 100 levels; flatten it"),
    "infinity": (GOOD + "gate: {alpha: .inf}\n", 6, "`.inf` is not a finite number; quote it if it is text"),
    "not a number": (GOOD + "gate: {alpha: .nan}\n", 6, "`.nan` is not a finite number"),
    "a huge number": (GOOD + "gate: {alpha: 1e999}\n", 6, "`1e999` is too large for a number"),
    # keys and values
    "a misspelt key": (GOOD + "gat:\n  min_score: 1\n", 6, "`gat` is an unknown key; did you mean `gate`?"),
    "a misspelt inner key": (
        GOOD + "gate:\n  min_scor: 1\n",
        7,
        "`gate.min_scor` is an unknown key; did you mean `min_s",
    ),
    "an unknown key": (GOOD + "zzz: 1\n", 6, "`zzz` is an unknown key; known are `description`, `prompt`, `model`"),
    "no cases": (TOP, 1, "the file has no `cases`; add it (the examples, or paths or globs"),
    "no scorers": (GOOD.replace("scorers: exact\n", ""), 1, "the file has no `scorers`; add it (how answers are"),
    "an empty list of cases": (TOP + "cases: []\n", 4, "`cases` is empty; it needs at least one entry"),
    "nothing under cases": (TOP + "cases:\n", 4, "`cases` has to be text or a list, not empty"),
    "text for a number": (GOOD + "gate: {alpha: high}\n", 6, "`gate.alpha` has to be a number, not the text `high`"),
    "a number out of bounds": (GOOD + "gate:\n  alpha: 0\n", 7, "`gate.alpha` has to be above 0, not 0"),
    "a holdout of everything": (GOOD + "optimize: {holdout: 1}\n", 6, "`optimize.holdout` has to be below 1, not 1"),
    "half an answer": (GOOD + "repeats: 1.5\n", 6, "`repeats` has to be a whole number, not 1.5"),
    "a number for a mapping": (GOOD + "optimize: 5\n", 6, "`optimize` has to be a mapping, not 5"),
    "a misspelt word": (GOOD + "gate: {on_inconclusive: fial}\n", 6, "cannot be `fial`; did you mean `fail`?"),
    # the prompt
    "no such prompt": (
        with_prompt("../prompts/rout.md"),
        1,
        "`prompt` names `../prompts/rout.md`, but there is no such",
    ),
    "a folder as prompt": (with_prompt("../prompts"), 1, "`prompt` names `../prompts`, but there is no such file"),
    "a prompt outside": (with_prompt("../../../../../../etc/hostname"), 1, "which leaves the repository"),
    "an absolute prompt": (with_prompt("/etc/hostname"), 1, "an absolute path; write it relative to this file"),
    "a link out of the repository": (
        with_prompt("link.md"),
        1,
        "`prompt` names `link.md`, which leaves the repository",
    ),
    "a path no file can have": (with_prompt("x" * 5000), 1, "but there is no such file"),
    # cases
    "an id twice": (
        GOOD + "  - {id: b, input: x}\n  - {id: a, input: y}\n",
        7,
        "the case id `a` stands twice, first at evals/broken.yaml:5; give each case its own `id`",
    ),
    "a case twice without id": (
        TOP + "cases:\n  - {input: x}\n  - {input: x}\n",
        6,
        "` stands twice, first at evals/brok",
    ),
    "a misspelt key of a case": (
        GOOD + "  - id: b\n    inptu: x\n",
        7,
        "`cases[1].inptu` is an unknown key; did you mean `input",
    ),
    "a number as case": (TOP + "cases:\n  - 5\n", 5, "`cases[0]` has to be a mapping or text, not 5"),
    "a negative weight": (GOOD + "  - {input: x, weight: -1}\n", 6, "`cases[1].weight` has to be at least 0, not -1"),
    "only zero weights": (
        TOP + "cases:\n  - {input: x, weight: 0}\n",
        4,
        "every case has the `weight` 0; give one more",
    ),
    "a case that says nothing": (
        GOOD + "  - id: b\n    expected: bug\n",
        6,
        "case `b` has no `input`, which is what the user says after prompts/route.md, a prompt without placeholders",
    ),
    "input twice": (GOOD + "  - {input: x, vars: {input: y}}\n", 6, "`input` is given twice, by itself and in `vars`"),
    "a var without value": (
        GOOD + "  - {input: x, vars: {lang: }}\n",
        6,
        "`cases[1].vars.lang` has to be text or a num",
    ),
    "a yes that is text": (GOOD + "  - {input: x, must_pass: yes}\n", 6, "has to be true or false, not the text `yes`"),
    "no such case file": (TOP + "cases:\n  - more.jsonl\n", 5, "`cases` names `more.jsonl`, but there is no such file"),
    "a glob of nothing": (TOP + "cases: more/*.jsonl\n", 4, "`cases` names `more/*.jsonl`, but no file matches"),
    "cases outside": (TOP + "cases: ../../outside/*.yaml\n", 4, "which leaves the repository; keep the file in it"),
    # scorers
    "a misspelt scorer": (scored_by("exakt"), 3, "there is no scorer `exakt`; did you mean `exact`?"),
    "options beside a scorer": (
        scored_by("\n  - choice:\n    of: [bug]"),
        4,
        "a scorer is one name, but `choice` and `of` stand together; indent the options under the name",
    ),
    "choice without options": (
        scored_by("choice"),
        3,
        "scorer `choice` needs its options; write `choice: {of: [...]}`",
    ),
    "choice with another option": (
        scored_by("{choice: {off: [a]}}"),
        3,
        "`scorers.choice.off` is an unknown key; did you",
    ),
    "choice of nothing": (scored_by("[{choice: {of: []}}]"), 3, "`scorers[0].choice.of` is empty"),
    "a number as scorer": (scored_by("[5]"), 3, "a scorer is a name, or a name with its options, not 5; correct it"),
    "an expression that is none": (
        scored_by("\n  - regex:\n      pattern: '('"),
        5,
        "`pattern` is not a regular expression",
    ),
    # models
    "a literal key": (
        GOOD + "params:\n  api_base: https://api.openai.com/v1\n  api_key: sk-1\n",
        8,
        "a literal `api_key` may only go to an `api_base` on loopback; name an environment variable with `api_key_env`",
    ),
    "a key for a false loopback": (
        GOOD + "optimize:\n  params:\n    api_base: http://127.0.0.1@example.com\n    api_key: sk-1\n",
        9,
        "on loopback",
    ),
    "a key for an address that is none": (
        GOOD + "params: {api_base: 'http://[::1', api_key: sk-1}\n",
        6,
        "on loopback",
    ),
    "an api_base that is a file": (
        GOOD + "params: {api_base: file:///x}\n",
        6,
        "has to start with http:// or https://",
    ),
    "half a price": (GOOD + "params: {price: {input: 1}}\n", 6, "`params.price` has no `output`; add it (dollars per"),
    "messages as a parameter": (GOOD + "params: {messages: []}\n", 6, "`params.messages` may not be set here"),
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    write(root / "prompts/route.md", "Route the ticket.\n")
    outside = write(tmp_path / "outside/secret.yaml", "- {input: x}\n")
    (root / "evals").mkdir()
    (root / "evals/link.md").symlink_to(outside)
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_suite_is_refused_with_its_place_and_what_to_do(repository: Path, case: str) -> None:
    content, line, sentence = BROKEN[case]
    path = write(repository / "evals/broken.yaml", content)

    with pytest.raises(FileError) as refused:
        read_suite(path)

    assert sentence in str(refused.value)
    assert str(refused.value).startswith(f"evals/broken.yaml:{line}: ")
    assert (refused.value.path, refused.value.line) == (Path("evals/broken.yaml"), line)
    assert refused.value.exit_code == 2
    assert not re.search(r"[\n\r]", str(refused.value))


def test_the_suite_that_the_broken_ones_start_from_is_fine(repository: Path) -> None:
    assert read_suite(write(repository / "evals/good.yaml", GOOD)).cases[0].id == "a"


def test_a_long_name_is_cut_in_the_message(repository: Path) -> None:
    path = write(repository / "evals/broken.yaml", GOOD + f'"{"k" * 1000}\\nkey": 1\n')

    with pytest.raises(FileError) as refused:
        read_suite(path)

    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


def test_a_suite_that_is_not_there_is_said_to_be_missing(repository: Path) -> None:
    with pytest.raises(FileError, match=r"^evals/none\.yaml: cannot be read \(no such file or directory\)"):
        read_suite(repository / "evals/none.yaml")


def test_a_suite_outside_the_repository_is_refused(repository: Path) -> None:
    link = repository / "evals/linked.yaml"
    link.symlink_to(repository.parent / "outside/secret.yaml")

    with pytest.raises(FileError, match="lies outside the repository"):
        read_suite(link)
