"""A stateful fake of GitHub's API over HTTP, whose git objects are a real bare repository.

In tests: `with FakeGitHub(tmp_path / "repo.git") as hub: ... hub.api_url ...`. As a program, for tests of the
action: `python tests/fake_github.py --port 8099 --repo-dir repo.git --state state.json`; the state file has pull
requests, labels, comments and every request, and is rewritten after each request.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from fake_github_git import GIT_ROUTES
from fake_github_graphql import operation
from fake_github_objects import GitError, Objects
from fake_github_pulls import PULL_ROUTES, new_comment
from fake_github_values import Call, Json, Refusal

_LATER = "2026-01-02T00:00:00Z"


@dataclass(frozen=True)
class Request:
    """A request as it was received, and the status it was answered with (0: the connection was dropped)."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    user_agent: str
    status: int
    answer: Json = None


@dataclass
class Fault:
    """The next `times` requests that match are answered with `status` (0: dropped; None: as usual, after `effect`).

    With `done`, the work is done first: only the answer is lost.
    """

    method: str
    path: str
    status: int | None = None
    message: str = "fault"
    errors: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    done: bool = False
    effect: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    payload: Json
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeGitHub:
    """One repository, `owner/name`. `objects` is its git side; what people do to it are methods."""

    def __init__(
        self,
        repo_dir: Path,
        *,
        name: str = "octo/prompts",
        port: int = 0,
        prefix: str = "",
        state_file: Path | None = None,
    ) -> None:
        self.objects = Objects(repo_dir)
        self.owner, self.name = name.split("/")
        self.node_id = "R_1"
        self.permissions: dict[str, str] = {}
        self.protected: set[str] = set()
        self.emptied: list[int] = []
        self.unknown_fields: set[str] = set()
        self.pulls: list[dict[str, Any]] = []
        self.labels: dict[str, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self._prefix = prefix
        self._state_file = state_file
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.api_url = self.url + prefix
        self.api = f"{self.api_url}/repos/{name}"

    def __enter__(self) -> FakeGitHub:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve_forever(self) -> None:
        """Answer until the process is ended."""
        self._server.serve_forever()

    @property
    def writes(self) -> list[Request]:
        """The requests that could have changed something."""
        return [each for each in self.requests if each.method != "GET" and operation(each.body) != "viewer"]

    @property
    def open_pulls(self) -> list[dict[str, Any]]:
        return [pull for pull in self.pulls if pull["state"] == "open"]

    def pull(self, number: int) -> dict[str, Any]:
        for pull in self.pulls:
            if pull["number"] == number:
                return pull
        raise Refusal(404, "Not Found")

    def tip(self, branch: str) -> str | None:
        return self.objects.ref(f"refs/heads/{branch}")

    def fail(self, method: str, path: str, status: int, message: str = "fault", **more: Any) -> None:
        """Have the next request with this method, to a path in which this expression is found, fail.

        A request to the GraphQL API has the path `/graphql#updateRefs` here, with what it asks for.
        """
        self.faults.append(Fault(method, path, status, message, **more))

    def before(self, method: str, path: str, effect: Callable[[], object]) -> None:
        """Have something happen just before the next such request is answered."""
        self.faults.append(Fault(method, path, effect=effect))

    def push(
        self, branch: str, files: Mapping[str, bytes | str | None], message: str = "edit", *, onto: str = ""
    ) -> str:
        """A person pushes a commit to a branch: on top of it, or by force on `onto`."""
        sha = self.objects.push(branch, files, message, onto=onto)
        self.settle()
        return sha

    def close(self, number: int) -> None:
        """A person closes a pull request without merging it."""
        self.pull(number).update(state="closed", closed_at=_LATER)

    def reopen(self, number: int) -> bool:
        """A person opens a closed pull request again, which GitHub allows while its branch has something to merge."""
        pull = self.pull(number)
        base, head = self.tip(pull["base"]), self.tip(pull["head"])
        twin = any(each["head"] == pull["head"] and each["base"] == pull["base"] for each in self.open_pulls)
        moved = head != pull["head_sha"]  # it cannot be opened again after a push by force to its branch
        if pull["merged_at"] or twin or moved or base is None or head is None or not self.objects.ahead(base, head):
            return False
        pull.update(state="open", closed_at=None)
        return True

    def comment(self, number: int, body: str, login: str) -> None:
        """A person or another bot comments on a pull request."""
        new_comment(self, number, body, login)

    def merge(self, number: int) -> str:
        """A person merges a pull request with a merge commit; its branch stays."""
        pull = self.pull(number)
        base, head = self.tip(pull["base"]), self.tip(pull["head"])
        assert base
        assert head
        files = {path: data for path, data in self.objects.files(head).items() if path in _changed_by(self, base, head)}
        rows = [{"path": path, "mode": "100644", "sha": self.objects.write_blob(data)} for path, data in files.items()]
        tree = self.objects.write_tree(rows, base)
        merged = self.objects.write_commit(tree, [base, head], "merged", who="a person")
        self.objects.set_ref(f"refs/heads/{pull['base']}", merged)
        self.settle()
        return merged

    def squash(self, number: int) -> str:
        """A person merges a pull request by squashing it; its branch stays."""
        pull = self.pull(number)
        base, head = self.tip(pull["base"]), self.tip(pull["head"])
        assert base is not None
        merged = self.objects.write_commit(f"{head}^{{tree}}", [base], "squashed", who="a person")
        self.objects.set_ref(f"refs/heads/{pull['base']}", merged)
        pull.update(state="closed", merged_at=_LATER, closed_at=_LATER)
        self.settle()
        return merged

    def handle(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        """Answer one request, and write it down."""
        parsed = urllib.parse.urlsplit(target)
        path = urllib.parse.unquote(parsed.path)
        query = dict(urllib.parse.parse_qsl(parsed.query))
        body = json.loads(raw) if raw else None
        fault = self._fault(method, f"{path}#{operation(body)}" if path.endswith("/graphql") else path)
        if fault:
            fault.effect()  # outside the lock: it may send requests of its own
        with self._lock:
            if fault and fault.status is not None and not fault.done:
                answer = Answer(fault.status, Refusal(fault.status, fault.message, *fault.errors).body, fault.headers)
            else:
                answer = _paged(self._routed(method, path, Call((), query, body or {}), headers), parsed, self.url)
            if fault and fault.status is not None and fault.done:
                answer = Answer(fault.status, {"message": fault.message}, fault.headers)
            agent = headers.get("User-Agent", "")
            self.requests.append(Request(method, path, query, body, agent, answer.status, answer.payload))
            self.settle()
            return answer

    def _fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = next((each for each in self.faults if each.method == method and re.search(each.path, path)), None)
            if fault:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
            return fault

    def _routed(self, method: str, path: str, call: Call, headers: Mapping[str, str]) -> Answer:
        try:
            _check_headers(headers)
            graphql = self._prefix.removesuffix("/v3") + "/graphql"
            inner = "/graphql" if path == graphql else path.removeprefix(self._prefix)
            repository = re.escape(f"/repos/{self.owner}/{self.name}")
            for verb, pattern, action in (*GIT_ROUTES, *PULL_ROUTES):
                match = re.fullmatch(pattern.replace("{repo}", repository), inner)
                if verb == method and match:
                    return Answer(*action(self, Call(match.groups(), call.query, call.body)))
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body)
        except GitError as error:
            return Answer(422, {"message": str(error)})
        return Answer(404, Refusal(404, "Not Found").body)

    def settle(self) -> None:
        """What GitHub does by itself: pull requests whose branch is gone or has no commit over base are closed.

        Those whose branch was moved to where it has none are `emptied`: GitHub does not let them be opened again.
        """
        for pull in self.open_pulls:
            base, head = self.tip(pull["base"]), self.tip(pull["head"])
            if base is None or head is None or not self.objects.ahead(base, head):
                merged = head is not None and head == pull["head_sha"]
                self.emptied += [pull["number"]] if head and not merged else []
                pull.update(state="closed", closed_at=_LATER, merged_at=_LATER if merged else None)
            else:
                pull["head_sha"] = head
        if self._state_file:
            state = {"pulls": self.pulls, "labels": self.labels, "comments": self.comments}
            shown = json.dumps({**state, "requests": [asdict(request) for request in self.requests]}, indent=1)
            draft = self._state_file.with_suffix(".draft")
            draft.write_text(shown)
            draft.replace(self._state_file)


def _changed_by(hub: FakeGitHub, base: str, head: str) -> set[str]:
    """The files that the commits of `head` over `base` changed."""
    first = hub.objects.commit(hub.objects.ahead(base, head)[0])["parents"][0]
    before, after = hub.objects.files(first), hub.objects.files(head)
    return {path for path in after if after[path] != before.get(path)}


def _check_headers(headers: Mapping[str, str]) -> None:
    if not re.fullmatch(r"(?i)(token|bearer) \S+", headers.get("Authorization", "")):
        raise Refusal(401, "Requires authentication")
    if not headers.get("User-Agent"):
        raise Refusal(403, "Request forbidden by administrative rules")


def _paged(answer: Answer, target: urllib.parse.SplitResult, host: str) -> Answer:
    """A list, cut to the page that was asked for (30 entries unless told), with the link to the next one."""
    if not isinstance(answer.payload, list):
        return answer
    query = dict(urllib.parse.parse_qsl(target.query))
    size, page = min(100, int(query.get("per_page", 30))), int(query.get("page", 1))
    rows = answer.payload[(page - 1) * size : page * size]
    if len(answer.payload) <= page * size:
        return Answer(answer.status, rows)
    following = urllib.parse.urlencode({**query, "per_page": size, "page": page + 1})
    return Answer(answer.status, rows, {"Link": f'<{host}{target.path}?{following}>; rel="next"'})


def _handler(hub: FakeGitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.title(): value for name, value in self.headers.items()}  # a proxy may write them small
            answer = hub.handle(self.command, self.path, headers, raw)
            if answer.status == 0:
                self.close_connection = True
                return
            data = b"" if answer.status == 204 else json.dumps(answer.payload).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            return

    return Handler


def main() -> None:
    """Serve one repository until the process is ended."""
    parser = argparse.ArgumentParser(description="A fake GitHub with one repository.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--repo-dir", type=Path, required=True)
    parser.add_argument("--repo", default="octo/prompts", help="owner/name")
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    hub = FakeGitHub(options.repo_dir, name=options.repo, port=options.port, state_file=options.state)
    print(hub.api_url, flush=True)  # noqa: T201 - the caller reads the address from here
    hub.serve_forever()


if __name__ == "__main__":
    main()
