"""From a plan to a pull request: read the facts, decide, write what was decided."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

from github.GithubException import GithubException
from github.PullRequest import PullRequest
from github.Repository import Repository

from opro_action.errors import UsageError
from opro_action.proposal.branch import Raced, build_commit, move_branch
from opro_action.proposal.choose import proposes
from opro_action.proposal.client import connect, is_not_there_yet, one_sentence
from opro_action.proposal.decide import Create, Facts, Leave, Refuse, Update, decide, new_files
from opro_action.proposal.paths import branch_name, check_paths, check_text
from opro_action.proposal.pulls import Forbidden, compare_url, create_pull, set_draft, set_labels, update_pull
from opro_action.proposal.reading import read_facts
from opro_action.proposal.settings import ProposeSettings
from opro_action.report.description import commit_message, describe
from opro_action.search.plan import Plan

__all__ = ["Proposal", "describe", "open_proposal"]

_ATTEMPTS = 3


@dataclass(frozen=True)
class Proposal:
    """What became of a plan. `url` is the pull request's, or the page where a person can open it; `reason` a sentence.

    `warnings` are sentences about what was meant to be done as well and could not.
    """

    operation: Literal["created", "updated", "none"]
    number: int | None
    url: str | None
    branch: str
    reason: str
    warnings: tuple[str, ...] = ()


def nothing_in(plan: Plan) -> Proposal | None:
    """What becomes of a plan that proposes nothing; None for one that does."""
    if proposes(plan):
        return None
    return Proposal("none", None, None, branch_name(plan.prompt), "There is nothing to propose: no gain was shown.")


def open_proposal(plan: Plan, *, settings: ProposeSettings) -> Proposal:
    """Open or update the pull request for a plan, or leave all as it is.

    Raises UsageError, before anything is written, for a plan that reaches for other files or no longer fits the
    repository, and OproError when GitHub refuses or cannot be reached.
    """
    check_paths(plan)
    branch = branch_name(plan.prompt)
    if nothing := nothing_in(plan):
        return nothing
    check_text(plan)
    with one_sentence(settings.repository):
        repo = connect(settings)
        for _ in range(_ATTEMPTS):
            try:
                return _attempt(repo, plan, settings)
            except Raced:
                continue
    reason = f"Another run keeps writing to {branch}: it was left to that run."
    return Proposal("none", None, None, branch, reason)


def _attempt(repo: Repository, plan: Plan, settings: ProposeSettings) -> Proposal:
    facts = read_facts(
        repo,
        base=settings.base or repo.default_branch,
        branch=branch_name(plan.prompt),
        paths=(plan.prompt, *(file.path for file in plan.files)),
    )
    decision = decide(facts, plan)
    if isinstance(decision, Refuse):
        raise UsageError(decision.reason)
    if isinstance(decision, Leave):
        pull = decision.pull
        number, url = (pull.number, pull.url) if pull else (None, None)
        return Proposal("none", number, url, facts.branch_name, f"Nothing was written: {decision.reason}.")
    if isinstance(decision, Update) or decision.build:
        _push(repo, plan, facts)
    if isinstance(decision, Create):
        return _create(repo, plan, facts, settings)
    return _update(repo, plan, facts, decision, settings)


def _push(repo: Repository, plan: Plan, facts: Facts) -> None:
    message = partial(_message, plan, facts.base_tip)
    commit = build_commit(repo, base_tip=facts.base_tip, files=new_files(facts, plan), message=message)
    move_branch(repo, facts.branch_name, was=facts.branch.tip if facts.branch else None, to=commit)


def _message(plan: Plan, base: str, tree: str) -> str:
    return commit_message(plan, base=base, tree=tree)


def _create(repo: Repository, plan: Plan, facts: Facts, settings: ProposeSettings) -> Proposal:
    title, body = describe(plan)
    draft = _is_draft(plan, settings)
    try:
        pull = create_pull(repo, facts=facts, title=title, body=body, draft=draft)
    except Forbidden as error:
        url = compare_url(repo, facts.base, facts.branch_name)
        reason = f"The branch {facts.branch_name} is pushed; GitHub forbids to open its pull request ({error}): {url}"
        hint = (
            "Allow GitHub Actions to create pull requests in the repository's settings, give the job \"pull-requests: "
            'write", or open it by hand at the link.'
        )
        return Proposal("none", None, url, facts.branch_name, reason, (f"{reason} {hint}",))
    warnings = _decorate(repo, pull, plan, settings, tries=3)
    reason = f"Opened pull request #{pull.number}."
    return Proposal("created", pull.number, pull.html_url, facts.branch_name, reason, warnings)


def _update(repo: Repository, plan: Plan, facts: Facts, decision: Update, settings: ProposeSettings) -> Proposal:
    title, body = describe(plan)
    pull = update_pull(repo, decision.pull.number, title=title, body=body)
    warnings = _decorate(repo, pull, plan, settings)
    reason = f"Updated pull request #{pull.number}."
    return Proposal("updated", pull.number, pull.html_url, facts.branch_name, reason, warnings)


def _decorate(
    repo: Repository, pull: PullRequest, plan: Plan, settings: ProposeSettings, *, tries: int = 1
) -> tuple[str, ...]:
    """Draft state, labels and reviewers: the proposal stands without them, so a failure is only a warning."""
    unproven = ("unproven",) if plan.evidence == "promising" else ()
    steps: list[tuple[str, Callable[[], object]]] = [
        ("draft state", lambda: set_draft(pull, _is_draft(plan, settings))),
        ("labels", lambda: set_labels(repo, pull, (*settings.labels, *unproven), drop="unproven")),
    ]
    if settings.reviewers:
        steps.append(("reviewers", lambda: pull.create_review_request(reviewers=list(settings.reviewers))))
    warnings: list[str] = []
    for what, act in steps:
        with _only_warn(warnings, f"the {what} of pull request #{pull.number} could not be set"):
            _patiently(act, tries, settings.pause)
    return tuple(warnings)


def _patiently(act: Callable[[], object], tries: int, pause: float) -> None:
    """Act, again after a while as long as GitHub does not know yet what it has just made."""
    for left in reversed(range(tries)):
        try:
            act()
        except GithubException as error:
            if not left or not is_not_there_yet(error):
                raise
            time.sleep(4 * pause * (tries - left))
        else:
            return


@contextmanager
def _only_warn(warnings: list[str], sentence: str) -> Iterator[None]:
    try:
        yield
    except GithubException as error:
        warnings.append(f"{sentence}: GitHub answered {error.status}.")
    except OSError as error:
        warnings.append(f"{sentence}: GitHub could not be reached ({type(error).__name__}).")


def _is_draft(plan: Plan, settings: ProposeSettings) -> bool:
    return settings.draft or plan.propose == "draft" or plan.evidence == "promising"
