"""A run of suites from the first answer to the verdicts: what is asked, what is compared, what is asked again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from builders import make_suite

from opro_action.errors import BudgetSpent, CallFailed, CallRefused, UsageError
from opro_action.gate.baseline import baseline_of, write_baseline
from opro_action.gate.check import SuiteCheck, check_suites
from opro_action.gate.fingerprint import fingerprint
from opro_action.gate.side import Base
from opro_action.models.budget import Budget
from opro_action.models.connect import Models
from opro_action.models.model import Request
from opro_action.models.retry import RetryPolicy
from opro_action.models.scripted import Answer, ScriptedModel
from opro_action.scoring.results import Answer as Graded
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.suite.suite import ModelSpec, ScorerSpec, Suite

GOOD, BAD = "Name the team.", "Greet the customer."
Script = Callable[[Request], Answer]


def suite_of(folder: Path, text: str = BAD, *, temperature: float = 0, n: int = 24, **keys: object) -> Suite:
    cases = [{"id": f"c{i:02}", "input": f"ticket {i}", "expected": "bug"} for i in range(n)]
    return make_suite(folder, prompt=text, params={"temperature": temperature}, cases=cases, **keys)


def recorded(suite: Suite, text: str = GOOD, *, score: float = 1.0) -> Suite:
    """The suite with a baseline in which the prompt `text` had this score on every case."""
    accepted = replace(suite, prompt=replace(suite.prompt, text=text))
    answer = Graded("bug", score, passed=score == 1)
    result = SuiteResult(tuple(CaseResult(case, (answer,) * suite.repeats) for case in suite.cases))
    write_baseline(suite.baseline_path, baseline_of(accepted, result, fingerprint(accepted, suite.model)))
    return suite


def by_prompt(request: Request) -> str:
    return "bug" if request.messages[0].content == GOOD else "hello"


def checked(
    suites: Sequence[Suite], script: Script, *, base: Base | None = None, max_calls: int | None = None
) -> tuple[list[SuiteCheck], ScriptedModel]:
    model = ScriptedModel(script)

    async def job() -> list[SuiteCheck]:
        budget = Budget(max_calls=max_calls)
        quick = RetryPolicy(attempts=1)
        async with Models(budget=budget, cache=None, backend=lambda spec: model, retries=quick) as models:
            return await check_suites(suites, models, base=base)

    return asyncio.run(job()), model


def base_with(text: str, **changes: object) -> Base:
    """A base at which the prompt was `text`."""
    return Base("main", lambda suite: replace(suite, prompt=replace(suite.prompt, text=text), **changes))  # type: ignore[arg-type]


def asked(model: ScriptedModel) -> Counter[str]:
    return Counter(request.messages[0].content for request in model.requests)


def test_a_worse_prompt_is_regressed_against_its_baseline_and_the_base_is_not_asked(tmp_path: Path) -> None:
    (found,), model = checked([recorded(suite_of(tmp_path))], by_prompt, base=base_with(GOOD))

    assert (found.verdict.verdict, found.exit_code, found.ref) == ("regressed", 1, None)
    assert asked(model) == {BAD: 24}


def test_where_most_cases_are_graded_otherwise_now_the_base_is_scored_as_they_are_graded_today(tmp_path: Path) -> None:
    suite = recorded(suite_of(tmp_path))
    stricter = tuple(replace(case, scorers=(ScorerSpec("exact"), ScorerSpec("exact"))) for case in suite.cases)
    known = base_with(GOOD, cases=suite.cases)
    (found,), model = checked([replace(suite, cases=stricter)], by_prompt, base=known)
    assert (found.verdict.verdict, found.ref, found.verdict.n_common) == ("regressed", "main", 24)
    assert found.verdict.why_not == "24 of 24 cases have changed since it was recorded"
    assert not found.verdict.same_prompt

    (few,), _ = checked([replace(suite, cases=(*suite.cases[:20], *stricter[20:]))], by_prompt, base=known)
    assert (few.ref, few.verdict.n_common) == (None, 20)
    assert asked(model) == {BAD: 24, GOOD: 24}


def test_cases_whose_ids_are_made_of_their_content_are_known_by_what_they_ask(tmp_path: Path) -> None:
    def suite(expected: str) -> Suite:
        cases = [{"input": f"ticket {i}", "expected": expected} for i in range(24)]
        return make_suite(tmp_path, prompt=BAD, params={"temperature": 0}, cases=cases)

    before, now = recorded(suite("Bug")), suite("bug")
    assert not {case.id for case in before.cases} & {case.id for case in now.cases}
    (found,), _ = checked([now], by_prompt, base=base_with(GOOD, cases=before.cases))
    assert (found.verdict.verdict, found.ref, found.verdict.n_common) == ("regressed", "main", 24)
    assert found.verdict.why_not == "24 of 24 cases have changed since it was recorded"


def test_removed_cases_are_no_changed_ones(tmp_path: Path) -> None:
    suite = recorded(suite_of(tmp_path))
    (found,), model = checked([replace(suite, cases=suite.cases[:8])], by_prompt, base=base_with(GOOD))
    assert (found.ref, found.verdict.n_common) == (None, 8)
    assert asked(model) == {BAD: 8}


def test_both_sides_are_graded_by_one_judge_when_the_model_changes(tmp_path: Path) -> None:
    def script(request: Request) -> str:
        return '{"reason": "so it is", "score": 1}' if len(request.messages[-1].content) > 20 else "an answer"

    suite = suite_of(tmp_path, GOOD, scorers={"rubric": "The answer is polite."})
    base = base_with(GOOD, model=ModelSpec("scripted/old", {"temperature": 0}))
    (found,), model = checked([suite], script, base=base)
    assert found.ref == "main"
    judged = Counter(request.model for request in model.requests if len(request.messages[-1].content) > 20)
    assert judged == {"scripted/test": 48}
    assert Counter(request.model for request in model.requests)["scripted/old"] == 24


def test_a_prompt_whose_other_parts_differ_from_the_base_did_change(tmp_path: Path) -> None:
    base = base_with(BAD, model=ModelSpec("scripted/old", {"temperature": 0}))
    (found,), _ = checked([suite_of(tmp_path)], lambda request: "bug" if "old" in request.model else "no", base=base)
    assert found.verdict.verdict == "regressed"
    assert "the prompt did not change" not in found.verdict.reason


def test_without_a_baseline_the_base_is_scored_and_compared_with(tmp_path: Path) -> None:
    (found,), model = checked([suite_of(tmp_path)], by_prompt, base=base_with(GOOD))

    assert (found.verdict.verdict, found.ref) == ("regressed", "main")
    assert found.verdict.baseline_score == 1
    assert found.verdict.why_not == "no baseline is recorded"
    assert asked(model) == {BAD: 24, GOOD: 24}


def test_a_baseline_of_another_model_is_replaced_by_the_base(tmp_path: Path) -> None:
    suite = recorded(suite_of(tmp_path))
    (found,), _ = checked([replace(suite, model=ModelSpec("scripted/new", {"temperature": 0}))], by_prompt,
                          base=base_with(GOOD))  # fmt: skip

    assert (found.verdict.verdict, found.ref) == ("regressed", "main")
    assert "the model was scripted/test, is scripted/new" in str(found.verdict.why_not)


def test_a_model_that_the_change_brings_is_compared_with_the_one_of_the_base(tmp_path: Path) -> None:
    def by_model(request: Request) -> str:
        return "bug" if request.model == "scripted/old" else "hello"

    base = base_with(BAD, model=ModelSpec("scripted/old", {"temperature": 0}))
    (found,), model = checked([suite_of(tmp_path)], by_model, base=base)

    assert found.verdict.verdict == "regressed"
    assert Counter(request.model for request in model.requests) == {"scripted/test": 24, "scripted/old": 24}


def test_only_cases_of_both_sides_are_asked_at_the_base(tmp_path: Path) -> None:
    suite = suite_of(tmp_path)
    base = base_with(GOOD, cases=(*suite.cases[:-4], replace(suite.cases[-1], vars={"input": "another ticket"})))
    (found,), model = checked([suite], by_prompt, base=base)

    assert asked(model)[GOOD] == 20
    assert found.verdict.n_common == 20
    assert found.verdict.added == ("c20", "c21", "c22", "c23")


def test_where_nothing_differs_from_the_base_nothing_is_compared(tmp_path: Path) -> None:
    (found,), model = checked([suite_of(tmp_path)], by_prompt, base=base_with(BAD))

    assert found.verdict.reason == "nothing to compare with: no baseline is recorded."
    assert asked(model) == {BAD: 24}


def test_a_base_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    def broken(suite: Suite) -> Suite:
        raise UsageError("evals/routing.yaml:3: is not YAML")

    (found,), _ = checked([suite_of(tmp_path)], by_prompt, base=Base("main", broken))

    assert found.verdict.verdict == "no_baseline"
    assert "no baseline is recorded, and at main: evals/routing.yaml:3: is not YAML" in found.verdict.reason


def test_a_base_whose_model_is_gone_is_no_baseline_and_says_why(tmp_path: Path) -> None:
    def gone(request: Request) -> Answer:
        return CallRefused("the model does not exist") if request.messages[0].content == GOOD else "bug"

    (found,), _ = checked([suite_of(tmp_path)], gone, base=base_with(GOOD))

    assert (found.verdict.verdict, found.exit_code) == ("no_baseline", 0)
    assert "the prompt at main could not be scored: the model does not exist" in found.verdict.reason


def test_a_base_that_could_not_be_measured_leaves_nothing_green(tmp_path: Path) -> None:
    def down(request: Request) -> Answer:
        return CallFailed("503 from the provider") if request.messages[0].content == GOOD else "bug"

    (found,), _ = checked([suite_of(tmp_path)], down, base=base_with(GOOD))

    assert (found.verdict.verdict, found.exit_code) == ("unmeasured", 3)


def test_a_cap_that_ends_at_the_base_is_a_budget_spent_before_a_verdict(tmp_path: Path) -> None:
    (found,), _ = checked([suite_of(tmp_path)], by_prompt, base=base_with(GOOD), max_calls=30)

    assert (found.verdict.verdict, found.exit_code) == ("unmeasured", BudgetSpent.exit_code)


def test_the_same_prompt_with_other_answers_than_recorded_is_said_to_be_the_model(tmp_path: Path) -> None:
    (found,), _ = checked([recorded(suite_of(tmp_path), BAD)], by_prompt)

    assert found.verdict.verdict == "regressed"
    assert found.verdict.reason.startswith("the prompt did not change, the model's answers did: the mean score fell")
    assert len(found.verdict.regressed_cases) == 24


class Flaky:
    """Answers of a model that varies: wrong on the first answer to the cases `wrong`, right ever after."""

    def __init__(self, wrong: int) -> None:
        self.wrong = wrong
        self.repeats: Counter[tuple[str, int]] = Counter()

    def __call__(self, request: Request) -> str:
        self.repeats[request.messages[0].content, request.repeat] += 1
        number = int(request.messages[-1].content.split()[-1])
        return "hello" if number < self.wrong and request.repeat == 0 else "bug"


def test_a_drop_that_does_not_come_again_fails_no_build(tmp_path: Path) -> None:
    script = Flaky(5)
    (found,), _ = checked([recorded(suite_of(tmp_path, temperature=0.8))], script)

    assert found.confirmation is not None
    assert found.confirmation.first.verdict == "regressed"
    assert found.confirmation.cases == 5
    assert found.verdict.delta == round(-2.5 / 24, 6)
    assert (found.verdict.verdict, found.exit_code) == ("inconclusive", 0)
    assert "none of the cases was worse when they were asked again" in found.verdict.reason
    assert script.repeats == {(BAD, 0): 24, (BAD, 1): 5, (GOOD, 2): 5}


def test_a_drop_that_comes_again_is_confirmed_with_all_answers(tmp_path: Path) -> None:
    (found,), model = checked([recorded(suite_of(tmp_path, temperature=0.8))], by_prompt)

    assert (found.verdict.verdict, found.exit_code) == ("regressed", 1)
    assert found.verdict.delta == -1
    assert [len(case.answers) for case in found.result.cases] == [2] * 24
    assert asked(model) == {BAD: 48, GOOD: 24}


def test_a_case_of_no_weight_confirms_no_drop(tmp_path: Path) -> None:
    """Six cases were wrong at first; asked again only one is, which has no weight in the score."""

    def script(request: Request) -> str:
        number = int(request.messages[-1].content.split()[-1])
        old = request.messages[0].content == GOOD
        return "hello" if not old and number < 7 and (request.repeat == 0 or number == 0) else "bug"

    suite = suite_of(tmp_path, temperature=0.8)
    suite = recorded(replace(suite, cases=(replace(suite.cases[0], weight=0.0), *suite.cases[1:])))
    (found,), _ = checked([suite], script)
    assert found.confirmation is not None
    assert (found.confirmation.first.verdict, found.verdict.verdict) == ("regressed", "inconclusive")
    assert found.verdict.regressed_cases


def test_a_gain_over_a_baseline_that_was_unlucky_is_not_claimed_either(tmp_path: Path) -> None:
    script: Script = lambda request: "bug"  # noqa: E731
    (found,), model = checked([recorded(suite_of(tmp_path, temperature=0.8, n=30), score=0.0)], script)

    assert found.confirmation is not None
    assert found.confirmation.first.verdict == "improved"
    assert (found.verdict.verdict, len(model.requests)) == ("unchanged", 90)
    assert "none of the cases was better when they were asked again" in found.verdict.reason


def test_what_was_recorded_counts_as_many_answers_as_it_stands_for(tmp_path: Path) -> None:
    script: Script = lambda request: "bug" if request.repeat >= 3 else "hello"  # noqa: E731
    suite = recorded(suite_of(tmp_path, temperature=0.8, repeats=3), score=0.5)
    (found,), model = checked([suite], script)

    assert found.baseline is not None
    assert {case.score for case in found.baseline.cases} == {0.75}
    assert found.verdict.delta == -0.25
    assert len(model.requests) == 24 * 9


def test_at_temperature_0_nothing_is_asked_again_unless_the_gate_says_so(tmp_path: Path) -> None:
    (fixed,), _ = checked([recorded(suite_of(tmp_path / "a"))], by_prompt)
    (wanted,), model = checked([recorded(suite_of(tmp_path / "b", gate={"confirm": 2}))], by_prompt)
    (unwanted,), _ = checked([recorded(suite_of(tmp_path / "c", temperature=1, gate={"confirm": 0}))], by_prompt)

    assert fixed.confirmation is None
    assert wanted.confirmation is not None
    assert asked(model) == {BAD: 72, GOOD: 48}
    assert unwanted.confirmation is None


def test_a_must_pass_case_that_passes_when_asked_again_is_not_broken(tmp_path: Path) -> None:
    def case(suite: Suite, **keys: bool) -> Suite:
        return replace(suite, cases=(replace(suite.cases[0], must_pass=True), *suite.cases[1:]))

    (held,), _ = checked([recorded(case(suite_of(tmp_path / "a", temperature=1)))], Flaky(1))
    (broken,), _ = checked([recorded(case(suite_of(tmp_path / "b", temperature=1)))], by_prompt)

    assert held.confirmation is not None
    assert held.confirmation.first.broken_must_pass == ("c00",)
    assert (held.verdict.broken_must_pass, held.exit_code) == ((), 0)
    assert broken.verdict.broken_must_pass == ("c00",)


def test_when_asking_again_fails_the_first_answers_stand_and_it_is_said(tmp_path: Path) -> None:
    (found,), _ = checked([recorded(suite_of(tmp_path, temperature=1))], by_prompt, max_calls=30)

    assert found.verdict.verdict == "regressed"
    assert found.confirmation is not None
    assert "30" in str(found.confirmation.problem)


def test_the_suites_of_a_run_share_alpha(tmp_path: Path) -> None:
    def five_wrong(request: Request) -> str:
        return "hello" if int(request.messages[-1].content.split()[-1]) < 5 else "bug"

    suites = [recorded(suite_of(tmp_path / name)) for name in "ab"]
    (alone,), _ = checked(suites[:1], five_wrong)
    together, _ = checked(suites, five_wrong)

    assert alone.verdict.verdict == "regressed"
    assert [found.verdict.verdict for found in together] == ["inconclusive"] * 2
    assert "p = 0.031, compared with 0.025 for 2 suites" in together[0].verdict.reason


def test_a_suite_that_fails_only_after_another_was_cleared_is_asked_again_too(tmp_path: Path) -> None:
    """The first suite's gain vanishes, so that the level which both shared rises, and the second one's drop counts."""

    def script(request: Request) -> str:
        number, text = int(request.messages[-1].content.split()[-1]), request.messages[0].content
        if text == "Second.":
            return "hello" if number < 5 and request.repeat == 0 else "bug"
        return "bug" if request.repeat == 0 or text == GOOD else "hello"

    one = recorded(suite_of(tmp_path / "one", "First.", temperature=0.8, n=50))
    before = SuiteResult(
        tuple(CaseResult(case, (Graded("", float(i > 5), i > 5),)) for i, case in enumerate(one.cases))
    )
    accepted = replace(one, prompt=replace(one.prompt, text=GOOD))
    write_baseline(one.baseline_path, baseline_of(accepted, before, fingerprint(accepted, one.model)))
    two = recorded(suite_of(tmp_path / "two", "Second.", temperature=0.8, n=50))
    first, second = checked([one, two], script)[0]

    assert first.confirmation is not None
    assert first.verdict.verdict == "unchanged"
    assert second.confirmation is not None
    assert (second.verdict.verdict, second.exit_code) == ("inconclusive", 0)
