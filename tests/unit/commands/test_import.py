"""`opro import`: the native form of a promptfoo configuration, or by name what it cannot express."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import graded_by, write
from promptfoo.configs import suites_of

from opro_action.commands.import_ import ImportOptions, import_
from opro_action.errors import FileError, UsageError
from opro_action.suite.reading import read_suite

CONFIG = """\
description: Route tickets
prompts: [file://route.txt]
providers: [{id: openai:gpt-4.1-mini, config: {temperature: 0, max_tokens: 16, apiKeyEnvar: MY_KEY}}]
evaluateOptions: {repeat: 2}
defaultTest:
  assert: [{type: not-icontains, value: sorry}]
tests:
  - description: refund
    vars: {ticket: "Twice\\ncharged: yes", unused: 5}
    metadata: {area: x}
    assert: [{type: equals, value: billing, metric: label, weight: 2}, {type: regex, value: '^\\w+$'}]
  - vars: {ticket: "1e3"}
    assert: [{type: equals, value: "no", metric: label, weight: 2}, {type: regex, value: '^\\w+$'}]
"""


DRAFT = "http://json-schema.org/draft-07/schema#"
"""What promptfoo takes a schema for that does not say it."""


def imported(folder: Path, text: str = CONFIG, *, name: str = "promptfooconfig.yaml") -> dict[str, str]:
    """The files that are written beside the configuration, by their paths."""
    write(folder / "route.txt", "Name the team for {{ticket}}.\n") if "route.txt" in text else None
    write(folder / ".git/HEAD", "")
    assert import_(ImportOptions(write(folder / name, text))) == 0
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for kind in ("prompts", "evals")
        for path in sorted((folder / kind).iterdir())
    }


def test_the_native_form_asks_and_grades_the_same(tmp_path: Path) -> None:
    files = imported(tmp_path)
    assert files["prompts/route.md"] == "Name the team for {{ticket}}.\n"
    suite = read_suite(tmp_path / "evals/route.yaml", root=tmp_path)
    [before] = suites_of(tmp_path, CONFIG)
    assert (suite.description, suite.repeats, suite.model) == (before.description, 2, before.model)
    assert [case.id for case in suite.cases] == [case.id for case in before.cases]
    assert [dict(case.vars) for case in suite.cases] == [{"ticket": "Twice\ncharged: yes"}, {"ticket": "1e3"}]
    assert [case.expected for case in suite.cases] == ["billing", "no"]
    assert suite.cases[0].tags == ("area:x",)
    for answer in ("billing", "no", "Sorry, billing", "bug", "billing!"):
        for old, new in zip(before.cases, suite.cases, strict=True):
            assert graded_by((), old, answer)[:2] == graded_by(suite.scorers, new, answer)[:2]


def test_what_was_written_and_what_differs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path)
    said = capsys.readouterr().err
    assert "prompts/route.md: written\n" in said
    assert "note: `equals` is `exact` now, which does not mind white space around an answer.\n" in said
    assert "note: an empty answer has the score 0 now, of negated scorers too.\n" in said


def test_nothing_is_written_over(tmp_path: Path) -> None:
    files = imported(tmp_path)
    write(tmp_path / "prompts/route.md", "mine {{ticket}}\n")
    with pytest.raises(UsageError, match=r"route\.md: there is such a file already.*use --to FOLDER"):
        import_(ImportOptions(tmp_path / "promptfooconfig.yaml"))
    assert (tmp_path / "prompts/route.md").read_text() == "mine {{ticket}}\n"
    import_(ImportOptions(tmp_path / "promptfooconfig.yaml", tmp_path / "new"))
    assert (tmp_path / "new/evals/route.yaml").read_text() == files["evals/route.yaml"]


def test_a_system_message_before_what_the_user_says_is_a_prompt_without_placeholders(tmp_path: Path) -> None:
    chat = '[{"role": "system", "content": "Name the team."}, {"role": "user", "content": "{{ticket}}"}]'
    write(tmp_path / "chat.json", chat)
    files = imported(tmp_path, CONFIG.replace("route.txt", "chat.json"))
    assert files["prompts/chat.md"] == "Name the team.\n"
    suite = read_suite(tmp_path / "evals/chat.yaml", root=tmp_path)
    assert suite.cases[0].vars == {"input": "Twice\ncharged: yes"}


def test_suites_with_the_same_prompt_share_its_file(tmp_path: Path) -> None:
    text = CONFIG.replace("providers: [", "providers: [openai:gpt-4.1, ")
    assert list(imported(tmp_path, text)) == [
        "prompts/openai-gpt-4-1.md",
        "evals/openai-gpt-4-1-mini.yaml",
        "evals/openai-gpt-4-1.yaml",
    ]


@pytest.mark.parametrize(
    ("assertion", "scorer"),
    [
        ("{type: equals, value: {a: 1}}", "json_equal"),
        ("{type: contains, value: x}", {"contains": {"all": ["x"]}}),
        ("{type: icontains-any, value: [a, b]}", {"contains": {"any": ["a", "b"], "ignore_case": True}}),
        ("{type: not-contains-all, value: [a, b]}", {"not_contains": {"all": ["a", "b"]}}),
        ("{type: starts-with, value: x}", "starts_with"),
        ("{type: regex, value: x}", {"regex": {"pattern": "x"}}),
        ("{type: regex, value: '^x$'}", {"regex": {"pattern": r"(?a)^x\Z"}}),
        ("{type: is-json}", {"json_schema": {"schema": True}}),
        ("{type: is-json, value: {type: object}}", {"json_schema": {"schema": {"$schema": DRAFT, "type": "object"}}}),
        ("{type: is-json, value: {$schema: s}}", {"json_schema": {"schema": {"$schema": "s"}}}),
        ("{type: levenshtein, value: x}", {"levenshtein": {"max": 5}}),
        ("{type: llm-rubric, value: be kind, threshold: 0.8}", {"rubric": {"criteria": "be kind", "threshold": 0.8}}),
        (
            "{type: similar, value: x, provider: 'openai:embedding:e'}",
            {"similar": {"model": "openai/e", "threshold": 0.75}},
        ),
    ],
)
def test_assertions_become_scorers(tmp_path: Path, assertion: str, scorer: Any) -> None:
    tests = f"tests: [{{vars: {{ticket: a}}, assert: [{assertion}]}}, {{vars: {{ticket: b}}, assert: [{assertion}]}}]\n"
    imported(tmp_path, CONFIG.partition("defaultTest")[0] + tests)
    suite = read_suite(tmp_path / "evals/route.yaml", root=tmp_path)
    [spec] = suite.scorers
    name, options = (scorer, {}) if isinstance(scorer, str) else next(iter(scorer.items()))
    assert (spec.title, {**spec.options}) == (
        name,
        {key: value for key, value in options.items() if key != "threshold"},
    )
    assert spec.threshold == options.get("threshold", 1)


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("{assert: [{type: word-count, value: 5}]}", "has the assertion `word-count`, which the native form does not"),
        ("{assert: [{type: python, value: 'True'}]}", "has the assertion `python`"),
        ("{assert: [{type: assert-set, assert: [{type: is-json}]}]}", "has assert-set, which the native form does not"),
        ("{assert: [{type: is-json, weight: 0}, {type: is-json}]}", "has `is-json` with the weight 0"),
        ("{assert: [{type: equals, value: x, transform: output.trim()}]}", "has a transform (`output.trim()`)"),
        ("{threshold: 0.5, assert: [{type: is-json}]}", "the test has a `threshold` of its own"),
        ("{providerOutput: x, assert: [{type: is-json}]}", "the test has a `providerOutput`"),
        ("{assert: []}", "the test has no assertion that counts"),
        (
            "{assert: [{type: equals, value: x}, {type: contains, value: '{{ticket}}'}]}",
            "expects `x` and something else",
        ),
        ("{assert: [{type: is-json}, {type: is-json}]}", "has other assertions than the case"),
        ("{assert: [{type: contains-any, value: [other]}]}", "has another `contains` than the case"),
        ("{assert: [{type: similar, value: [a, b]}]}", "has a `similar` with several texts"),
        (
            "{assert: [{type: not-contains, value: '{{ticket}}'}, {type: is-json}]}",
            "does not want `a`, which the native",
        ),
        ("{assert: [{type: not-similar, value: x, threshold: 0.75}]}", "does not want `x`"),
        ("{assert: [{type: not-equals, value: 1}]}", "does not want `1`"),
        ("{assert: [{type: not-llm-rubric, value: rude, threshold: 0.5}]}", "`not-llm-rubric` with a threshold"),
    ],
)
def test_what_the_native_form_cannot_express_is_refused_by_name(tmp_path: Path, tests: str, said: str) -> None:
    first = "{assert: [{type: contains-any, value: [x]}]}" if "contains-any" in tests else "{assert: [{type: is-json}]}"
    first = first if "other assertions" in said or "contains-any" in tests or "counts" in said else tests
    head = CONFIG.partition("defaultTest")[0].replace("prompts: [file://route.txt]", "prompts: ['{{ticket}}']")
    listed = ", ".join(
        test.replace("{", f"{{vars: {{ticket: {name}}}, ", 1) for name, test in zip("ab", (first, tests), strict=True)
    )
    with pytest.raises(FileError, match="promptfooconfig") as caught:
        imported(tmp_path, f"{head}tests: [{listed}]\n")
    assert said in str(caught.value)
    assert not (tmp_path / "evals").exists()


def test_a_text_that_no_case_wants_is_no_expected_answer(tmp_path: Path) -> None:
    tests = "tests: [{vars: {ticket: a}, assert: [{type: not-contains, value: refund}]}]\n"
    imported(tmp_path, CONFIG.partition("defaultTest")[0] + tests)
    suite = read_suite(tmp_path / "evals/route.yaml", root=tmp_path)
    assert suite.cases[0].expected is None
    assert suite.scorers[0].options == {"all": ["refund"]}


@pytest.mark.parametrize(("value", "expected"), [("1.0", "1"), ("2", "2"), ("true", "true"), ("'1.0'", "1.0")])
def test_plain_values_are_expected_as_promptfoo_compares_them(tmp_path: Path, value: str, expected: str) -> None:
    text = (
        CONFIG.partition("defaultTest")[0]
        + f"tests: [{{vars: {{ticket: a}}, assert: [{{type: equals, value: {value}}}]}}]\n"
    )
    imported(tmp_path, text)
    suite = read_suite(tmp_path / "evals/route.yaml", root=tmp_path)
    assert graded_by(suite.scorers, suite.cases[0], expected)[:2] == (1.0, True)


def test_a_schema_stays_of_the_draft_that_promptfoo_reads_it_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = CONFIG.partition("defaultTest")[0]
    tests = "tests: [{vars: {ticket: 'format: x'}, assert: [{type: is-json, value: %s}]}]\n"
    imported(tmp_path, head + tests % "{type: array, items: [{type: string}, {type: number}]}")
    suite = read_suite(tmp_path / "evals/route.yaml", root=tmp_path)
    assert graded_by(suite.scorers, suite.cases[0], '["a", 1]')[0] == 1
    assert graded_by(suite.scorers, suite.cases[0], '[1, "a"]')[0] == 0
    assert "`format`" not in capsys.readouterr().err


def test_a_format_that_is_not_checked_any_more_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests = "tests: [{vars: {ticket: a}, assert: [{type: is-json, value: {type: string, format: email}}]}]\n"
    imported(tmp_path, CONFIG.partition("defaultTest")[0] + tests)
    assert "note: `json_schema` does not check the `format` of a text" in capsys.readouterr().err


def test_what_the_native_form_refuses_is_said_of_the_file_that_is_imported(tmp_path: Path) -> None:
    tests = "tests: [{vars: {ticket: a}, assert: [{type: levenshtein, value: x, threshold: -1}]}]\n"
    with pytest.raises(UsageError, match=r"promptfooconfig\.yaml: cannot be said in the native form: .*max"):
        imported(tmp_path, CONFIG.partition("defaultTest")[0] + tests)


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ("['Say hello']", "the prompt has no placeholder"),
        ("['--- {{ticket}}']", "the prompt begins with `---`"),
        ("['{{größe}}']", "the prompt has the placeholder `größe`"),
        ("[file://chat.json]", "the prompt is a chat"),
    ],
)
def test_prompts_that_the_native_form_does_not_have_are_refused(tmp_path: Path, prompts: str, said: str) -> None:
    write(tmp_path / "chat.json", '[{"role": "user", "content": "a"}, {"role": "assistant", "content": "{{ticket}}"}]')
    with pytest.raises(FileError) as caught:
        imported(tmp_path, CONFIG.replace("[file://route.txt]", prompts))
    assert said in str(caught.value)


@pytest.mark.parametrize("option", ["prefix", "suffix"])
def test_what_stands_around_a_prompt_is_refused(tmp_path: Path, option: str) -> None:
    text = CONFIG.replace("defaultTest:\n", f"defaultTest:\n  options: {{{option}: 'x '}}\n")
    with pytest.raises(FileError, match="tests have a `prefix` or `suffix`"):
        imported(tmp_path, text)


def test_other_files_are_not_imported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only promptfooconfig files are imported"):
        import_(ImportOptions(write(tmp_path / "suite.yaml", CONFIG)))
