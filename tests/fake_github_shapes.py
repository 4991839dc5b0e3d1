"""The whole shapes of what GitHub answers with, as its OpenAPI description has them: repositories, users, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github_values import Json

if TYPE_CHECKING:
    from fake_github import FakeGitHub

WHEN = "2026-01-01T00:00:00Z"

_OF_REPOSITORY = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones",
    "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams",
    "trees"
)  # fmt: skip
_OF_USER = (
    "events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred",
    "subscriptions"
)  # fmt: skip


def repository(hub: FakeGitHub) -> Json:
    """The one repository."""
    html = f"{hub.url}/{hub.owner}/{hub.name}"
    counts = dict.fromkeys(
        ["forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers",
         "watchers_count", "network_count", "subscribers_count"], 0,
    )  # fmt: skip
    can = [f"has_{what}" for what in ("issues", "projects", "wiki", "pages", "discussions", "downloads")]
    return {
        **{f"{name}_url": f"{hub.api}/{name.replace('_', '/')}" for name in _OF_REPOSITORY},
        **dict.fromkeys(["description", "homepage", "language", "license", "mirror_url"]),
        **dict.fromkeys([*can, "private", "fork", "archived", "disabled"], False),
        **dict.fromkeys(["created_at", "updated_at", "pushed_at"], WHEN),
        **dict.fromkeys(["clone_url", "git_url", "ssh_url", "svn_url"], f"{html}.git"),
        **counts,
        "id": 1,
        "node_id": hub.node_id,
        "name": hub.name,
        "full_name": f"{hub.owner}/{hub.name}",
        "owner": user(hub, hub.owner),
        "default_branch": "main",
        "url": hub.api,
        "html_url": html,
    }


def user(hub: FakeGitHub, login: str) -> Json:
    """A person, or another program when the login says so."""
    url = f"{hub.api_url}/users/{login.removesuffix('[bot]')}"
    return {
        **{f"{name}_url": f"{url}/{name}" for name in _OF_USER},
        "login": login,
        "id": sum(login.encode()),
        "node_id": f"U_{login}",
        "avatar_url": f"{url}/avatar",
        "gravatar_id": "",
        "html_url": url,
        "url": url,
        "site_admin": False,
        "type": "Bot" if login.endswith("[bot]") else "User",
    }


def label(hub: FakeGitHub, name: str, color: str, description: str) -> Json:
    """A label of the repository."""
    number = len(hub.labels) + 1
    made = {"id": number, "node_id": f"LA_{number}", "url": f"{hub.api}/labels/{number}", "default": False}
    return {**made, "name": name, "color": color, "description": description}


def pull_links(hub: FakeGitHub, number: int, sha: str) -> Json:
    """The addresses of a pull request, by name and as the object of links."""
    pull, issue = f"{hub.api}/pulls/{number}", f"{hub.api}/issues/{number}"
    html = f"{hub.url}/{hub.owner}/{hub.name}/pull/{number}"
    found = {
        "url": pull,
        "html_url": html,
        "issue_url": issue,
        "comments_url": f"{issue}/comments",
        "commits_url": f"{pull}/commits",
        "review_comments_url": f"{pull}/comments",
        "review_comment_url": f"{hub.api}/pulls/comments{{/number}}",
        "statuses_url": f"{hub.api}/statuses/{sha}",
    }
    links = {("self" if name == "url" else name.removesuffix("_url")): {"href": url} for name, url in found.items()}
    return {**found, "diff_url": f"{html}.diff", "patch_url": f"{html}.patch", "_links": links}
