"""The served models as the arms of the benchmark meet them: one cache for all, and calls counted by arm."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from search_models_place import Cases, Job, Place

from opro_action.errors import NotMeasured
from opro_action.models.budget import Budget
from opro_action.models.cache import Cache
from opro_action.models.connect import Models
from opro_action.models.model import Message, Request
from opro_action.scoring.results import CaseResult, SuiteResult
from opro_action.scoring.runner import Bench, gather, score_cases
from opro_action.search.candidates import reframed
from opro_action.suite.suite import Case, ModelSpec, Suite

T = TypeVar("T")

AT_ONCE = 8
"""Calls under way together; also how many replies to one message are asked for ahead, as all peers want that many."""


@dataclass
class Served:
    """A suite with its models behind an address; a context manager, since connections and cache are closed at the end.

    It is the peers' backend (`result`, `write`). They write instructions: where the prompt has a placeholder for the
    input, it stays where it is, as in the harness of the reference. Raises NotMeasured when a server does not answer.
    """

    suite: Suite
    cases: Cases
    place: Place
    _known: dict[str, dict[str, CaseResult]] = field(default_factory=dict)
    _replies: dict[tuple[str, int], str] = field(default_factory=dict)

    @classmethod
    def of(cls, place: Place, job: Job) -> Served:
        suite = place.suite(job)
        return cls(suite, place.cases(suite), place)

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        cache = Cache(self.place.cache / "cache.sqlite")
        self._models = Models(budget=Budget(), cache=cache, concurrency=AT_ONCE)
        task = self._models.connect(self.suite.model, "task")
        self._bench = Bench.of(self.suite, task, lambda spec: self._models.connect(spec, "judge"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._models.aclose())
        self._runner.close()

    @property
    def instruction(self) -> str:
        """The prompt without its lines of placeholders."""
        prompt = self.suite.prompt
        lines = [line for line in prompt.text.split("\n") if not prompt.frame.placeholders(line)]
        return "\n".join(lines).strip()

    @property
    def sent(self) -> dict[str, int]:
        """Calls that reached a server, by role: not those that the cache answered."""
        return {"task": self._models.usage["task"].calls, "optimizer": self._models.usage["optimizer"].calls}

    def whole(self, instruction: str) -> str:
        """The prompt with this instruction."""
        return reframed(instruction.replace("{{", "{").replace("}}", "}"), self.suite.prompt)

    def result(self, text: str, case: Case, sample: int) -> CaseResult:
        """The result of an instruction. At the first case all search cases are asked, since peers go on to them."""
        if text not in self._known:
            results = self.scored(self.whole(text), self.cases.search)
            self._known[text] = {result.case.id: result for result in results}
        return self._known[text][case.id]

    def write(self, messages: Sequence[Message], sample: int) -> str:
        asked = "\n".join(message.content for message in messages)
        if (asked, sample) not in self._replies:
            ahead = range(sample, sample + AT_ONCE)
            texts = self._run(gather([self._reply(tuple(messages), repeat) for repeat in ahead]))
            self._replies.update({(asked, repeat): text for repeat, text in zip(ahead, texts, strict=True)})
        return self._replies[asked, sample]

    def scored(self, prompt: str, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
        results = self._run(score_cases(self._bench, prompt, cases))
        missing = [result for result in results if result.score is None]
        if missing:
            raise NotMeasured(f"{len(missing)} of {len(results)} cases have no score: {missing[0].explanation}")
        return results

    def score(self, prompt: str, cases: Sequence[Case]) -> float:
        """The mean over cases, in [0, 1]."""
        score = SuiteResult(self.scored(prompt, cases)).score
        assert score is not None
        return score

    async def _reply(self, messages: tuple[Message, ...], repeat: int) -> str:
        writer = self.suite.optimize.model
        assert isinstance(writer, ModelSpec)
        model = self._models.connect(writer, "optimizer")
        return (await model.complete(Request(writer.id, messages, writer.params, repeat))).text

    def _run(self, job: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(job)
