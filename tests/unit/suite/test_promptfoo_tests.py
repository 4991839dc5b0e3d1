"""Tests of promptfoo configurations as cases: vars, ids, weights, answers, and where tests may stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import write
from promptfoo.configs import HEAD, PROVIDERS, cases_of, error_of, suite_of, suites_of

EQUALS = "assert: [{type: equals, value: x}]"


def test_lists_of_texts_are_multiplied_out_and_other_lists_are_not(tmp_path: Path) -> None:
    cases = cases_of(
        tmp_path,
        f"- vars: {{output: '{{{{a}}}}{{{{b}}}}{{{{c}}}}', a: [x, y], b: ['1', '2'], c: [3, 4]}}\n  {EQUALS}\n",
    )
    assert [case.vars["output"] for case in cases] == ["x13,4", "x23,4", "y13,4", "y23,4"]


def test_lists_that_multiply_to_too_much_are_refused(tmp_path: Path) -> None:
    numbers = "[" + ", ".join(f"'{n}'" for n in range(60)) + "]"
    text = f"{HEAD}tests: [{{vars: {{a: {numbers}, b: {numbers}, c: {numbers}}}, {EQUALS}}}]\n"
    assert "promptfooconfig.yaml:3: the lists in `vars` multiply to more than 100,000 cases" in error_of(tmp_path, text)


def test_a_description_is_the_id_where_it_is_one_tests_alone(tmp_path: Path) -> None:
    tests = f"""\
    - {{description: " a\\n  refund ", vars: {{output: x}}, {EQUALS}}}
    - {{description: twice, vars: {{output: x}}, {EQUALS}}}
    - {{description: twice, vars: {{output: y}}, {EQUALS}}}
    - {{description: expanded, vars: {{output: [x, y]}}, {EQUALS}}}
    - {{vars: {{output: x}}, {EQUALS}}}
    - {{vars: {{output: x}}, {EQUALS}}}
    """
    ids = [case.id for case in cases_of(tmp_path, tests)]
    assert ids[0] == "a refund"
    assert len(set(ids)) == len(ids)
    assert [name.rpartition("-")[0] for name in ids[1:5]] == ["twice", "twice", "expanded", "expanded"]
    assert ids[6] == f"{ids[5]}-2"


def test_ids_stay_when_tests_change_their_order_and_their_assertions(tmp_path: Path) -> None:
    one, other = "- {vars: {output: x}, %s}", "- {vars: {output: y}, %s}"
    before = cases_of(tmp_path, f"{one % EQUALS}\n{other % EQUALS}\n")
    after = cases_of(tmp_path, f"{other % EQUALS}\n{one % 'assert: [{type: contains, value: z}]'}\n")
    assert [case.id for case in before] == [case.id for case in reversed(after)]


def test_metadata_are_tags(tmp_path: Path) -> None:
    metadata = "{area: billing, tags: [a, b], smoke: true, level: 3, nested: {x: 1}}"
    [case] = cases_of(tmp_path, f"- {{vars: {{output: x}}, metadata: {metadata}, {EQUALS}}}\n")
    assert case.tags == ("area:billing", "tags:a", "tags:b", "smoke", "level:3")


def test_a_given_answer_is_graded_without_a_model(tmp_path: Path) -> None:
    tests = f"""\
    - {{providerOutput: said, {EQUALS}}}
    - {{providerOutput: {{a: [1, 2.0]}}, {EQUALS}}}
    - {{vars: {{output: x}}, {EQUALS}}}
    """
    assert [case.answer for case in cases_of(tmp_path, tests)] == ["said", '{"a":[1,2]}', None]


def test_the_optimizer_is_told_what_an_assertion_expects(tmp_path: Path) -> None:
    tests = """\
    - vars: {output: x}
      assert: [{type: not-contains, value: no}, {type: regex, value: y}, {type: icontains, value: bug}]
    - {vars: {output: x}, assert: [{type: equals, value: 5}]}
    - {vars: {output: x}, assert: [{type: is-json}]}
    """
    assert [case.expected for case in cases_of(tmp_path, tests)] == ["bug", 5, None]


def test_what_does_not_count_has_no_weight_and_says_so(tmp_path: Path) -> None:
    suite = suite_of(
        tmp_path,
        HEAD
        + """\
