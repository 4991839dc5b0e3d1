"""The fixture `opro` and its marker, in tests that are written in Python."""

from __future__ import annotations

import pytest
from plugin_world import BAD, echo_suite, outcomes, spent


def test_the_fixture_gives_results(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path)
    pytester.makepyfile(
        """
        import pytest
        from opro_action import BudgetSpent, NotMeasured, UsageError

        def test_result(opro):
            result = opro.check("evals/routing.yaml")
            assert (result.verdict, result.score) == ("no_baseline", 1)
            assert result.cases["refund"].answer == "billing"

        @pytest.mark.opro(suite="evals/routing.yaml", prompt="prompts/other.md")
        def test_marked(opro):
            assert opro.check().score == 0
            assert opro.check(prompt="prompts/routing.md").score == 1

        def test_from_another_folder(opro, tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            assert opro.check("evals/routing.yaml", repeats=2).score == 1

        def test_errors(opro):
            with pytest.raises(UsageError, match="nowhere.yaml"):
                opro.check("evals/nowhere.yaml")
            with pytest.raises(UsageError, match="name a suite here, or with"):
                opro.check()
            with pytest.raises(BudgetSpent, match="raise max_calls"):
                opro.check("evals/routing.yaml", repeats=9)

        def test_within_a_loop(opro):
            import asyncio
            async def main():
                return (await opro.acheck("evals/routing.yaml")).score, opro.check("evals/routing.yaml").score
            assert asyncio.run(main()) == (1, 1)
        """
    )
    (pytester.path / "prompts" / "other.md").write_text(BAD)

    result = pytester.runpytest(
        "--strict-markers", "-W", "error", "--opro-max-calls=12", "test_the_fixture_gives_results.py"
    )

    assert outcomes(result) == {"passed": 5}
    assert spent(result)[0] == 12


def test_options_hold_for_the_fixture(pytester: pytest.Pytester) -> None:
    echo_suite(pytester.path, model="openai/nobody")
    pytester.makepyfile(
        """
        def test_result(opro):
            assert opro.check("evals/routing.yaml").model == "echo"
        """
    )

    assert outcomes(pytester.runpytest("--opro-model=echo", "-k", "test_result"))["passed"] == 1


@pytest.mark.parametrize("marker", ['pytest.mark.opro(suit="x.yaml")', 'pytest.mark.opro("x.yaml")'])
def test_a_marker_with_other_words_is_an_error(pytester: pytest.Pytester, marker: str) -> None:
    pytester.makepyfile(f"import pytest\n@{marker}\ndef test_one(opro): pass")

    result = pytester.runpytest()

    assert outcomes(result) == {"errors": 1}
    result.stdout.fnmatch_lines(["*@pytest.mark.opro takes suite=... and prompt=..., nothing else*"])
