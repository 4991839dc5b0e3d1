"""The fake GitHub's GraphQL API: who asks, refs compared and swapped, drafts; just what a proposal uses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fake_github_objects import GitError
from fake_github_values import BOT, Call, Json, Refusal

if TYPE_CHECKING:
    from fake_github import FakeGitHub

NOWHERE = "0" * 40
_FIELD = re.compile(r"\{\s*(\w+)")


def operation(body: Json) -> str:
    """The field that a request asks for: `updateRefs`, `viewer`."""
    query = body.get("query") if isinstance(body, dict) else None
    found = _FIELD.search(str(query or ""))
    return found[1] if found else ""


def graphql(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    """Answers with 200 whatever happens, as GraphQL does; refusals are in `errors`."""
    name = operation({"query": call.need("query")})
    field = _FIELDS.get(name)
    if field is None or name in hub.unknown_fields:
        return 200, {"errors": [{"message": f"Field '{name}' doesn't exist on type 'Mutation'"}]}
    try:
        return 200, {"data": {name: field(hub, (call.body.get("variables") or {}).get("input", {}))}}
    except (Refusal, GitError) as error:
        kind = error.kind if isinstance(error, Refusal) else "UNPROCESSABLE"
        return 200, {"data": {name: None}, "errors": [{"type": kind, "path": [name], "message": str(error)}]}


def _viewer(hub: FakeGitHub, asked: Json) -> Json:
    return {"login": BOT}


def _update_refs(hub: FakeGitHub, asked: Json) -> Json:
    if asked["repositoryId"] != hub.node_id:
        raise Refusal(404, f"Could not resolve to a node with the global id of '{asked['repositoryId']}'")
    for update in asked["refUpdates"]:
        name, after = update["name"], update["afterOid"]
        if name in hub.protected:
            raise Refusal(422, "Repository rule violations found")
        now = hub.objects.ref(name)
        if "beforeOid" in update and update["beforeOid"] != (now or NOWHERE):
            raise Refusal(422, f"Expected {name} to be at {update['beforeOid']}, but it is at {now or NOWHERE}")
        if not hub.objects.has(after, "commit"):
            raise Refusal(422, f"{after} is no commit")
        if now and not update.get("force") and hub.objects.ahead(after, now):
            raise Refusal(422, "Update is not a fast forward")
        hub.objects.git("check-ref-format", name)
        hub.objects.set_ref(name, after)
    return {"clientMutationId": None}


def _drafted(draft: bool) -> Callable[[FakeGitHub, Json], Json]:
    def change(hub: FakeGitHub, asked: Json) -> Json:
        node = re.fullmatch(r"PR_(\d+)", asked.get("pullRequestId", ""))
        if not node:
            raise Refusal(404, f"Could not resolve to a node with the global id of {asked!r}")
        pull = hub.pull(int(node[1]))
        pull["draft"] = draft
        return {"clientMutationId": None, "pullRequest": {"isDraft": draft}}

    return change


_FIELDS: dict[str, Callable[[FakeGitHub, Any], Json]] = {
    "viewer": _viewer,
    "updateRefs": _update_refs,
    "convertPullRequestToDraft": _drafted(True),
    "markPullRequestReadyForReview": _drafted(False),
}