tests:
  - {vars: {output: x}, assert: [{type: equals, value: x}]}
  - {vars: {output: x}}
  - {vars: {output: x}, assert: [{type: equals, value: x, weight: 0}]}
""",
    )
    assert [case.weight for case in suite.cases] == [1, 0, 0]
    assert [note.partition(": ")[2] for note in suite.notes] == [
        "no assertions, so this test says nothing and has no share in the score",
        "every assertion has the weight 0, so this test has no share in the score",
    ]
    assert "promptfooconfig.yaml:5" in suite.notes[0]


def test_nothing_that_counts_at_all_is_refused(tmp_path: Path) -> None:
    assert "no test has an assertion that counts" in error_of(tmp_path, HEAD + "tests: [{vars: {output: x}}]\n")


def test_a_var_that_is_missing_is_noted_and_shown_as_nothing(tmp_path: Path) -> None:
    text = "prompts: ['{{output}} {{more}}']\n" + PROVIDERS + f"tests: [{{vars: {{output: x}}, {EQUALS}}}]\n"
    suite = suite_of(tmp_path, text)
    assert suite.prompt.frame.chat(suite.prompt.text, suite.cases[0].vars) == (("user", "x "),)
    assert "no var for `{{more}}` of the prompt" in suite.notes[0]


def test_a_mapping_that_a_text_would_show_is_refused(tmp_path: Path) -> None:
    text = f"{HEAD}tests:\n  - {{vars: {{output: {{a: 1}}}}, {EQUALS}}}\n"
    assert "promptfooconfig.yaml:4: `{{ output }}` is a mapping" in error_of(tmp_path, text)


def test_texts_of_vars_are_data_and_no_templates(tmp_path: Path) -> None:
    said = "{% for x in y %}{{ nobody }} {{ a | upper }} {# #}"
    [case] = cases_of(tmp_path, f"- {{vars: {{output: '{said}', a: b}}, {EQUALS}}}\n")
    assert case.vars["output"] == said


def test_the_default_test_fills_in_what_a_test_leaves_open(tmp_path: Path) -> None:
    head = (
        HEAD + "defaultTest:\n  vars: {output: d, more: m}\n  threshold: 0.5\n  assert: [{type: contains, value: d}]\n"
    )
    tests = """\
    - {assert: [{type: equals, value: x}]}
    - {vars: {output: x}, threshold: 0, options: {disableDefaultAsserts: true}, assert: [{type: equals, value: x}]}
    """
    first, second = cases_of(tmp_path, tests, head=head)
    assert (first.vars["output"], second.vars["output"], second.vars["more"]) == ("d", "x", "m")
    assert (first.threshold, second.threshold) == (0.5, 0)
    assert [[spec.options["type"] for spec in case.scorers] for case in (first, second)] == [
        ["contains", "equals"],
        ["equals"],
    ]


def test_a_var_that_is_null_stands_above_the_default_and_shows_nothing(tmp_path: Path) -> None:
    head = HEAD + "defaultTest: {vars: {output: d, more: m}}\n"
    suite = suite_of(tmp_path, f"{head}tests: [{{vars: {{output: null, said: '{{{{output}}}}'}}, {EQUALS}}}]\n")
    [case] = suite.cases
    assert (case.vars["output"], case.vars["more"]) == ("", "m")
    assert case.vars["said"] == "null"  # as JavaScript's replace() has it
    assert not any("no var for" in note for note in suite.notes)


def test_a_scenario_keeps_the_assertions_of_its_config_and_not_the_options(tmp_path: Path) -> None:
    text = """\
    prompts: ["{{output}}"]
    providers: [echo]
    defaultTest: {assert: [{type: contains, value: default}]}
    scenarios:
      - config:
          - description: of the entry
            options: {transform: output.trim()}
            vars: {output: x}
            assert: [{type: contains, value: entry}]
        tests:
          - {options: {disableDefaultAsserts: true}, assert: [{type: contains, value: test}]}
          - {description: of the test}
      - config: [{vars: {output: y}, options: {disableDefaultAsserts: true}, assert: [{type: equals, value: y}]}]
    """
    cases = suite_of(tmp_path, text).cases
    assert [case.id for case in cases][:2] == ["of the entry", "of the test"]
    values = [[spec.options["value"] for spec in case.scorers] for case in cases]
    assert values == [["entry", "test"], ["default", "entry"], ["default", "y"]]
    assert not any("transform" in spec.options for case in cases for spec in case.scorers)


def test_tests_may_be_for_some_prompts_and_providers_only(tmp_path: Path) -> None:
    text = f"""\
