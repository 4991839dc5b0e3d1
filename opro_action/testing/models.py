"""The simulated models behind the project's own protocol: a task model and an optimizer model of one world."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence

from opro_action.models.model import Completion, Message, Request
from opro_action.testing import draws
from opro_action.testing.reading import Seen, legible, read
from opro_action.testing.said import TICKET
from opro_action.testing.shapes import in_fields, shaped, wanted_count, wanted_fields
from opro_action.testing.vocabulary import HABITS, Sentence
from opro_action.testing.world import World
from opro_action.testing.writing import HANDS, Mind, written


class SimulatedTaskModel:
    """Sorts messages as its world has it, given whatever prompt stands around them.

    The message that counts is the last one in the request; all else is the prompt, earlier messages in it are
    examples. With a temperature other than 0 each `repeat` gets an answer of its own.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    async def complete(self, request: Request) -> Completion:
        sample = request.repeat if request.params.get("temperature", 1.0) else 0
        return completed(request.messages, self.answer(request.messages, sample))

    def answer(self, messages: Sequence[Message], sample: int = 0) -> str:
        text, number = prompt_and_number(messages)
        if number is None:
            return "There is no message to sort."
        answer = self.world.answer(text, number, sample)
        fields = wanted_fields("\n".join(message.content for message in messages))
        return in_fields(answer, fields) if fields else answer


class SimulatedOptimizerModel:
    """Writes prompts from nothing but the text it is sent.

    `hand` names its abilities: `good`; `ignores`, which only rephrases; `garbled`, a small one with broken replies;
    `copies`, which quotes examples; `drops_placeholders`. With a temperature other than 0 each `repeat` of a request
    gets a reply of its own. Raises KeyError for an unknown hand.
    """

    def __init__(self, world: World, hand: str = "good") -> None:
        harmful = {key for key, effect in world.habits.items() if effect < 0} | {world.blanket}
        weights = [(f"habit:{index}", 1.0) for index in range(len(HABITS))]
        tempted = tuple((key, world.landscape.temptation if key in harmful else weight) for key, weight in weights)
        self._mind = Mind(HANDS[hand], tempted)
        self._notice = world.landscape.notice
        self._seed = world.seed

    async def complete(self, request: Request) -> Completion:
        sample = request.repeat if request.params.get("temperature", 1.0) else 0
        return completed(request.messages, self.reply(request.messages, sample))

    def reply(self, messages: Sequence[Message], sample: int = 0) -> str:
        text = "\n\n".join(legible(message.content) for message in messages)
        dice = random.Random(draws.seed_of(self._seed, "writer", text, sample))  # noqa: S311  a reproducible simulation
        seen = self._dimmed(read(text), dice)
        texts = [self._laid_out(written(self._mind, seen, dice), seen, dice) for _ in range(wanted_count(text))]
        return self._spoilt(shaped(texts, text), seen, dice)

    def _dimmed(self, seen: Seen, dice: random.Random) -> Seen:
        """In some worlds the reason of a failure is harder to find than in others."""
        for case in seen.cases:
            if dice.random() >= self._notice:
                case.cue, case.talked = None, False
        return seen

    def _laid_out(self, sentences: Sequence[Sentence], seen: Seen, dice: random.Random) -> str:
        text = " ".join(sentence.text for sentence in sentences)
        hand = self._mind.hand
        if seen.cases and dice.random() < self._chance(hand.copies, "copies", seen):
            text += f" For example, {dice.choice(seen.cases).text}"
        if seen.marks and dice.random() >= self._chance(hand.forgets, "placeholders", seen):
            text += "\n\n" + "\n".join(seen.marks)
        return text

    def _spoilt(self, reply: str, seen: Seen, dice: random.Random) -> str:
        if dice.random() >= self._chance(self._mind.hand.broken, "tags", seen):
            return reply
        bare = reply.replace("<", "").replace(">", "")
        return dice.choice((bare, reply[: len(reply) // 2], f"Sure! Here is one. {bare} Does that help?", "I see."))

    @staticmethod
    def _chance(share: float, fault: str, seen: Seen) -> float:
        return share / 3 if fault in seen.told else share


class Repeats:
    """Counts how often the same request has come, for callers that do not say which repeat it is; thread-safe."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, request: str) -> int:
        """0 for a request that is new, 1 when it comes again, and so on."""
        with self._lock:
            count = self._seen[request]
            self._seen[request] += 1
        return count


def prompt_and_number(messages: Sequence[Message]) -> tuple[str, int | None]:
    """What stands around the last message to sort, and that message's number; None when there is none."""
    text = "\n".join(message.content for message in messages)
    found = list(TICKET.finditer(text))
    if not found:
        return text, None
    last = found[-1]
    return text[: last.start()] + text[last.end() :], int(last[1])


def completed(messages: Sequence[Message], text: str) -> Completion:
    """A completion whose tokens are words and that costs nothing."""
    sent = sum(len(message.content.split()) for message in messages)
    return Completion(text, prompt_tokens=sent, completion_tokens=len(text.split()), cost_usd=0.0)
