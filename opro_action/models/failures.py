"""Two ways in which a call fails without an answer; they differ in what was paid and in what to do next."""

from __future__ import annotations

from opro_action.errors import CallFailed


class Unreachable(CallFailed):
    """No connection to the model's server could be made: the request did not arrive, and costs nothing."""


class Unanswered(CallFailed):
    """The request arrived and no answer came back (timeout, connection lost): it may have to be paid."""
