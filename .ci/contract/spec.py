"""GitHub's OpenAPI description, cut to the calls that we make, so that the proxy starts at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WHOLE = Path(__file__).parent / "node_modules/@octokit/openapi/generated/api.github.com.json"
CALLS = {
    "/repos/{owner}/{repo}": {"get"},
    "/repos/{owner}/{repo}/collaborators/{username}/permission": {"get"},
    "/repos/{owner}/{repo}/git/blobs": {"post"},
    "/repos/{owner}/{repo}/git/blobs/{file_sha}": {"get"},
    "/repos/{owner}/{repo}/git/commits": {"post"},
    "/repos/{owner}/{repo}/git/commits/{commit_sha}": {"get"},
    "/repos/{owner}/{repo}/git/ref/{ref}": {"get"},
    "/repos/{owner}/{repo}/git/refs": {"post"},
    "/repos/{owner}/{repo}/git/refs/{ref}": {"patch"},
    "/repos/{owner}/{repo}/git/trees": {"post"},
    "/repos/{owner}/{repo}/git/trees/{tree_sha}": {"get"},
    "/repos/{owner}/{repo}/issues/{issue_number}": {"get"},
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": {"get", "post"},
    "/repos/{owner}/{repo}/issues/{issue_number}/labels": {"post"},
    "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}": {"delete"},
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": {"patch"},
    "/repos/{owner}/{repo}/labels": {"post"},
    "/repos/{owner}/{repo}/labels/{name}": {"get"},
    "/repos/{owner}/{repo}/pulls": {"get", "post"},
    "/repos/{owner}/{repo}/pulls/{pull_number}": {"get", "patch"},
    "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers": {"post"},
}


_JSON = {"content": {"application/json": {"schema": {"type": "object"}}}}
_ANYTHING = {"post": {"requestBody": _JSON, "responses": {"200": {"description": "", **_JSON}}}}


def write_cut(target: Path) -> None:
    """Write the cut description; raises KeyError for a call that GitHub does not have."""
    whole = json.loads(WHOLE.read_bytes())
    paths = {path: _kept(whole["paths"][path], methods) for path, methods in CALLS.items()}
    paths |= {longer: item for path, item in paths.items() for longer, item in _longer(path, item)}
    paths["/graphql"] = _ANYTHING  # held against its own schema by graphql.mjs
    components: dict[str, dict[str, Any]] = {}
    waiting = list(_references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = whole["components"][kind][name]
            waiting += _references(components[kind][name])
    cut = {**{key: whole[key] for key in ("openapi", "info")}, "paths": paths, "components": components}
    target.write_text(json.dumps(cut))


def _kept(item: dict[str, Any], methods: set[str]) -> dict[str, Any]:
    return {name: item[name] for name in (*methods, *({"parameters"} & item.keys()))}


def _longer(path: str, item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same for names with a slash in them, which GitHub takes as they are, and the proxy does not."""
    for parts in (["first"], ["first", "second"]) if path.endswith("/{ref}") else ():
        more = [{"name": part, "in": "path", "required": True, "schema": {"type": "string"}} for part in parts]
        longer = {name: {**each, "parameters": [*each["parameters"], *more]} for name, each in item.items()}
        yield path.removesuffix("{ref}") + "".join(f"{{{part}}}/" for part in parts) + "{ref}", longer


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
