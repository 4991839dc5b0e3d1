"""Assertions of promptfoo configurations: what each type may hold, and what is refused by name with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import write
from promptfoo.configs import HEAD, cases_of, error_of, refusal, scorer_of, suite_of

from opro_action.suite.code import code_parts
from opro_action.suite.promptfoo.kinds import REFUSED, RUN

LINE = "promptfooconfig.yaml:6: "


@pytest.mark.parametrize("kind", sorted(REFUSED))
@pytest.mark.parametrize("negation", ["", "not-"])
def test_types_that_are_not_run_are_refused_by_name(tmp_path: Path, kind: str, negation: str) -> None:
    found = refusal(tmp_path, f"{{type: '{negation}{kind}', value: x}}")
    assert f"{LINE}the assertion `{negation}{kind}` " in found
    assert len(found.partition(LINE)[2]) > 50


def test_types_that_nobody_knows_are_refused_with_a_guess(tmp_path: Path) -> None:
    assert "`icontain` is unknown; did you mean `icontains`?" in refusal(tmp_path, "{type: icontain, value: x}")
    assert "belongs to a red-team scan" in refusal(tmp_path, "{type: 'promptfoo:redteam:harmful'}")


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ("{value: x}", "an assertion needs a `type`"),
        ("{type: contains}", "`contains` needs a `value`"),
        ("{type: contains, value: ''}", "`value` is empty for this test"),
        ("{type: contains, value: '{{nobody}}'}", "`value` is empty for this test"),
        ("{type: contains, value: [a]}", "`value` has to be text, not a list"),
        ("{type: contains, value: true}", "`value` has to be text, not true"),
        ("{type: contains-all, value: []}", "`value` has nothing in it"),
        ("{type: contains-any, value: ['']}", "`value` has nothing in it, or an empty text"),
        ("{type: contains-any, value: '\"open'}", "a quoted entry has no end"),
        ("{type: starts-with, value: 5}", "`value` has to be text, not 5"),
        ("{type: levenshtein, value: 5}", "`value` has to be text, not 5"),
        ("{type: regex, value: '(?i)x'}", "the pattern `(?i)x` has flags inside of it"),
        ("{type: regex, value: '['}", "the pattern `[` has a `[` without its `]`"),
        ("{type: is-json, value: 5}", "`value` has to be a JSON Schema, not 5"),
        ("{type: is-json, value: {type: strin}}", "`value` is not a JSON Schema that can be used"),
        ("{type: word-count, value: many}", "`value` has to be a number"),
        ("{type: word-count, value: {min: 3, max: 2}}", "`word-count` needs `min`, `max` or both"),
        ("{type: word-count, value: {least: 3}}", "`least` is an unknown key"),
        ("{type: cost}", "`cost` needs a `threshold`, in dollars"),
        ("{type: latency, value: 5}", "`latency` takes no `value`"),
        ("{type: contains, value: x, threshold: high}", "`threshold` has to be a number"),
        ("{type: contains, value: x, weight: -1}", "`weight` may not be below 0"),
        ("{type: contains, value: x, wieght: 1}", "`wieght` is an unknown key"),
        ("{type: contains, value: x, transform: 'output[0].foo()'}", "`transform: output[0].foo()` is code"),
        ("{type: contains, value: '{{ output | upper }}'}", "`{{ output | upper }}` is template code"),
        ("{type: equals, value: file://value.js}", "`value` names `value.js`"),
        ("{type: equals, value: file://gone.txt}", "`value` names `gone.txt`, but there is no such file"),
        ("{type: python, value: file://grade.js}", "`python` names `grade.js`, which is no .py file"),
        ("{type: python, value: file://gone.py}", "names `gone.py`, but there is no such file"),
        ("{type: python, value: file://../grade.py}", "which leaves the repository"),
        ("{type: llm-rubric, provider: openai:gpt-4.1}", "`llm-rubric` needs a `value`"),
        ("{type: g-eval, value: x, rubricPrompt: y, provider: openai:gpt-4.1}", "`rubricPrompt` for `g-eval`"),
        ("{type: assert-set, assert: []}", "`assert-set` needs `assert`"),
        ("{type: assert-set, assert: [{type: assert-set, assert: []}]}", "an `assert-set` may not stand in another"),
        ("{type: not-assert-set, assert: []}", "`not-assert-set` is unknown"),
        ("{type: contains, value: x, contextTransform: y}", "`contextTransform` is JavaScript"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line(tmp_path: Path, assertion: str, said: str) -> None:
    found = refusal(tmp_path, assertion)
    assert LINE in found
    assert said in found


@pytest.mark.parametrize(
    ("assertion", "value"),
    [
        ("{type: equals, value: '{{output}}!'}", "x!"),
        ("{type: equals, value: ['{{output}}', 1]}", ["x", 1]),
        ("{type: equals, value: {a: '{{output}}'}}", {"a": "{{output}}"}),
        ("{type: equals, value: file://value.txt}", "from {{output}}"),
        ("{type: equals, value: file://value.yaml}", {"a": 1}),
        ("{type: contains, value: 5.0}", "5"),
        ("{type: contains-all, value: 'a, \"b, c\",{{output}}'}", ["a", "b, c", "x"]),
        ("{type: contains-any, value: [1, true, '{{output}}']}", ["1", "true", "x"]),
        ("{type: word-count, value: '{{five}}'}", 5),
        ('{type: is-json, value: \'{"type": "object"}\'}', {"type": "object"}),
        ("{type: bleu, value: '{{output}}'}", ["x"]),
    ],
)
def test_values_are_rendered_for_the_case(tmp_path: Path, assertion: str, value: Any) -> None:
    write(tmp_path / "value.txt", "from {{output}}\n")
    write(tmp_path / "value.yaml", "a: 1\n")
    assert scorer_of(tmp_path, assertion, test="vars: {output: x, five: 5}").options["value"] == value


def test_a_metric_is_what_reports_call_the_assertion(tmp_path: Path) -> None:
    named = scorer_of(tmp_path, "{type: contains, value: x, metric: 'has {{output}}'}")
    assert (named.title, scorer_of(tmp_path, "{type: not-contains, value: y}").title) == ("has x", "not-contains")


def test_code_in_files_is_known_by_its_digest(tmp_path: Path) -> None:
    write(tmp_path / "grade.py", "def get_assert(output, context): return True\n")
    first = scorer_of(tmp_path, "{type: python, value: file://grade.py}")
    assert first.name == "promptfoo_python"
    assert first.options["function"] == "grade.py:get_assert"
    write(tmp_path / "grade.py", "def get_assert(output, context): return False\n")
    assert scorer_of(tmp_path, "{type: python, value: file://grade.py}").options != first.options


def test_code_is_the_same_code_for_other_vars(tmp_path: Path) -> None:
    test = "tests: [{vars: {output: %d}, assert: [{type: python, value: 'True'}]}]\n"
    one, other = (suite_of(tmp_path, HEAD + test % number) for number in (1, 2))
    assert code_parts(one) == code_parts(other)
    assert one.cases[0].digest != other.cases[0].digest


def test_what_an_assertion_expects_is_part_of_the_cases_digest(tmp_path: Path) -> None:
    test = "- vars: {output: x}\n  assert: [{type: contains, value: %s}]\n"
    [first], [other] = (cases_of(tmp_path, test % word) for word in ("a", "b"))
    assert first.digest != other.digest


def test_a_rubric_prompt_is_kept_in_pieces(tmp_path: Path) -> None:
    prompt = "Is {{output}} kind to {{who}}? {{rubric}}"
    spec = scorer_of(
        tmp_path,
        f"{{type: llm-rubric, value: v, provider: openai:gpt-4.1, rubricPrompt: '{prompt}'}}",
        test="vars: {output: x, who: '{{output}}'}",
    )
    pieces = ["Is ", {"put": "answer"}, " kind to ", "x", "? ", {"put": "value"}]
    assert spec.options["prompt"] == [["user", pieces]]


def test_every_type_that_is_run_is_read(tmp_path: Path) -> None:
    values = {"is-refusal": "", "cost": "threshold: 1", "latency": "threshold: 1", "word-count": "value: 5"}
    for kind in RUN:
        given = values.get(kind, "value: 'x: y'") if "json" not in kind else ""
        spec = scorer_of(
            tmp_path,
            f"{{type: '{kind}', {given}, provider: {{text: openai:gpt-4.1, embedding: openai:embedding:e}}}}".replace(
                ", ,", ","
            ),
        )
        assert spec.options["type"] == kind


def test_the_error_of_a_default_assertion_names_its_own_line(tmp_path: Path) -> None:
    text = HEAD + "defaultTest:\n  assert:\n    - type: javascript\n      value: 'true'\ntests: [{vars: {output: x}}]\n"
    assert "promptfooconfig.yaml:5: the assertion `javascript` is JavaScript" in error_of(tmp_path, text)
