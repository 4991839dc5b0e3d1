"""The functions that the package exports, against suites in real folders."""

from __future__ import annotations

import ast
import asyncio
import inspect
from pathlib import Path

import pytest
from plugin_world import BAD, CASES, OTHER, case, echo_suite, set_prompt

import opro_action
from opro_action import Calls, CheckResult, NotMeasured, UsageError, acheck, aload_suite, check, load_suite
from opro_action.cli import main


def test_what_is_exported_is_named_typed_and_documented() -> None:
    exported = {"check", "acheck", "optimize", "aoptimize", "load_suite", "aload_suite"}
    assert exported <= set(opro_action.__all__)
    for name in opro_action.__all__:
        assert name in dir(opro_action)
        value = getattr(opro_action, name)
        assert name == "__version__" or value.__doc__, name
    for name in exported:
        signature = inspect.signature(getattr(opro_action, name))
        assert signature.return_annotation is not inspect.Signature.empty
        assert all(found.annotation is not inspect.Parameter.empty for found in signature.parameters.values())
    assert (Path(opro_action.__file__).parent / "py.typed").exists()


def test_the_exported_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse(Path(opro_action.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {alias.name for node in imports if (node.module or "").startswith("opro_action") for alias in node.names}
    assert seen | {"__version__"} == set(opro_action.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'chekc'"):
        _ = opro_action.chekc


def recorded(folder: Path, **keys: object) -> Path:
    suite = echo_suite(folder, **keys)  # type: ignore[arg-type]
    with pytest.raises(SystemExit) as end:
        main(["check", str(suite), "--update-baseline"])
    assert end.value.code == 0
    return suite


def test_a_check_gives_verdict_scores_and_cases(tmp_path: Path) -> None:
    suite = recorded(tmp_path)
    set_prompt(tmp_path, OTHER)

    result = check(suite)

    assert (result.verdict, result.failed, result.baseline_score) == ("regressed", True, 1)
    assert result.score == pytest.approx(1 / 3, abs=1e-6)
    assert (result.broken_must_pass, result.regressed_cases) == (("refund",), ("crash", "refund"))
    refund = result.cases["refund"]
    assert (refund.score, refund.passed, refund.baseline_score, refund.answer) == (0, False, 1, "bug")
    assert check(suite).usage["calls"] == 0


def test_a_check_of_another_prompt_or_model(tmp_path: Path) -> None:
    suite = echo_suite(tmp_path)
    other = tmp_path / "prompts" / "other.md"
    other.write_text(BAD)

    assert check(suite).score == 1
    assert check(suite, prompt=other).score == 0
    assert check(load_suite(suite), prompt=other).prompt == "prompts/other.md"
    assert check(suite, repeats=2).usage["calls"] == 3
    with pytest.raises(NotMeasured, match=r"evals/routing.yaml: An answer of openai/nobody is not in the cache"):
        check(suite, model="openai/nobody", calls=Calls(offline=True))


def test_another_model_is_not_paid_for_at_the_price_of_the_suites_own(tmp_path: Path) -> None:
    params = {"price": {"input": 0, "output": 0}, "max_tokens": 1}
    suite = load_suite(echo_suite(tmp_path, params=params))

    with pytest.raises(UsageError, match="The price of openai/nobody is not known"):
        check(suite, model="openai/nobody", calls=Calls(max_cost=1))


def test_what_was_not_measured_has_no_result(tmp_path: Path) -> None:
    suite = echo_suite(tmp_path)

    with pytest.raises(opro_action.BudgetSpent, match="2 of 2 calls went out"):
        check(suite, calls=Calls(max_calls=2))


def test_what_cannot_be_read_says_where(tmp_path: Path) -> None:
    suite = echo_suite(tmp_path, scorers="exactly")

    with pytest.raises(UsageError, match=r"routing.yaml:\d+: .*did you mean `exact`"):
        load_suite(suite)
    with pytest.raises(UsageError, match=r"nowhere.yaml"):
        check(tmp_path / "nowhere.yaml")


def test_each_function_works_within_a_running_loop(tmp_path: Path) -> None:
    suite = echo_suite(tmp_path, cases=[*CASES, case("thanks", "praise")])

    async def notebook() -> tuple[CheckResult, CheckResult, int]:
        return check(suite), await acheck(suite), len((await aload_suite(suite)).cases)

    plain, awaited, cases = asyncio.run(notebook())
    assert plain.score == awaited.score == 1
    assert cases == 4
