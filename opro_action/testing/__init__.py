"""A simulated task to test and measure searches on: no model, no cost, and the true quality of a prompt is known.

A `World` (a landscape and a seed) has messages to sort into four teams. The right label of some messages is not
the obvious one; a prompt that says so, in one of several wordings, makes the task model sort them right. Other
sentences help or harm everywhere, or do nothing, and which do what differs from seed to seed. `SimulatedTaskModel`
and `SimulatedOptimizerModel` implement the project's model protocol; `python -m opro_action.testing` serves both over
HTTP in OpenAI's format. Neither knows which algorithm talks to it: all they have is the text they are sent.
"""

from opro_action.testing.landscapes import HELD_OUT, LANDSCAPES, Landscape
from opro_action.testing.models import SimulatedOptimizerModel, SimulatedTaskModel
from opro_action.testing.oracle import best_prompt
from opro_action.testing.suites import first_prompt, simulated_cases, simulated_suite, write_repository
from opro_action.testing.world import World

__all__ = [
    "HELD_OUT",
    "LANDSCAPES",
    "Landscape",
    "SimulatedOptimizerModel",
    "SimulatedTaskModel",
    "World",
    "best_prompt",
    "first_prompt",
    "simulated_cases",
    "simulated_suite",
    "write_repository",
]
