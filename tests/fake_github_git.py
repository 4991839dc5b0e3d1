"""The fake GitHub's repository and Git Data API: refs, commits, trees, blobs, contents, compare."""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fake_github_shapes import repository, user
from fake_github_values import BOT, Call, Json, Refusal

if TYPE_CHECKING:
    from fake_github import FakeGitHub

Route = tuple[str, str, Callable[["FakeGitHub", Call], tuple[int, Json]]]
_SHA = re.compile(r"[0-9a-f]{40}")


def _repository(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, repository(hub)


def _user(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, user(hub, BOT)


def _get_ref(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, _ref_json(hub, f"refs/{call.parts[0]}")


def _ref_json(hub: FakeGitHub, ref: str) -> Json:
    sha = hub.objects.ref(ref)
    if sha is None:
        raise Refusal(404, "Not Found")
    return {
        "ref": ref,
        "node_id": ref,
        "url": f"{hub.api}/git/{urllib.parse.quote(ref)}",
        "object": {"type": "commit", "sha": sha, "url": f"{hub.api}/git/commits/{sha}"},
    }


def _matching_refs(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    prefix = f"refs/{call.parts[0]}"
    names = hub.objects.word("for-each-ref", "--format=%(refname)").split()
    return 200, [_ref_json(hub, name) for name in names if name.startswith(prefix)]


def _commit_sha(hub: FakeGitHub, call: Call) -> str:
    sha = call.need("sha")
    if not (_SHA.fullmatch(sha) and hub.objects.has(sha, "commit")):
        raise Refusal(422, "Object does not exist")
    return str(sha)


def _create_ref(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    ref, sha = call.need("ref"), _commit_sha(hub, call)
    if not ref.startswith("refs/heads/"):
        raise Refusal(422, "Reference name must start with 'refs/'.")
    if hub.objects.ref(ref):
        raise Refusal(422, "Reference already exists")
    hub.objects.git("check-ref-format", ref)
    hub.objects.set_ref(ref, sha)
    return 201, _ref_json(hub, ref)


def _update_ref(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    ref, sha = f"refs/{call.parts[0]}", _commit_sha(hub, call)
    now = hub.objects.ref(ref)
    if now is None:
        raise Refusal(422, "Reference does not exist")
    if call.body.get("force") is not True and hub.objects.ahead(sha, now):
        raise Refusal(422, "Update is not a fast forward")
    hub.objects.set_ref(ref, sha)
    return 200, _ref_json(hub, ref)


def _delete_ref(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    _ref_json(hub, f"refs/{call.parts[0]}")
    hub.objects.set_ref(f"refs/{call.parts[0]}", None)
    return 204, None


def _get_commit(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, _commit_json(hub, call.parts[0])


def _commit_json(hub: FakeGitHub, sha: str) -> Json:
    if not hub.objects.has(sha, "commit"):
        raise Refusal(404, "Not Found")
    commit = hub.objects.commit(sha)
    url = f"{hub.api}/git/commits"
    return {
        **commit,
        "node_id": sha,
        "url": f"{url}/{sha}",
        "html_url": f"{hub.url}/{hub.owner}/{hub.name}/commit/{sha}",
        "tree": {"sha": commit["tree"], "url": f"{hub.api}/git/trees/{commit['tree']}"},
        "parents": [_parent(hub, parent) for parent in commit["parents"]],
        "verification": {"verified": True, "reason": "valid", "signature": None, "payload": None, "verified_at": None},
    }


def _parent(hub: FakeGitHub, sha: str) -> Json:
    html = f"{hub.url}/{hub.owner}/{hub.name}/commit/{sha}"
    return {"sha": sha, "url": f"{hub.api}/git/commits/{sha}", "html_url": html}


def _create_commit(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    message, tree, parents = call.need("message"), call.need("tree"), call.body.get("parents", [])
    if not hub.objects.has(tree, "tree") or not all(hub.objects.has(parent, "commit") for parent in parents):
        raise Refusal(422, "Tree SHA or a parent does not exist")
    sha = hub.objects.write_commit(tree, parents, message, who="github-actions[bot]")
    return 201, _commit_json(hub, sha)


def _get_tree(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    return 200, _tree_json(hub, call.parts[0], recursive=bool(call.query.get("recursive")))


def _tree_json(hub: FakeGitHub, sha: str, *, recursive: bool = False) -> Json:
    if not (hub.objects.has(sha, "tree") or hub.objects.has(sha, "commit")):
        raise Refusal(404, "Not Found")
    found = hub.objects.tree(sha, recursive=recursive)
    rows = [{**row, "url": f"{hub.api}/git/{row['type']}s/{row['sha']}"} for row in found]
    return {"sha": sha, "url": f"{hub.api}/git/trees/{sha}", "tree": rows, "truncated": False}


def _create_tree(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    base = call.body.get("base_tree")
    if base and not hub.objects.has(base, "tree"):
        raise Refusal(422, "base_tree is not a valid tree oid")
    rows = [_tree_entry(hub, entry) for entry in call.need("tree", list)]
    return 201, _tree_json(hub, hub.objects.write_tree(rows, base))


def _tree_entry(hub: FakeGitHub, entry: dict[str, Any]) -> dict[str, Any]:
    if not {"path", "mode", "type"} <= entry.keys() or not {"sha", "content"} & entry.keys():
        raise Refusal(422, "Must supply path, mode, type and either sha or content for each entry")
    if "content" in entry:
        return {**entry, "sha": hub.objects.write_blob(entry["content"].encode())}
    if entry["sha"] and not hub.objects.has(entry["sha"], entry["type"]):
        raise Refusal(422, "tree.sha does not exist")
    return entry


def _get_blob(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    sha = call.parts[0]
    if not hub.objects.has(sha, "blob"):
        raise Refusal(404, "Not Found")
    content = hub.objects.blob(sha)
    encoded = base64.encodebytes(content).decode()
    url = f"{hub.api}/git/blobs/{sha}"
    return 200, {"sha": sha, "size": len(content), "content": encoded, "encoding": "base64", "url": url, "node_id": sha}


def _create_blob(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    content = call.need("content")
    data = base64.b64decode(content) if call.body.get("encoding") == "base64" else content.encode()
    sha = hub.objects.write_blob(data)
    return 201, {"sha": sha, "url": f"{hub.api}/git/blobs/{sha}"}


def _contents(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    path, ref = call.parts[0], call.query.get("ref", "main")
    sha = ref if hub.objects.has(ref, "commit") else hub.objects.ref(f"refs/heads/{ref}")
    rows = hub.objects.tree(sha, recursive=True) if sha else []
    row = next((row for row in rows if row["path"] == path and row["type"] == "blob"), None)
    if row is None:
        raise Refusal(404, "Not Found")
    content = hub.objects.blob(row["sha"])
    url = f"{hub.api}/contents/{urllib.parse.quote(path)}"
    encoded = {"encoding": "base64", "content": base64.encodebytes(content).decode()}
    name = path.rsplit("/", 1)[-1]
    return 200, {
        "type": "file",
        "path": path,
        "name": name,
        "sha": row["sha"],
        "size": len(content),
        "url": url,
        **encoded,
    }


def _compare(hub: FakeGitHub, call: Call) -> tuple[int, Json]:
    names = call.parts[0].split("...")
    base, head = (name if _SHA.fullmatch(name) else hub.objects.ref(f"refs/heads/{name}") for name in names)
    if base is None or head is None:
        raise Refusal(404, "Not Found")
    ahead, behind = hub.objects.ahead(base, head), hub.objects.ahead(head, base)
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind", (False, False): "identical"}
    return 200, {
        "url": f"{hub.api}/compare/{call.parts[0]}",
        "status": status[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [{"sha": sha, "commit": _commit_json(hub, sha)} for sha in ahead],
    }


GIT_ROUTES: tuple[Route, ...] = (
    ("GET", "{repo}", _repository),
    ("GET", "/user", _user),
    ("GET", "{repo}/git/ref/(.+)", _get_ref),
    ("GET", "{repo}/git/matching-refs/(.*)", _matching_refs),
    ("POST", "{repo}/git/refs", _create_ref),
    ("PATCH", "{repo}/git/refs/(.+)", _update_ref),
    ("DELETE", "{repo}/git/refs/(.+)", _delete_ref),
    ("GET", "{repo}/git/commits/([^/]+)", _get_commit),
    ("POST", "{repo}/git/commits", _create_commit),
    ("GET", "{repo}/git/trees/([^/]+)", _get_tree),
    ("POST", "{repo}/git/trees", _create_tree),
    ("GET", "{repo}/git/blobs/([^/]+)", _get_blob),
    ("POST", "{repo}/git/blobs", _create_blob),
    ("GET", "{repo}/contents/(.+)", _contents),
    ("GET", "{repo}/compare/(.+)", _compare),
)
