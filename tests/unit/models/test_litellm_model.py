"""What is decided around a litellm call without making one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from opro_action.models.litellm_model import is_loopback, retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8101/v1", "http://localhost:80", "http://[::1]:1/v1", "http://127.1.2.3/v1"]
)
def test_addresses_of_this_machine_are_loopback(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url", [None, "", "https://api.openai.com/v1", "http://127.0.0.1.evil.example/", "http://10.0.0.1", "http://[::1"]
)
def test_other_addresses_are_not(url: str | None) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("-1", 0.0),
        ("Fri, 02 Jan 2026 03:04:15 GMT", 10.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("soon", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_no_retry_after_is_no_wish() -> None:
    assert retry_after({}, NOW) is None
