"""The runner: what is sent for a case, and what becomes of answers, failures and refusals."""

from __future__ import annotations

import asyncio

import pytest
from builders import make_case, make_cases

from opro_action.errors import BudgetSpent, CallFailed, CallRefused
from opro_action.models.model import Completion, Message, Model, Request
from opro_action.models.scripted import ScriptedModel
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.scoring.runner import Bench, request_for, score_cases
from opro_action.suite.prompt import Frame
from opro_action.suite.suite import Case, ModelSpec, ScorerSpec

SPEC = ModelSpec("scripted/m", {"temperature": 0})
NATIVE = Frame()


def scored(model: Model, cases: tuple[Case, ...], repeats: int = 1) -> tuple[CaseResult, ...]:
    bench = Bench(model, SPEC, (ScorerSpec("exact"),))
    return asyncio.run(score_cases(bench, "Name the team.", cases, repeats=repeats))


def sent(text: str, case: Case, frame: Frame = NATIVE) -> tuple[Message, ...]:
    return request_for(Bench(ScriptedModel([]), SPEC, (), frame), text, case).messages


def test_a_prompt_with_placeholders_becomes_one_user_message() -> None:
    case = Case("a", {"input": "It {{crashes}}", "who": "Ann"})
    assert sent("{{ who }} says: {{input}}", case) == (Message("user", "Ann says: It {{crashes}}"),)


def test_a_prompt_without_placeholders_is_the_system_message() -> None:
    expected = (Message("system", "Name the team."), Message("user", "I was charged twice"))
    assert sent("Name the team.", make_case()) == expected


def test_in_a_chat_the_text_is_one_message_and_all_are_filled() -> None:
    frame = Frame("system", before=(("user", "About {{input}}"),), after=(("assistant", "Yes?"), ("user", "{{input}}")))
    expected = (
        Message("user", "About I was charged twice"),
        Message("system", "Name the team of I was charged twice."),
        Message("assistant", "Yes?"),
        Message("user", "I was charged twice"),
    )
    assert sent("Name the team of {{input}}.", make_case(), frame) == expected


def test_an_answer_that_the_case_gives_is_graded_without_a_call() -> None:
    [result] = scored(ScriptedModel([]), (make_case(expected="bug", answer="bug"),))
    assert (result.score, result.answers[0].cached) == (1.0, True)


def test_a_response_format_goes_with_each_call() -> None:
    bench = Bench(ScriptedModel([]), SPEC, (), response_format={"type": "json_object"})
    assert request_for(bench, "Name the team.", make_case()).response_format == {"type": "json_object"}


def test_results_come_in_the_order_of_the_cases_however_answers_arrive() -> None:
    class Late:
        async def complete(self, request: Request) -> Completion:
            number = int(request.messages[-1].content.split()[-1])
            await asyncio.sleep(0.02 - number / 1000)
            return Completion(str(number))

    results = scored(Late(), make_cases(12))
    assert [result.answers[0].text for result in results] == [str(i) for i in range(12)]


def test_each_repeat_is_a_request_of_its_own_and_the_score_is_their_mean() -> None:
    model = ScriptedModel(["billing", "bug", "billing", "billing"])
    (result,) = scored(model, (make_case(),), repeats=4)
    assert sorted(request.repeat for request in model.requests) == [0, 1, 2, 3]
    assert result.score == 0.75
    assert not result.passed


def test_a_failed_call_leaves_the_case_unscored_with_the_reason() -> None:
    model = ScriptedModel(lambda request: CallFailed("503 from the provider"))
    (result,) = scored(model, (make_case(),))
    assert result.score is None
    assert result.explanation == "503 from the provider"


def test_one_failed_repeat_leaves_the_whole_case_unscored() -> None:
    (result,) = scored(ScriptedModel(["billing", CallFailed("503")]), (make_case(),), repeats=2)
    assert result.score is None


def test_a_refusal_ends_the_run_and_cancels_what_waits() -> None:
    asked: list[str] = []
    cancelled: list[str] = []

    class Refusing:
        async def complete(self, request: Request) -> Completion:
            said = request.messages[-1].content
            asked.append(said)
            if len(asked) == 1:
                raise CallRefused("401: wrong key")
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                cancelled.append(said)
                raise
            return Completion("late")

    async def refused() -> list[str]:
        """Those that are cancelled before the event loop ends, which cancels whatever is left."""
        with pytest.raises(CallRefused, match="401: wrong key"):
            await score_cases(Bench(Refusing(), SPEC, ()), "Name the team.", make_cases(5))
        return list(cancelled)

    assert asyncio.run(refused()) == asked[1:] == [f"ticket {i}" for i in range(1, 5)]


def test_a_spent_budget_lets_the_calls_under_way_finish() -> None:
    finished: list[str] = []

    class Bounded:
        def __init__(self) -> None:
            self.left = 2

        async def complete(self, request: Request) -> Completion:
            self.left -= 1
            if self.left < 0:
                raise BudgetSpent("2 of 2 calls")
            await asyncio.sleep(0.01)
            finished.append(request.messages[-1].content)
            return Completion("bug")

    with pytest.raises(BudgetSpent):
        scored(Bounded(), make_cases(6))
    assert finished == ["ticket 0", "ticket 1"]


@pytest.mark.parametrize(
    ("n", "unscored", "measured"),
    [(20, 1, True), (20, 2, False), (19, 1, False), (19, 0, True), (100, 5, True), (1, 1, False)],
)
def test_a_result_with_more_than_a_twentieth_unscored_is_not_measured(n: int, unscored: int, measured: bool) -> None:
    answers: list[str | Exception] = [*[CallFailed("down")] * unscored, *["billing"] * (n - unscored)]
    assert SuiteResult(scored(ScriptedModel(answers), make_cases(n))).measured is measured


def test_the_score_of_a_suite_is_weighted_and_leaves_out_the_unscored() -> None:
    cases = (make_case("a", weight=3.0), make_case("b", "x"), make_case("c", "y"))
    result = SuiteResult(scored(ScriptedModel(["billing", "bug", CallFailed("down")]), cases))
    assert result.score == 0.75
    assert result.unscored == 1
