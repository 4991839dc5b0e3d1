"""promptfoo's `cost`, `latency` and `finish-reason`: what is known of the call that gave an answer."""

from __future__ import annotations

from typing import Any

from opro_action.models.prices import cost_of, price_of
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.promptfoo_seen import Seen
from opro_action.scoring.tools import Asked
from opro_action.suite.suite import ModelSpec


def cost(seen: Seen) -> Grade:
    """Whether the answer cost at most `threshold` dollars; one from the cache counts what it cost when it was new."""
    dollars = _dollars(seen.asked, seen.options)
    if dollars is None:
        return Grade(None, f"the price of {seen.options['priced_as']} is not known, so `cost` cannot be judged")
    return seen.verdict(dollars <= seen.threshold(0), f"cost ${dollars:.6f}, allowed are ${seen.threshold(0):g}")


def latency(seen: Seen) -> Grade:
    """Whether the answer took at most `threshold` milliseconds; one from the cache, what it took when it was new."""
    taken = seen.asked.completion.latency_s * 1000
    return seen.verdict(taken <= seen.threshold(0), f"took {taken:.0f} ms, allowed are {seen.threshold(0):g}")


def finish_reason(seen: Seen) -> Grade:
    """Whether the answer ended for the reason that is named, such as `stop` or `length`."""
    reason = seen.asked.completion.finish_reason
    if not reason or seen.asked.case.answer is not None:
        return seen.verdict(False, "the model gave no reason why its answer ended")
    return seen.verdict(reason.lower() == seen.value.lower(), f"ended with {reason!r}")


def _dollars(asked: Asked, options: Any) -> float | None:
    completion = asked.completion
    if asked.case.answer is not None or not completion.cached:
        return completion.cost_usd
    if options["priced_as"] == "echo":
        return 0.0
    price = price_of(ModelSpec(options["priced_as"], price=tuple(options["price"]) if "price" in options else None))
    return None if price is None else cost_of(completion, price)
