"""The connection between workers and the controller."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from typing import Any

import pytest

from opro_action.pytest_plugin.line import Exchange, Remote


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    if "divide" in question:
        return {"result": 1 / question["divide"]}
    return {"echo": question["say"]}


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    exchange = Exchange(answer)
    yield exchange
    exchange.close()


def test_workers_ask_at_the_same_time(exchange: Exchange) -> None:
    found: dict[int, str] = {}

    def work(number: int) -> None:
        remote = Remote(**exchange.address)
        for _ in range(20):
            found[number] = remote.ask({"say": f"wörker {number}"})["echo"]
        remote.rest()

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: f"wörker {number}" for number in range(4)}


def test_a_bug_at_the_desk_is_shown_where_it_was_asked(exchange: Exchange) -> None:
    remote = Remote(**exchange.address)

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        remote.ask({"divide": 0})
    assert remote.ask({"say": "still there"}) == {"echo": "still there"}
    remote.rest()


def test_whoever_does_not_know_the_key_is_turned_away_and_the_others_are_not(exchange: Exchange) -> None:
    with pytest.raises(AuthenticationError):
        Client(exchange.address["address"], authkey=b"guess")

    remote = Remote(**exchange.address)
    assert remote.ask({"say": "hello"}) == {"echo": "hello"}
    remote.rest()


def test_a_caller_who_says_nothing_keeps_nobody_waiting() -> None:
    exchange = Exchange(answer)
    with Client(exchange.address["address"]):
        remote = Remote(**exchange.address)
        assert remote.ask({"say": "hello"}) == {"echo": "hello"}
        remote.rest()
        exchange.close()

    with pytest.raises(RuntimeError, match="it has ended"):
        remote.ask({"say": "hello"})


def test_an_exchange_ends_whoever_is_being_turned_away() -> None:
    def turn_away_and_close() -> None:
        for _ in range(50):  # how far the caller has come when the exchange closes is a matter of luck
            exchange = Exchange(answer)
            with pytest.raises(AuthenticationError):
                Client(exchange.address["address"], authkey=b"guess")
            exchange.close()

    closing = threading.Thread(target=turn_away_and_close, daemon=True)
    closing.start()
    closing.join(30)

    assert not closing.is_alive()


def test_a_controller_that_has_ended_is_a_clear_error() -> None:
    exchange = Exchange(answer)
    address = exchange.address
    exchange.close()

    with pytest.raises(RuntimeError, match="it has ended, or it runs on another machine; run suites with local"):
        Remote(**address).ask({"say": "hello"})
