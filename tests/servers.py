"""A real OpenAI-compatible server on loopback, for tests: it counts what arrives and answers from a function."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Reply = tuple[int, Mapping[str, str], Mapping[str, Any]]
Answer = Callable[[dict[str, Any]], str | Reply]

QUEUE = 128
"""Connections that may wait. A burst overflows the five of the standard library, and then each takes seconds."""


def last_user_message(asked: dict[str, Any]) -> str:
    """The text of the last user message of a chat completion request."""
    return str([message["content"] for message in asked["messages"] if message["role"] == "user"][-1])


def failure(status: int, message: str = "something went wrong", *, code: str | None = None, **headers: str) -> Reply:
    """An error as OpenAI sends it; `retry_after="3"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, {"error": {"message": message, "type": code, "code": code}}


def completion(asked: dict[str, Any], text: str | None, *, finish_reason: str = "stop") -> dict[str, Any]:
    """A chat completion as OpenAI sends it; tokens are words."""
    words = sum(len(str(message["content"]).split()) for message in asked["messages"])
    written = len((text or "").split())
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": asked.get("model", ""),
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": words, "completion_tokens": written, "total_tokens": words + written},
    }


@dataclass
class ModelServer:
    """A context manager: `url` is the api_base; `answer` gets the request's JSON and returns a text or a reply.

    `requests` are the bodies that arrived, in order, `headers` theirs; `most_at_once` is the highest number of
    requests under way at the same time. `latency` is in seconds. Stopped and started again, it keeps its port.
    """

    answer: Answer = lambda asked: "ok"
    latency: float = 0.0
    port: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def count(self) -> int:
        return len(self.requests)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self._server.socket.listen(QUEUE)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, asked: dict[str, Any], headers: dict[str, str]) -> Reply:
        with self._lock:
            self.requests.append(asked)
            self.headers.append(headers)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            time.sleep(self.latency)
            said = self.answer(asked)
            return (200, {}, completion(asked, said)) if isinstance(said, str) else said
        finally:
            with self._lock:
                self._under_way -= 1


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # HTTP/1.0 closes after each reply, so that no idle connection outlives a test.
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            asked = json.loads(self.rfile.read(length))
            status, headers, body = server.handle(asked, {name.lower(): value for name, value in self.headers.items()})
            data = json.dumps(body).encode()
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except ConnectionError:
                pass  # the client has given up waiting, which some tests want

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler
