"""Answers on disk, so that the same question is paid for once: SQLite, safe for many processes at once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from opro_action.models.model import Completion, Request

logger = logging.getLogger(__name__)

_BUSY_SECONDS = 30.0
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_KEY_VERSION = 1
_STORED = ("text", "prompt_tokens", "completion_tokens", "cost_usd", "finish_reason", "latency_s")


def cache_key(request: Request, servers: Mapping[str, str] | None = None) -> str:
    """SHA-256 over everything that may change the answer; a key for the provider is never part of it.

    `servers` are those that the environment names for the provider, by variable; none leave the key as it is.
    """
    params = {name: value for name, value in request.params.items() if name != "api_key"}
    asked = {
        "v": _KEY_VERSION,
        "model": request.model,
        "params": params,
        "messages": [[message.role, message.content] for message in request.messages],
        "repeat": request.repeat,
        "response_format": request.response_format,
        **({"servers": dict(servers)} if servers else {}),
    }
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """Completions by `cache_key`, in one SQLite file that any number of processes may share.

    A damaged file is set aside as `<name>.damaged-<n>` and a new one is begun. A file that cannot be written is
    not an error: the run goes on without it. Both are said once, to `warn`.
    """

    def __init__(self, path: Path, *, warn: Callable[[str], None] = logger.warning) -> None:
        self.path = path
        self._warn = warn
        self._off = False
        self._inode = 0
        self._db: sqlite3.Connection | None = None

    def get(self, key: str) -> Completion | None:
        """The stored completion, marked `cached` and free of cost; None when there is none."""
        row: tuple[str] | None = self._guarded("SELECT value FROM answers WHERE key = ?", key)
        return _completion(row[0]) if row else None

    def put(self, key: str, completion: Completion) -> None:
        """Store a complete answer. Durable against a killed process; a power cut may lose the last ones."""
        values = asdict(completion)
        value = json.dumps({name: values[name] for name in _STORED})
        self._guarded("INSERT OR REPLACE INTO answers VALUES (?, ?)", key, value)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _guarded(self, sql: str, *arguments: str) -> Any:
        for may_rebuild in (True, False):
            try:
                return None if self._off else self._opened().execute(sql, arguments).fetchone()
            except (sqlite3.Error, OSError) as error:
                self.close()
                # Extended result codes carry the primary one in their lowest byte.
                damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
                if damaged and may_rebuild:
                    self._set_aside()
                else:
                    self._off = True
                    self._warn(f"{self.path}: the cache cannot be used ({error}); this run goes on without it.")
        return None

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._inode = self.path.stat().st_ino
            _begin_log(db)
            # With a write-ahead log NORMAL cannot damage the file, and saves an fsync for each answer.
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        return self._db

    def _set_aside(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            # Another process may have found the damage first: what is there now is then its new, good file.
            if self.path.stat().st_ino == self._inode:
                damaged = _free_name(self.path)
                self.path.rename(damaged)
                for suffix in ("-wal", "-shm"):
                    with contextlib.suppress(FileNotFoundError):
                        Path(f"{self.path}{suffix}").rename(f"{damaged}{suffix}")
                self._warn(f"{self.path}: the damaged cache was set aside as {damaged.name} and a new one begun.")


def _begin_log(db: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; where several processes do that to a new file, SQLite does not wait by itself."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _free_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return name


def _completion(value: str) -> Completion | None:
    """None for a row that this version cannot read: the question is then asked again."""
    try:
        stored = {name: field for name, field in json.loads(value).items() if name in _STORED}
        return Completion(**{**stored, "cost_usd": 0.0, "cached": True})
    except (ValueError, TypeError, AttributeError):
        return None
