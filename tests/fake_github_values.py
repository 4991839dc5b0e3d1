"""What the fake GitHub's routes are told, and how they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Any
BOT = "github-actions[bot]"


class Refusal(Exception):
    """An answer other than success; `kind` is what the GraphQL API says instead of a status."""

    def __init__(self, status: int, message: str, *errors: str) -> None:
        self.status = status
        self.kind = {403: "FORBIDDEN", 404: "NOT_FOUND"}.get(status, "UNPROCESSABLE")
        self.body = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "errors": [{"resource": "fake", "code": "custom", "message": each} for each in errors],
        }
        super().__init__(message)


@dataclass(frozen=True)
class Call:
    """A request that found its route: the parts of the path, the query and the body."""

    parts: tuple[str, ...]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def need(self, name: str, kind: type = str) -> Any:
        value = self.body.get(name)
        if not isinstance(value, kind):
            raise Refusal(422, "Invalid request.", f'"{name}" wasn\'t supplied or has the wrong type.')
        return value
