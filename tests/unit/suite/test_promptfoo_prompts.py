"""Prompts of promptfoo configurations: where their texts stand, and how they are written again."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import write
from promptfoo.configs import PROVIDERS, TESTS, error_of, suite_of, suites_of

from opro_action.errors import FileError


def test_each_prompt_with_each_provider_is_a_suite_with_a_name_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "prompts/route.txt", "A {{output}}\n---\nB {{output}}\n")
    suites = suites_of(
        tmp_path,
        """\
        prompts: [file://prompts/route.txt, {id: file://prompts/route.txt, label: My prompt!}, "C {{output}}"]
        providers: [echo, {id: openai:gpt-4.1-mini, label: small}]
        """
        + TESTS.replace("\n", "\n        "),
    )
    assert [suite.name for suite in suites] == [
        "promptfooconfig.route-1.echo",
        "promptfooconfig.route-1.small",
        "promptfooconfig.route-2.echo",
        "promptfooconfig.route-2.small",
        "promptfooconfig.My-prompt-1.echo",
        "promptfooconfig.My-prompt-1.small",
        "promptfooconfig.My-prompt-2.echo",
        "promptfooconfig.My-prompt-2.small",
        "promptfooconfig.5.echo",
        "promptfooconfig.5.small",
    ]
    assert suites[0].baseline_path == tmp_path / "promptfooconfig.route-1.echo.baseline.json"


def test_one_prompt_with_one_provider_has_the_name_of_the_file(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, "prompts: ['A {{output}}']\n" + PROVIDERS + TESTS)
    assert suite.name == "promptfooconfig"
    assert suite.prompt.frame.chat(suite.prompt.text, {"output": "x"}) == (("user", "A x"),)


def test_a_text_without_placeholders_is_a_user_message(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, "prompts: ['Say hello']\n" + PROVIDERS + TESTS)
    assert suite.prompt.frame.chat(suite.prompt.text, {}) == (("user", "Say hello"),)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_prompt_between_separators_is_rewritten_alone(tmp_path: Path, newline: str) -> None:
    text = "\n First {{output}}\n\n--- \n\nSecond,\nlonger {{output}}\n---\n---\nThird".replace("\n", newline)
    write(tmp_path / "p.txt", "\ufeff".encode() + text.encode())
    suites = suites_of(tmp_path, "prompts: [p.txt]\n" + PROVIDERS + TESTS)
    assert [suite.prompt.text for suite in suites] == ["First {{output}}", "Second,\nlonger {{output}}", "Third"]
    assert suites[1].prompt.with_text("New\ntext").decode() == "\ufeff" + text.replace(
        f"Second,{newline}longer {{{{output}}}}", f"New{newline}text"
    )
    assert all(suite.prompt.with_text(suite.prompt.text) == (tmp_path / "p.txt").read_bytes() for suite in suites)


def test_a_separator_in_a_new_text_is_not_written(tmp_path: Path) -> None:
    write(tmp_path / "p.txt", "First {{output}}\n")
    prompt = suite_of(tmp_path, "prompts: [p.txt]\n" + PROVIDERS + TESTS).prompt
    with pytest.raises(FileError, match=r"p\.txt: a line `---` would divide this file"):
        prompt.with_text("one\n --- \ntwo")


def test_a_markdown_prompt_is_all_of_its_file(tmp_path: Path) -> None:
    write(tmp_path / "p.md", "# {{output}}\n\n---\nmore\n")
    prompt = suite_of(tmp_path, "prompts: file://p.md\n" + PROVIDERS + TESTS).prompt
    assert prompt.text == "# {{output}}\n\n---\nmore"
    assert prompt.frame.chat(prompt.text, {"output": "x"}) == (("user", "# x\n\n---\nmore\n"),)
    assert prompt.with_text("New {{output}}") == b"New {{output}}\n"


INLINE = """\
# kept
prompts:
  - label: one
    raw: |   # also kept
      Name the team:
      {{output}}
  - 'say "{{output}}"'
providers: [echo]   # the end
"""


def test_prompts_in_the_configuration_are_rewritten_where_they_stand(tmp_path: Path) -> None:
    block, quoted = suites_of(tmp_path, INLINE + TESTS)
    assert block.prompt.text == "Name the team:\n{{output}}"
    assert block.prompt.frame.tail == "\n"
    assert block.prompt.with_text("Which team?\n\n{{output}}").decode() == (INLINE + TESTS).replace(
        "Name the team:\n      {{output}}", "Which team?\n\n      {{output}}"
    )
    assert quoted.prompt.with_text("it's {{output}}").decode() == (INLINE + TESTS).replace(
        """'say "{{output}}"'""", """'it''s {{output}}'"""
    )


CHAT = """[
\t{"role": "system", "content": "Be brief."},
\t{"role": "system", "content": "Name the \\"team\\"."},
\t{"role": "user", "content": "{{output}}"}
]
"""


def test_the_last_system_message_of_a_chat_is_what_is_rewritten(tmp_path: Path) -> None:
    write(tmp_path / "chat.json", CHAT)
    prompt = suite_of(tmp_path, "prompts: [file://chat.json]\n" + PROVIDERS + TESTS).prompt
    assert prompt.frame.chat(prompt.text, {"output": "x"}) == (
        ("system", "Be brief."),
        ("system", 'Name the "team".'),
        ("user", "x"),
    )
    assert prompt.with_text("Which?\n").decode() == CHAT.replace('Name the \\"team\\".', "Which?\\n")


def test_a_chat_in_yaml_without_a_system_message_rewrites_that_of_the_user(tmp_path: Path) -> None:
    write(tmp_path / "chat.yaml", "- role: assistant\n  content: Hi\n- role: user\n  content: Say {{output}} # now\n")
    prompt = suite_of(tmp_path, "prompts: [file://chat.yaml]\n" + PROVIDERS + TESTS).prompt
    assert prompt.text == "Say {{output}}"
    assert prompt.with_text("Tell {{output}}").endswith(b"content: Tell {{output}} # now\n")


def test_a_chat_inside_of_a_text_is_read_and_refuses_to_be_rewritten(tmp_path: Path) -> None:
    text = """prompts: ['[{"role": "user", "content": "Say {{output}}"}]']\n"""
    prompt = suite_of(tmp_path, text + PROVIDERS + TESTS).prompt
    assert prompt.frame.chat(prompt.text, {"output": "x"}) == (("user", "Say x"),)
    with pytest.raises(FileError, match=r"promptfooconfig\.yaml:1: this prompt is a chat inside of a text"):
        prompt.with_text("Tell {{output}}")


def test_prefix_and_suffix_are_around_the_text_and_not_written_with_it(tmp_path: Path) -> None:
    write(tmp_path / "p.txt", "Say {{output}}\n")
    tests = TESTS + "    options: {prefix: 'To {{output}}: ', suffix: ' Now.'}\n  - vars: {output: y}\n    assert: *a\n"
    text = "prompts: [p.txt]\n" + PROVIDERS + tests.replace("assert: [", "assert: &a [", 1)
    suite = suite_of(tmp_path, text)
    first, second = (suite.prompt.frame.chat(suite.prompt.text, case.vars)[0][1] for case in suite.cases)
    assert (first, second) == ("To x: Say x Now.", "Say y")
    assert suite.prompt.text == "{{__prefix}}Say {{output}}"
    assert suite.prompt.with_text("{{__prefix}}Tell {{output}}") == b"Tell {{output}}\n"
    with pytest.raises(ValueError, match="has to begin with"):
        suite.prompt.with_text("Tell {{output}}")


def test_without_prompts_the_var_prompt_is_the_prompt(tmp_path: Path) -> None:
    text = PROVIDERS + "tests: [{vars: {prompt: Say hello}, assert: [{type: contains, value: Say}]}]\n"
    suite = suite_of(tmp_path, text)
    assert suite.prompt.frame.chat(suite.prompt.text, suite.cases[0].vars) == (("user", "Say hello"),)
    with pytest.raises(FileError, match="this prompt is the var `prompt` of each test"):
        suite.prompt.with_text("x")


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ("[file://p.py]", "promptfooconfig.yaml:1: `p.py` is code, which is not read as a prompt"),
        ("[prompt.js:make]", "`prompt.js:make` is code"),
        ("[file://p.j2]", "`p.j2` is a Jinja template"),
        ("[file://p.csv]", "`p.csv` holds prompts in a table"),
        ("['exec:make.sh']", "`exec:make.sh` is a prompt that is made or kept elsewhere"),
        ("['langfuse://x']", "`langfuse://x` is a prompt that is made or kept elsewhere"),
        ("[file://gone.txt]", "names `gone.txt`, but there is no such file"),
        ("[file://../p.txt]", "which leaves the repository"),
        ("['file://*.txt']", "`*.txt` matches no file"),
        ("[]", "`prompts` is empty"),
        ("[{label: x}]", "a prompt needs `raw`, its text, or `id`, its file"),
        ("['{% if output %}x{% endif %}']", "promptfooconfig.yaml:1: `{% if output %}` is template code"),
        ("['{{ output | upper }}']", "`{{ output | upper }}` is template code"),
        ("['{{ env.HOME }}']", "`{{ env.HOME }}` would put an environment variable into a text"),
        ("['{{ output']", "`{{ output` is template code"),
        ("['{{ output[0] }}']", "is template code"),
        ("['{# hidden #}{{output}}']", "`{# hidden #}` is template code"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, prompts: str, said: str) -> None:
    assert said in error_of(tmp_path, f"prompts: {prompts}\n" + PROVIDERS + TESTS)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.txt", "Say\n{{output}}\n{% raw %}\n", "p.txt:3: `{% raw %}` is template code"),
        ("p.txt", " \n---\n", "p.txt: holds no prompt text"),
        ("p.json", '{"role": "user"}', "p.json:1: a prompt in JSON or YAML has to be a list of messages"),
        ("p.json", '[{"role": "user"}]', "p.json:1: a message needs `role` and `content`, and this has no `content`"),
        ("p.json", '[\n{"role": "tool", "content": "x"}]', "p.json:2: the role `tool` is not one of"),
        ("p.json", '[{"role": "user", "content": [{"type": "image"}]}]', "p.json:1: `content` is not a text"),
        ("p.json", '[{"role": "user", "name": "x", "content": "y"}]', "`name` is an unknown key"),
        ("p.json", '[{"role":', "p.json:1: not valid JSON"),
        ("p.yaml", "- role: user\n  content: file://x.txt\n", "p.yaml:2: `content` names a file"),
    ],
)
def test_a_file_that_cannot_be_a_prompt_says_why_with_its_line(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    write(tmp_path / name, content)
    assert said in error_of(tmp_path, f"prompts: [file://{name}]\n" + PROVIDERS + TESTS)


EVERY_KIND = """\
prompts:
  - file://p.txt
  - p.md
  - chat.json
  - file://chat.yaml
  - "quoted {{output}}"
  - |
    block {{output}}

  - {raw: plain text, label: flow}
providers: [echo]
"""


@pytest.mark.parametrize(
    "text", ["One line", "Two\nlines {x}", 'it\'s "quoted" \\ # no', "ünï 😀\n\n- a list:\n  more"]
)
@pytest.mark.parametrize("number", range(8))
def test_a_rewritten_prompt_is_read_again_and_all_else_stays(tmp_path: Path, number: int, text: str) -> None:
    write(tmp_path / "p.txt", "a {{output}}\r\n---\r\nb\r\n")
    write(tmp_path / "p.md", "# {{output}}\n\nmore\n\n")
    write(tmp_path / "chat.json", CHAT)
    write(
        tmp_path / "chat.yaml",
        "- {role: system, content: Be brief.}\n- role: user\n  content: >\n    Say\n    {{output}}\n",
    )
    before = suites_of(tmp_path, EVERY_KIND + TESTS)
    prompt = before[number].prompt
    assert prompt.with_text(prompt.text) == prompt.path.read_bytes()
    prompt.path.write_bytes(prompt.with_text(text))
    after = suites_of(tmp_path, (tmp_path / "promptfooconfig.yaml").read_text())
    wanted = [text if at == number else suite.prompt.text for at, suite in enumerate(before)]
    assert [suite.prompt.text for suite in after] == wanted
    assert [[case.digest for case in suite.cases] for suite in after] == [
        [case.digest for case in suite.cases] for suite in before
    ]
