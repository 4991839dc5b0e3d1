"""A prompt that quotes the cases it is scored on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from builders import make_suite

from opro_action.doctor.leakage import leak_findings
from opro_action.suite.prompt import Frame

CASES = [
    {"id": "march", "input": "My invoice of March is wrong", "expected": "billing"},
    {"id": "reply", "input": "short", "expected": "Please write to the support team"},
    {"id": "crash", "input": "It crashes when I start it", "expected": "bug"},
]


def test_examples_taken_from_the_cases_are_named_with_the_line_of_the_prompt(tmp_path: Path) -> None:
    prompt = "---\ndescription: x\n---\nName the team.\n\nFor example: my invoice of  MARCH is wrong → billing\n"
    [finding] = leak_findings(make_suite(tmp_path, cases=CASES, prompt=prompt))
    assert (finding.severity, finding.code) == ("warning", "prompt-quotes-cases")
    assert finding.what.startswith("The prompt quotes 1 case that it is scored on: `march`")
    assert (finding.path, finding.line) == (tmp_path / "prompts" / "routing.md", 6)


def test_a_long_expected_answer_and_the_messages_around_the_prompt_count(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, cases=CASES, prompt="Say: please write to the support team.\n")
    around = Frame("system", after=(("user", "It crashes when I start it"), ("assistant", "bug")))
    suite = replace(suite, prompt=replace(suite.prompt, frame=around))
    [finding] = leak_findings(suite)
    assert "`reply`" in finding.what
    assert "`crash`" in finding.what


def test_labels_and_common_words_are_no_leak(tmp_path: Path) -> None:
    assert leak_findings(make_suite(tmp_path, cases=CASES, prompt="Be short. Answer billing or bug.\n")) == []


def test_long_labels_and_vars_that_cases_share_are_no_leak(tmp_path: Path) -> None:
    options = ["Account and billing support", "Technical troubleshooting", "Sales and partnerships"]
    cases = [{"input": f"ticket {i}", "expected": option} for i, option in enumerate(options)]
    prompt = f"Answer one of: {', '.join(options)}.\n"
    assert leak_findings(make_suite(tmp_path, cases=cases, prompt=prompt, scorers={"choice": {"of": options}})) == []
    shared = [{"vars": {"team": "Customer Success Europe", "q": word}} for word in ("ant", "bee")]
    prompt = "You are Customer Success Europe. {{team}}: {{q}}\n"
    assert leak_findings(make_suite(tmp_path, cases=shared, prompt=prompt)) == []
