"""The meta-prompt for small optimizer models: they continue a pattern better than they follow an instruction.

A model of 135 million parameters that is asked for a better prompt, as a large one is, answers with an example of the
task or with talk. Shown a few tasks with an instruction each, as turns of a chat, it writes an instruction
for the next task. Several temperatures and changing demonstrations give the variety that it does not have itself;
half of the drafts also show the best prompt so far, as a demonstration of the task itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from opro_action.models.model import Message
from opro_action.search.candidates import EMPTY, first_line, reframed
from opro_action.search.demos import without_demos
from opro_action.search.metaprompt import Draft
from opro_action.search.showing import Brief
from opro_action.search.split import order
from opro_action.search.trajectory import Way
from opro_action.suite.prompt import Frame
from opro_action.suite.suite import Suite

TEMPERATURES = (0.5, 0.8, 1.1)
MAX_TOKENS = 40
SHOWN = 4

DEMONSTRATIONS = (
    ("Say whether a review is positive or negative.", "Is this review positive or negative? Answer with one word."),
    ("Name the animal in a story: cat, dog or bird.", "Which animal is this story about?"),
    ("Decide what a message is about: money, food or travel.", "What is this message about? Answer with one word."),
    ("Name the season of a day: spring, summer, autumn or winter.", "In which season is this day?"),
    ("Say how old a person is.", "What is the age of this person? Write only the number."),
    ("Find the capital of a country.", "Name the capital of this country."),
    ("Say whether a number is even or odd.", "Is this number even or odd?"),
    (
        "Sort a recipe into breakfast, lunch or dinner.",
        "At which meal is this recipe eaten: breakfast, lunch or dinner?",
    ),
)


@dataclass(frozen=True)
class Small:
    """Writes instructions by example. The lines of the prompt that hold placeholders stay as they are."""

    def drafts(self, brief: Brief) -> tuple[Draft, ...]:
        return tuple(self._draft(brief, index) for index in range(len(brief.ways)))

    def text(self, reply: str, suite: Suite) -> tuple[str, str | None]:
        """The candidate in a reply, and why there is none."""
        instruction = first_line(reply)
        return (reframed(instruction, suite.prompt), None) if instruction else ("", EMPTY)

    def _draft(self, brief: Brief, index: int) -> Draft:
        spec = brief.suite.optimize
        shown = sorted(DEMONSTRATIONS, key=lambda demo: order(spec.seed, str(brief.step), str(index), demo[0]))[:SHOWN]
        # The best prompt stands first, far from the question: right before it, it would only be copied.
        best = _best_so_far(brief) if index % 2 else []
        way: Way = "rewrite" if best else "restart"
        turns = [message for task, instruction in [*best, *shown] for message in _turn(task, instruction)]
        temperature = TEMPERATURES[index % len(TEMPERATURES)]
        messages = (*turns, _asked(brief.suite.description))
        return Draft(messages, (("temperature", temperature), ("max_tokens", MAX_TOKENS)), way)


def _best_so_far(brief: Brief) -> list[tuple[str, str]]:
    """The best prompt as a demonstration of the task itself, once there is a better one than the file's."""
    best = brief.trajectory.best
    if best.origin == "file":
        return []
    return [(brief.suite.description, _instruction(without_demos(best.text), brief.suite.prompt.frame))]


def _instruction(text: str, frame: Frame) -> str:
    """A prompt's own words: its lines without placeholders."""
    return "\n".join(line for line in text.splitlines() if not frame.placeholders(line)).strip()


def _asked(task: str) -> Message:
    return Message("user", f"Task: {task}\nWrite the instruction.")


def _turn(task: str, instruction: str) -> tuple[Message, Message]:
    return _asked(task), Message("assistant", instruction)
