"""The simulated models over HTTP, in OpenAI's format: what whole programs and other people's optimizers talk to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opro_action.models.model import Message
from opro_action.testing.models import Repeats, SimulatedOptimizerModel, SimulatedTaskModel
from opro_action.testing.world import World
from opro_action.testing.writing import HANDS

Reply = tuple[int, dict[str, Any]]

QUEUE = 128
"""Connections that may wait. A burst overflows the five of the standard library, and then each takes seconds."""


@dataclass
class SimulatorServer:
    """A context manager that serves one world on loopback; `url` is the `api_base`.

    A model whose name holds `task` is the task model, any other the optimizer model with the abilities of `hand`, or
    those that a name such as `writer-garbled` says. After `limit` answers the task model refuses with status 402, so
    that no optimizer can spend more. `task_calls` and `writer_calls` count what was answered, `refused` what was not.
    """

    world: World
    hand: str = "good"
    limit: int | None = None
    port: int = 0
    task_calls: int = 0
    writer_calls: int = 0
    refused: int = 0
    _repeats: Repeats = field(default_factory=Repeats)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self._server.socket.listen(QUEUE)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def reply(self, asked: Mapping[str, Any]) -> Reply:
        """Status and body for the body of a chat completion request."""
        messages = tuple(Message(str(message["role"]), _text(message["content"])) for message in asked["messages"])
        model = str(asked.get("model", "task"))
        if not self._count(writes="task" not in model):
            message = f"The budget of {self.limit} task calls is spent."
            return 402, {"error": {"message": message, "type": "insufficient_quota", "code": "insufficient_quota"}}
        choices = [self._choice(model, messages, asked, index) for index in range(int(asked.get("n") or 1))]
        return 200, _body(model, messages, choices)

    def _count(self, *, writes: bool) -> bool:
        with self._lock:
            if writes:
                self.writer_calls += 1
            elif self.limit is not None and self.task_calls >= self.limit:
                self.refused += 1
                return False
            else:
                self.task_calls += 1
            return True

    def _choice(self, model: str, messages: tuple[Message, ...], asked: Mapping[str, Any], index: int) -> str:
        sample = 0
        if asked.get("temperature", 1.0):
            sample = self._repeats.next(json.dumps([model, asked["messages"]], sort_keys=True))
        if "task" in model:
            return SimulatedTaskModel(self.world).answer(messages, sample)
        hand = model.partition("writer-")[2]
        return SimulatedOptimizerModel(self.world, hand if hand in HANDS else self.hand).reply(messages, sample)


def _text(content: Any) -> str:
    """A message's text; OpenAI's format also has it in parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return str(content or "")


def _body(model: str, messages: tuple[Message, ...], texts: list[str]) -> dict[str, Any]:
    sent = sum(len(message.content.split()) for message in messages)
    written = sum(len(text.split()) for text in texts)
    choices = [
        {"index": index, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        for index, text in enumerate(texts)
    ]
    return {
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": choices,
        "usage": {"prompt_tokens": sent, "completion_tokens": written, "total_tokens": sent + written},
    }


def _handler(server: SimulatorServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                status, answer = server.reply(json.loads(body))
            except (ValueError, KeyError, TypeError) as wrong:
                status, answer = 400, {"error": {"message": f"not a chat completion request: {wrong!r}"}}
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed for a request."""

    return Handler
