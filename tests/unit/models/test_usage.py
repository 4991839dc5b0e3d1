"""Usage: added up over calls and roles, with an unknown cost staying unknown."""

from __future__ import annotations

from opro_action.models.usage import Usage, UsageBook


def test_usage_adds_up() -> None:
    total = Usage(calls=1, prompt_tokens=2, cost_usd=0.5, seconds=1.5) + Usage(calls=2, retries=1, cost_usd=0.25)
    assert total == Usage(calls=3, retries=1, prompt_tokens=2, cost_usd=0.75, seconds=1.5)


def test_an_unknown_cost_makes_the_sum_unknown() -> None:
    assert (Usage(cost_usd=0.5) + Usage(cost_usd=None)).cost_usd is None


def test_a_role_that_was_not_used_has_used_nothing() -> None:
    assert UsageBook()["judge"] == Usage()


def test_the_total_is_over_all_roles() -> None:
    book = UsageBook()
    book.add("task", Usage(calls=3))
    book.add("optimizer", Usage(calls=2, cost_usd=0.1))
    assert book.total == Usage(calls=5, cost_usd=0.1)


def test_json_has_each_role_that_was_used_and_the_total() -> None:
    book = UsageBook()
    book.add("task", Usage(calls=1, seconds=0.12345))
    assert set(book.as_json()) == {"task", "total"}
    assert book.as_json()["task"] == {
        "calls": 1,
        "cached": 0,
        "retries": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cost_usd": 0.0,
        "seconds": 0.123,
    }