prompts: [{{raw: "A {{{{output}}}}", label: "g:one"}}, {{raw: "B {{{{output}}}}", label: two}}]
providers: [echo, {{id: openai:gpt-4.1-mini, label: small, prompts: [two]}}]
tests:
  - {{description: all, vars: {{output: x}}, {EQUALS}}}
  - {{description: group, prompts: [g], vars: {{output: x}}, {EQUALS}}}
  - {{description: pattern, prompts: ["t*"], providers: [small], vars: {{output: x}}, {EQUALS}}}
"""
    found = {suite.name: [case.id for case in suite.cases] for suite in suites_of(tmp_path, text)}
    assert found == {
        "promptfooconfig.g-one.echo": ["all", "group"],
        "promptfooconfig.two.echo": ["all"],
        "promptfooconfig.two.small": ["all", "pattern"],
    }
    assert "there is no prompt `tow` for this test; did you mean `two`?" in error_of(
        tmp_path, text.replace("[g]", "[tow]")
    )


def test_a_model_that_is_named_is_asked_in_place_of_the_providers(tmp_path: Path) -> None:
    text = (
        "prompts: ['{{output}}']\nproviders: [echo, openai:gpt-4.1]\n" + f"tests: [{{vars: {{output: x}}, {EQUALS}}}]\n"
    )
    [suite] = suites_of(tmp_path, text, model="local/smollm2-135m")
    assert (suite.name, suite.model.id) == ("promptfooconfig", "local/smollm2-135m")


@pytest.mark.parametrize(
    ("options", "repeats"),
    [
        ("evaluateOptions: {repeat: 3, maxConcurrency: 4}", 3),
        ("evaluateOptions: {repeat: 3}\ncommandLineOptions: {repeat: 2}", 2),
        ("tags: {a: b}", 1),
    ],
)
def test_repeats_and_what_has_no_meaning_here(tmp_path: Path, options: str, repeats: int) -> None:
    suite = suite_of(tmp_path, f"{HEAD}{options}\ntests: [{{vars: {{output: x}}, {EQUALS}}}]\n")
    assert suite.repeats == repeats
    wanted = {"maxConcurrency": "see --concurrency", "tags": "is for promptfoo's own reports"}
    assert [word for word in wanted if word in options] == [
        word for word, what in wanted.items() for note in suite.notes if word in note and what in note
    ]


TICKETS = f"""\
- description: from yaml
  vars: {{output: x}}
  {EQUALS}
