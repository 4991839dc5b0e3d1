"""The fake GitHub's pull requests, labels, comments and reviewers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fake_github_git import Route
from fake_github_graphql import graphql
from fake_github_shapes import WHEN, label, pull_links, repository, user
from fake_github_values import BOT, Call, Json, Refusal

if TYPE_CHECKING:
    from fake_github import FakeGitHub

_BODY_LIMIT = 65_536


def _simple_json(hub: FakeGitHub, pull: dict[str, Any]) -> Json:
    """A pull request as a list of them has it."""
    number = pull["number"]
    return {
        **pull_links(hub, number, pull["head_sha"]),
        **dict.fromkeys(["assignee", "milestone", "merge_commit_sha", "auto_merge"]),
        "id": number,
        "node_id": f"PR_{number}",
        "number": number,
        "state": pull["state"],
        "title": pull["title"],
        "body": pull["body"],
        "draft": pull["draft"],
        "locked": False,
        "author_association": "CONTRIBUTOR",
        "merged_at": pull["merged_at"],
        "closed_at": pull["closed_at"],
        "created_at": WHEN,
        "updated_at": WHEN,
        "user": user(hub, BOT),
        "labels": [hub.labels[name] for name in pull["labels"]],
        "requested_reviewers": [user(hub, login) for login in pull["reviewers"]],
        "head": _side(hub, pull["head"], pull["head_sha"], pull.get("head_repo", {})),
        "base": _side(hub, pull["base"], hub.objects.ref(f"refs/heads/{pull['base']}") or "0" * 40, {}),
    }


def _pull_json(hub: FakeGitHub, pull: dict[str, Any]) -> Json:
    counts = dict.fromkeys(["additions", "changed_files", "comments", "commits", "deletions", "review_comments"], 0)
    merge = {
        "merged": pull["merged_at"] is not None,
        "merged_by": None,
        "mergeable": None,
        "mergeable_state": "unknown",
    }
    return {**_simple_json(hub, pull), **counts, **merge, "maintainer_can_modify": False}


def _side(hub: FakeGitHub, branch: str, sha: str, of: dict[str, Any]) -> Json:
    owner = user(hub, hub.owner)
    return {
        "ref": branch,
        "sha": sha,
        "label": f"{hub.owner}:{branch}",
        "user": owner,
        "repo": {**repository(hub), **of},
    }


def _list_pulls(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    state, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    found = [
        pull
        for pull in reversed(hub.pulls)
        if state in {"all", pull["state"]}
        and head in {None, f"{hub.owner}:{pull['head']}"}
        and base in {None, pull["base"]}
    ]
    return 200, [_simple_json(hub, pull) for pull in found]


def _get_pull(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, _pull_json(hub, hub.pull(int(call.parts[0])))


def _create_pull(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    title, head, base = call.need("title"), call.need("head").removeprefix(f"{hub.owner}:"), call.need("base")
    head_sha, base_sha = (hub.objects.ref(f"refs/heads/{name}") for name in (head, base))
    if head_sha is None or base_sha is None:
        raise Refusal(422, "Validation Failed", f"{'base' if head_sha else 'head'} is invalid")
    if any(pull["head"] == head and pull["base"] == base for pull in hub.open_pulls):
        raise Refusal(422, "Validation Failed", f"A pull request already exists for {hub.owner}:{head}.")
    if not hub.objects.ahead(base_sha, head_sha):
        raise Refusal(422, "Validation Failed", f"No commits between {base} and {head}")
    pull = {
        "number": len(hub.pulls) + 1,
        "state": "open",
        "title": title,
        "body": _body(call),
        "draft": call.body.get("draft", False),
        "head": head,
        "head_sha": head_sha,
        "base": base,
        "labels": [],
        "reviewers": [],
        "merged_at": None,
        "closed_at": None,
    }
    hub.pulls.append(pull)
    return 201, _pull_json(hub, pull)


def _edit_pull(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    pull = hub.pull(int(call.parts[0]))
    if "body" in call.body:
        pull["body"] = _body(call)
    pull.update({key: call.body[key] for key in ("title", "base", "state") if key in call.body})
    return 200, _pull_json(hub, pull)


def _body(call: Call) -> str:
    body = str(call.body.get("body") or "")
    if len(body) > _BODY_LIMIT:
        raise Refusal(422, "Validation Failed", f"body is too long (maximum is {_BODY_LIMIT} characters)")
    if "\0" in body:
        raise Refusal(422, "Validation Failed", "body contains a NUL")
    return body


def _request_reviewers(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    pull = hub.pull(int(call.parts[0]))
    pull["reviewers"] = list(dict.fromkeys([*pull["reviewers"], *call.need("reviewers", list)]))
    return 201, _simple_json(hub, pull)


def _list_labels(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, list(hub.labels.values())


def _get_label(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    if call.parts[0] not in hub.labels:
        raise Refusal(404, "Not Found")
    return 200, hub.labels[call.parts[0]]


def _create_label(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    name, color = call.need("name"), call.body.get("color", "ededed")
    if name in hub.labels:
        raise Refusal(422, "Validation Failed", "already_exists")
    if not re.fullmatch("[0-9a-fA-F]{6}", color):
        raise Refusal(422, "Validation Failed", "color is invalid")
    return 201, _new_label(hub, name, color, str(call.body.get("description") or ""))


def _new_label(hub: FakeGitHub, name: str, color: str, description: str) -> Json:
    hub.labels[name] = label(hub, name, color, description)
    return hub.labels[name]


def _add_labels(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    pull = hub.pull(int(call.parts[0]))
    body: Any = call.body  # GitHub takes a bare list as well as an object
    for name in body if isinstance(body, list) else call.need("labels", list):
        if name not in hub.labels:
            _new_label(hub, name, "ededed", "")
        if name not in pull["labels"]:
            pull["labels"].append(name)
    return 200, [hub.labels[name] for name in pull["labels"]]


def _remove_label(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    pull = hub.pull(int(call.parts[0]))
    if call.parts[1] not in pull["labels"]:
        raise Refusal(404, "Label does not exist")
    pull["labels"].remove(call.parts[1])
    return 200, [hub.labels[name] for name in pull["labels"]]


def _list_comments(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, hub.comments.get(int(call.parts[0]), [])


def _create_comment(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    call.need("body")
    number = int(call.parts[0])
    hub.pull(number)
    return 201, new_comment(hub, number, _body(call), BOT)


def new_comment(hub: FakeGitHub, number: int, body: str, login: str) -> Json:
    """A comment on a pull request, by anyone."""
    identity = sum(len(comments) for comments in hub.comments.values()) + 1
    html = f"{hub.url}/{hub.owner}/{hub.name}/pull/{number}#issuecomment-{identity}"
    comment = {
        "id": identity,
        "node_id": f"IC_{identity}",
        "url": f"{hub.api}/issues/comments/{identity}",
        "html_url": html,
        "issue_url": f"{hub.api}/issues/{number}",
        "body": body,
        "user": user(hub, login),
        "created_at": WHEN,
        "updated_at": WHEN,
        "author_association": "NONE",
    }
    hub.comments.setdefault(number, []).append(comment)
    return comment


def _edit_comment(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    for comment in (each for comments in hub.comments.values() for each in comments):
        if comment["id"] == int(call.parts[0]):
            comment["body"] = _body(call)
            return 200, comment
    raise Refusal(404, "Not Found")


def _get_issue(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    pull = hub.pull(int(call.parts[0]))
    url = f"{hub.api}/issues/{pull['number']}"
    simple = _simple_json(hub, pull)
    same = "id number state locked title body user labels assignee milestone html_url created_at updated_at closed_at"
    return 200, {
        **{name: simple[name] for name in same.split()},
        **{f"{name}_url": f"{url}/{name}" for name in ("comments", "events", "labels")},
        "node_id": f"I_{pull['number']}",
        "url": url,
        "repository_url": hub.api,
        "comments": len(hub.comments.get(pull["number"], [])),
        "author_association": "CONTRIBUTOR",
        "pull_request": {name: simple[name] for name in ("url", "html_url", "diff_url", "patch_url")},
    }


def _permission(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    login = call.parts[0]
    found = hub.permissions.get(login, "read")
    return 200, {"permission": found, "role_name": found, "user": {**user(hub, login), "role_name": found}}


PULL_ROUTES: tuple[Route, ...] = (
    ("GET", "{repo}/pulls", _list_pulls),
    ("POST", "{repo}/pulls", _create_pull),
    ("GET", "{repo}/pulls/([0-9]+)", _get_pull),
    ("PATCH", "{repo}/pulls/([0-9]+)", _edit_pull),
    ("POST", "{repo}/pulls/([0-9]+)/requested_reviewers", _request_reviewers),
    ("GET", "{repo}/labels", _list_labels),
    ("GET", "{repo}/labels/([^/]+)", _get_label),
    ("POST", "{repo}/labels", _create_label),
    ("GET", "{repo}/issues/([0-9]+)", _get_issue),
    ("POST", "{repo}/issues/([0-9]+)/labels", _add_labels),
    ("DELETE", "{repo}/issues/([0-9]+)/labels/([^/]+)", _remove_label),
    ("GET", "{repo}/issues/([0-9]+)/comments", _list_comments),
    ("POST", "{repo}/issues/([0-9]+)/comments", _create_comment),
    ("PATCH", "{repo}/issues/comments/([0-9]+)", _edit_comment),
    ("GET", "{repo}/collaborators/([^/]+)/permission", _permission),
    ("POST", "/graphql", graphql),
)
