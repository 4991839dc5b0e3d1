"""How questions reach the desk: in the same process, or from a worker of pytest-xdist over a local connection.

What goes over the connection is JSON, after both sides have shown that they know the same key.
"""

from __future__ import annotations

import json
import os
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from typing import Any

Ask = Callable[[Mapping[str, Any]], dict[str, Any]]

_WAITING = 128
"""How many workers may call at the same moment."""

_GONE = (
    "The process that asks models cannot be reached: it has ended, or it runs on another machine; "
    "run suites with local workers (`pytest -n`)."
)


class Exchange:
    """Takes the workers' questions to `ask`, each worker's in a thread of its own."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._key = os.urandom(32)
        # Without a key here: the listener would shake hands inside `accept`, where one silent caller stops all others.
        self._listener = _listener()
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name="opro-exchange", daemon=True)
        self._thread.start()

    @property
    def address(self) -> dict[str, Any]:
        """What a worker has to know, in types that go through execnet."""
        return {"address": self._listener.address, "key": self._key.hex()}

    def close(self) -> None:
        """Take no more questions."""
        self._closed = True
        Client(self._listener.address).close()  # wakes the thread that waits in `accept`
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:
                continue  # whoever called has hung up
            if self._closed:
                connection.close()
                return
            threading.Thread(target=self._serve, args=[connection], name="opro-worker", daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection:
            try:
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
                while True:
                    question = json.loads(connection.recv_bytes())
                    connection.send_bytes(json.dumps(self._answer(question)).encode())
            except (EOFError, OSError, CancelledError, AuthenticationError):
                return  # the worker has ended, or the run has, or the caller does not know the key

    def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._ask(question)
        except Exception:  # noqa: BLE001 - a bug here is shown by the worker that asked
            return {"bug": traceback.format_exc()}


def _listener() -> Listener:
    try:
        return Listener(backlog=_WAITING)
    except OSError:  # a socket's path has about 100 characters at most, and TMPDIR may be longer
        return Listener(("127.0.0.1", 0), backlog=_WAITING)


class Remote:
    """The controller's desk, as a worker sees it."""

    def __init__(self, address: str | tuple[str, int], key: str) -> None:
        self._address = address
        self._key = key
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The desk's answer; raises RuntimeError when the controller has ended, or has met a bug."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = Client(self._address, authkey=bytes.fromhex(self._key))
                self._connection.send_bytes(json.dumps(question).encode())
                found: dict[str, Any] = json.loads(self._connection.recv_bytes())
            except (EOFError, OSError) as error:
                raise RuntimeError(_GONE) from error
        if "bug" in found:
            raise RuntimeError(found["bug"])
        return found

    def rest(self) -> None:
        """Close the connection; a later question opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