"""


def test_tests_stand_in_files_of_every_kind(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", TICKETS)
    write(tmp_path / "b.jsonl", '{"description": "from jsonl", "vars": {"output": "\\ud83d\\ude00"}, "assert": []}\n\n')
    write(tmp_path / "c.json", '{"description": "from json", "vars": {"output": "\\ud83d\\ude00"}, "assert": []}')
    write(tmp_path / "d/e.csv", "output,__description\nx,from csv\n")
    tests = "[file://a.yaml, b.jsonl, file://c.json, 'd/*.csv']"
    cases = suite_of(tmp_path, f"{HEAD}defaultTest: {{{EQUALS}}}\ntests: {tests}\n").cases
    assert {case.id: (case.path.name, case.line) for case in cases if case.path} == {
        "from yaml": ("a.yaml", 1),
        "from jsonl": ("b.jsonl", 1),
        "from json": ("c.json", 1),
        "from csv": ("e.csv", 2),
    }
    assert cases[1].vars["output"] == cases[2].vars["output"] == "😀"


def test_vars_come_from_files(tmp_path: Path) -> None:
    write(tmp_path / "vars.yaml", "output: x\nmore: file://note.txt\ndata: file://data.yaml\n")
    write(tmp_path / "note.txt", "  a note\n\n")
    write(tmp_path / "data.yaml", "a: [1, b]\n")
    [case] = cases_of(tmp_path, f"- {{vars: vars.yaml, {EQUALS}}}\n")
    assert case.vars == {"output": "x", "more": "a note", "data": '{"a":[1,"b"]}'}


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("file://make.py:tests", "tests made by code (make.py:tests) are not run"),
        ("[file://make.js]", "tests made by code (make.js) are not run"),
        ("[{path: 'file://make.py', config: {}}]", "tests that a script makes are not run"),
        (
            "https://docs.google.com/spreadsheets/d/1",
            "tests from https://docs.google.com/spreadsheets/d/1 are not fetched",
        ),
        ("huggingface://datasets/a/b", "are not fetched"),
        ("file://tests.xlsx", "names `tests.xlsx`, but there is no such file"),
        ("'gone/*.yaml'", "no file matches gone/*.yaml"),
        ("[{vars: {output: file://make.py}, assert: []}]", "the var `output` is made by code in make.py"),
        ("[{vars: {output: file://photo.png}, assert: []}]", "the var `output` names photo.png, and only text files"),
        ("[{vars: {output: x}, provider: openai:gpt-4.1}]", "`provider`: another model for one test is not supported"),
        ("[{vars: {output: x}, options: {transformVars: 'vars'}}]", "`transformVars`: is JavaScript"),
        ("[{vars: {output: x}, options: {repeat: 3}}]", "`repeat`: of one test is not supported"),
        ("[{vars: {output: x}, options: {storeOutputAs: y}}]", "`storeOutputAs`: tests that use another test's answer"),
        ("[{vars: {output: x}, assertScoringFunction: file://s.js}]", "`assertScoringFunction`: a scoring function"),
        ("[{vars: {output: x}, options: {transform: 'output.split(\"x\")[0]'}, assert: [{type: is-json}]}]", "is code"),
        ("[{vars: {output: x}, options: {transform: file://t.py}, assert: [{type: is-json}]}]", "is code"),
        ("[{var: {output: x}}]", "`var` is an unknown key of `tests`; did you mean `vars`?"),
        ("[{vars: {output: x}, threshold: high}]", "`threshold` has to be a number, not the text `high`"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_line(tmp_path: Path, tests: str, said: str) -> None:
    found = error_of(tmp_path, f"{HEAD}tests: {tests}\n")
    assert said in found
    assert "promptfooconfig.yaml:3: " in found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("redteam: {plugins: [x]}", "`redteam` belongs to a red-team scan"),
        ("extensions: [file://hook.js]", "`extensions` are hooks in JavaScript or Python"),
        ("nunjucksFilters: {f: ./f.js}", "`nunjucksFilters` are JavaScript"),
        ("env: {OPENAI_BASE_URL: x}", "`env` would set environment variables"),
        ("promts: []", "`promts` is an unknown key; did you mean `prompts`?"),
        ("evaluateOptions: {repeats: 2}", "`repeats` in `evaluateOptions` is not supported; did you mean `repeat`?"),
        ("evaluateOptions: {repeat: 0}", "`repeat` has to be a whole number from 1 to 100"),
        ("scenarios: [{tests: []}]", "a scenario needs `config`"),
        ("targets: [echo]", "`targets` is another name of `providers`; keep one"),
    ],
)
def test_keys_that_cannot_be_kept_to_are_refused_by_name(tmp_path: Path, line: str, said: str) -> None:
    found = error_of(tmp_path, f"{HEAD}tests: [{{vars: {{output: x}}, {EQUALS}}}]\n{line}\n")
    assert "promptfooconfig.yaml:4: " in found or "scenarios" in line
    assert said in found


def test_references_are_followed_and_never_in_circles(tmp_path: Path) -> None:
    head = HEAD + "assertionTemplates: {a: {type: equals, value: x}, loop: {$ref: '#/assertionTemplates/loop'}}\n"
    test = "tests:\n  - vars: {output: x}\n    assert: [{$ref: '#/assertionTemplates/%s'}]\n"
    assert "promptfooconfig.yaml:3: `$ref: #/assertionTemplates/loop` leads back" in error_of(
        tmp_path, head + test % "a"
    )
    head = head.replace(", loop: {$ref: '#/assertionTemplates/loop'}", "")
    assert "points at nothing in this file" in error_of(tmp_path, head + test % "b")
    assert suite_of(tmp_path, head + test % "a").cases[0].scorers[0].options["value"] == "x"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.json", '[\n{"vars": {"output": "a",\n"output": "b"}}]', "t.json:3: the key `output` stands twice"),
        ("t.json", '[{"vars": {"a": "\\/", "a": "b"}}]', "t.json:1: the key `a` stands twice"),
        ("t.jsonl", '{}\n{"vars": {}, "vars": {}}', "t.jsonl:2: the key `vars` stands twice; keep one"),
        ("t.json", '[{"threshold": 1e999}]', "t.json:1: not valid JSON: `1e999` is too large for a number"),
        ("t.jsonl", '{"threshold": -1e999}', "t.jsonl:1: not valid JSON: `-1e999` is too large for a number"),
        ("t.jsonl", "[" * 200_000, "t.jsonl:1: not valid JSON: "),
        ("t.jsonl", f'{{"threshold": 1{"0" * 310}}}', "t.jsonl:1: `threshold`: `10000000000000000000` is too large"),
        ("t.json", f'[{{"threshold": 1{"0" * 310}}}]', "t.json:1: `threshold`: `10000000000000000000` is too large"),
    ],
)
def test_json_that_says_two_things_or_too_much_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    write(tmp_path / name, text)
    assert said in error_of(tmp_path, f"{HEAD}tests: {name}\n")


HUGE = "1" + "0" * 310


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (f"threshold: {HUGE}", "`threshold`: `10000000000000000000` is too large for a number"),
        (f"assert: [{{type: equals, value: x, weight: {HUGE}}}]", "`weight`: `10000000000000000000` is too large"),
        (f"assert: [{{type: levenshtein, value: x, threshold: {HUGE}}}]", "`threshold`: `10000000000000000000` is"),
        (f"assert: [{{type: word-count, value: {HUGE}}}]", "`value`: `10000000000000000000` is too large"),
        (f"assert: [{{type: word-count, value: {{max: {HUGE}}}}}]", "`max`: `10000000000000000000` is too large"),
        ("assert: [{type: word-count, value: 'inf'}]", "`word-count` has to be a finite number, not `inf`"),
        ("assert: [{type: word-count, value: 'nan'}]", "`word-count` has to be a finite number, not `nan`"),
        ("assert: [{type: word-count, value: 'many'}]", "`value` has to be a number"),
        ("assert: [{type: is-json, value: {$schema: 5}}]", "`$schema` has to be text"),
    ],
)
def test_numbers_and_schemas_that_cannot_be_used_are_refused(tmp_path: Path, test: str, said: str) -> None:
    assert said in error_of(tmp_path, f"{HEAD}tests: [{{vars: {{output: x}}, {test}}}]\n")


def test_integers_of_many_digits_are_written_as_they_are(tmp_path: Path) -> None:
    [case] = cases_of(tmp_path, f"- {{vars: {{output: {HUGE}}}, assert: [{{type: contains, value: {HUGE}}}]}}\n")
    assert case.scorers[0].options["value"] == HUGE
