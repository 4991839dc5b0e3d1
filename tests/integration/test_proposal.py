"""A plan becomes a pull request on a GitHub-shaped server with real git behind it; a second run changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from plans import BASE_FILES, BASELINE, BEST_TEXT, HISTORY, NEW_LINE, OLD_LINE, PROMPT, a_plan, unproven, with_files

from opro_action.errors import OproError, UsageError
from opro_action.proposal.propose import Proposal, open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.report.marker import read_marker
from opro_action.search.plan import Plan, PlanFile, write_plan

BRANCH = "opro/languages"
OTHER_TEXT = "Which language is this?"


def propose(hub: FakeGitHub, plan: Plan, **changes: object) -> Proposal:
    settings = ProposeSettings(repository="octo/prompts", token="secret", api_url=hub.api_url, pause=0)
    return open_proposal(plan, settings=replace(settings, **changes))  # type: ignore[arg-type]


def changed_files(hub: FakeGitHub, branch: str = BRANCH) -> dict[str, bytes]:
    base, head = hub.objects.files("refs/heads/main"), hub.objects.files(f"refs/heads/{branch}")
    assert base.keys() <= head.keys()
    return {path: content for path, content in head.items() if content != base.get(path)}


def test_opens_a_pull_request_with_just_the_planned_files(hub: FakeGitHub) -> None:
    proposal = propose(hub, a_plan())
    assert (proposal.operation, proposal.number, proposal.warnings) == ("created", 1, ())
    assert proposal.url == f"{hub.url}/octo/prompts/pull/1"
    assert changed_files(hub) == {PROMPT: f"{BEST_TEXT}\n".encode(), HISTORY: (OLD_LINE + NEW_LINE).encode()}


def test_the_commit_is_one_on_top_of_the_base(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    tip, base = hub.tip(BRANCH), hub.tip("main")
    assert tip is not None
    assert hub.objects.commit(tip)["parents"] == [base]


def test_writes_a_new_file_beside_the_suite(hub: FakeGitHub) -> None:
    plan = a_plan()
    propose(hub, with_files(plan, *plan.files, PlanFile(BASELINE, "{}\n", None)))
    assert changed_files(hub)[BASELINE] == b"{}\n"


def test_keeps_the_mode_of_the_prompt_file(hub: FakeGitHub) -> None:
    objects = hub.objects
    blob = objects.write_blob(BASE_FILES[PROMPT].encode())
    tree = objects.write_tree([{"path": PROMPT, "mode": "100755", "sha": blob}], "refs/heads/main^{tree}")
    objects.set_ref("refs/heads/main", objects.write_commit(tree, [hub.tip("main") or ""], "mode", who="a person"))
    propose(hub, a_plan())
    modes = {row["path"]: row["mode"] for row in objects.tree(f"refs/heads/{BRANCH}", recursive=True)}
    assert modes[PROMPT] == "100755"


def test_a_proven_proposal_is_ready_and_labelled(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    assert (hub.pull(1)["draft"], hub.pull(1)["labels"]) == (False, ["opro"])
    assert hub.labels["opro"]["color"] == "1d76db"


def test_a_promising_proposal_is_a_draft_that_says_so(hub: FakeGitHub) -> None:
    propose(hub, unproven(a_plan()))
    pull = hub.pull(1)
    assert pull["draft"]
    assert pull["title"].endswith("(unproven)")
    assert pull["labels"] == ["opro", "unproven"]
    assert "p = 0.11" in pull["body"].splitlines()[0]


def test_a_second_run_writes_nothing(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.requests.clear()
    proposal = propose(hub, a_plan())
    assert hub.writes == []
    assert (proposal.operation, proposal.number) == ("none", 1)


def test_a_second_run_that_took_other_time_and_money_writes_nothing(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.requests.clear()
    other = {"total": {"calls": 3, "cost_usd": None, "seconds": 1.0}}
    propose(hub, a_plan(result={"usage": other}))
    assert hub.writes == []


def test_another_candidate_updates_branch_title_and_body(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    plan = a_plan(OTHER_TEXT, result={"seed_holdout_score": 0.25})
    proposal = propose(hub, plan)
    assert (proposal.operation, proposal.number, len(hub.pulls)) == ("updated", 1, 1)
    assert changed_files(hub)[PROMPT] == f"{OTHER_TEXT}\n".encode()
    assert "0.25" in hub.pull(1)["title"]
    state = read_marker(hub.pull(1)["body"])
    assert state is not None
    assert state["candidate"] == plan.best["digest"]


def test_create_and_update_give_the_same_result(hub: FakeGitHub, tmp_path: Path) -> None:
    propose(hub, a_plan())
    propose(hub, unproven(a_plan(OTHER_TEXT)))
    with FakeGitHub(tmp_path / "fresh.git") as fresh:
        fresh.push("main", BASE_FILES)
        propose(fresh, unproven(a_plan(OTHER_TEXT)))
        same = ("title", "draft", "labels", "state")
        assert {key: hub.pull(1)[key] for key in same} == {key: fresh.pull(1)[key] for key in same}
        assert read_marker(hub.pull(1)["body"]) == read_marker(fresh.pull(1)["body"])
        assert changed_files(hub) == changed_files(fresh)


def test_a_proven_candidate_after_an_unproven_one_is_made_ready(hub: FakeGitHub) -> None:
    propose(hub, unproven(a_plan()))
    propose(hub, a_plan(OTHER_TEXT))
    assert (hub.pull(1)["draft"], hub.pull(1)["labels"]) == (False, ["opro"])


def test_a_base_that_moved_has_the_proposal_rebuilt_on_it(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    base = hub.push("main", {"README.md": "new\n"})
    assert propose(hub, a_plan()).operation == "updated"
    assert hub.objects.commit(hub.tip(BRANCH) or "")["parents"] == [base]
    assert hub.pull(1)["state"] == "open"


def test_a_base_that_was_force_pushed_has_the_proposal_rebuilt_on_it(hub: FakeGitHub) -> None:
    first = hub.tip("main") or ""
    hub.push("main", {"README.md": "to be lost\n"})
    propose(hub, a_plan())
    base = hub.push("main", {"README.md": "instead\n"}, onto=first)
    assert propose(hub, a_plan()).operation == "updated"
    assert hub.objects.ahead(base, hub.tip(BRANCH) or "") == [hub.tip(BRANCH)]


def test_a_history_that_grew_on_the_base_keeps_its_lines(hub: FakeGitHub) -> None:
    hub.push("main", {HISTORY: OLD_LINE + '{"theirs": 1}\n'})
    propose(hub, a_plan())
    assert changed_files(hub)[HISTORY].decode() == OLD_LINE + '{"theirs": 1}\n' + NEW_LINE


@pytest.mark.parametrize("path", [PROMPT, BASELINE])
def test_a_file_that_changed_since_is_refused_unwritten(hub: FakeGitHub, path: str) -> None:
    hub.push("main", {path: "edited by a person\n"})
    plan = a_plan()
    with pytest.raises(UsageError, match=f"{path} has changed on main since this was measured.*search again"):
        propose(hub, with_files(plan, *plan.files, PlanFile(BASELINE, "{}\n", None)))
    assert hub.writes == []


def test_a_commit_by_someone_else_stops_all_updates(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    theirs = hub.push(BRANCH, {PROMPT: "touched up\n"})
    hub.requests.clear()
    proposal = propose(hub, a_plan(OTHER_TEXT))
    assert (hub.tip(BRANCH), hub.writes) == (theirs, [])
    assert (proposal.operation, proposal.number) == ("none", 1)
    assert "commits that opro did not make" in proposal.reason


def test_an_amended_commit_stops_all_updates(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    message = hub.objects.commit(hub.tip(BRANCH) or "")["message"]
    amended = hub.push(BRANCH, {PROMPT: "touched up\n"}, message, onto="refs/heads/main")
    propose(hub, a_plan(OTHER_TEXT))
    assert hub.tip(BRANCH) == amended


def test_a_branch_of_that_name_made_by_someone_else_is_left_alone(hub: FakeGitHub) -> None:
    theirs = hub.push(BRANCH, {"notes.md": "mine\n"}, onto="refs/heads/main")
    assert "commits that opro did not make" in propose(hub, a_plan()).reason
    assert (hub.tip(BRANCH), hub.pulls) == (theirs, [])


def test_a_candidate_that_a_person_closed_is_not_proposed_again(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.close(1)
    hub.requests.clear()
    proposal = propose(hub, a_plan())
    assert hub.writes == []
    assert proposal.reason == "Nothing was written: a person closed pull request #1 with this very text."


def test_another_candidate_after_a_closed_one_gets_its_own_pull_request(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.close(1)
    proposal = propose(hub, a_plan(OTHER_TEXT))
    assert (proposal.operation, proposal.number) == ("created", 2)


def test_a_merged_proposal_whose_branch_was_kept_is_not_opened_again(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.squash(1)
    hub.requests.clear()
    proposal = propose(hub, a_plan())
    assert hub.writes == []
    assert proposal.reason == f"Nothing was written: main already has this text of {PROMPT}."


def test_a_merged_text_may_be_proposed_again_when_it_was_lost_since(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.squash(1)
    hub.push("main", BASE_FILES)
    assert propose(hub, a_plan()).number == 2


def test_two_prompts_have_a_branch_and_a_pull_request_each(hub: FakeGitHub) -> None:
    hub.push("main", {"prompts/other one.txt": "Old.\n"})
    propose(hub, a_plan())
    plan = replace(a_plan("New.", "Old."), prompt="prompts/other one.txt", name="other", suite="evals/other.yaml")
    assert propose(hub, with_files(plan, replace(plan.files[0], path=plan.prompt))).number == 2
    assert len({pull["head"] for pull in hub.open_pulls}) == 2


def test_a_pull_request_for_another_base_is_left_alone(hub: FakeGitHub) -> None:
    hub.push("release", BASE_FILES)
    propose(hub, a_plan(), base="release")
    assert "already proposes this prompt for release" in propose(hub, a_plan(), base="main").reason
    assert len(hub.open_pulls) == 1


def test_a_pull_request_from_a_fork_with_a_branch_of_the_same_name_is_not_ours(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.pull(1)["head_repo"] = {"full_name": "octo/prompts-fork"}
    hub.objects.set_ref(f"refs/heads/{BRANCH}", None)
    assert propose(hub, a_plan()).number == 2


def test_a_pull_request_may_get_a_proposal_for_its_own_branch(hub: FakeGitHub) -> None:
    hub.push("edit", {"README.md": "edited\n"}, onto="refs/heads/main")
    edited = hub.tip("edit")
    assert propose(hub, a_plan(), base="edit").operation == "created"
    assert (hub.pull(1)["base"], hub.tip("edit")) == ("edit", edited)
    assert hub.objects.commit(hub.tip(BRANCH) or "")["parents"] == [edited]


def test_the_one_for_this_base_is_updated_when_a_person_opened_another(hub: FakeGitHub) -> None:
    hub.push("release", BASE_FILES)
    propose(hub, a_plan())
    hub.pulls.append({**hub.pull(1), "number": 2, "base": "release", "body": "by a person"})
    assert propose(hub, a_plan(OTHER_TEXT)).number == 1


def test_the_base_is_never_pushed_to(hub: FakeGitHub) -> None:
    tip = hub.push(BRANCH, BASE_FILES)
    assert "is itself the branch of a proposal" in propose(hub, a_plan(), base=BRANCH).reason
    assert hub.tip(BRANCH) == tip


def test_nothing_is_asked_or_written_when_there_is_nothing_to_propose(hub: FakeGitHub) -> None:
    proposal = propose(hub, replace(a_plan(), propose="none"))
    assert (proposal.operation, hub.requests) == ("none", [])


@pytest.mark.parametrize("path", [".github/workflows/ci.yml", "/etc/passwd", "../x.md", "prompts/../a.md", "src/a.py"])
def test_a_plan_that_reaches_for_other_files_is_refused_before_anything_is_asked(hub: FakeGitHub, path: str) -> None:
    plan = a_plan()
    with pytest.raises(UsageError, match="nothing was done"):
        propose(hub, with_files(plan, *plan.files, PlanFile(path, "x", None)))
    assert hub.requests == []


def test_a_base_that_does_not_exist_is_named(hub: FakeGitHub) -> None:
    with pytest.raises(UsageError, match="the branch 'gone' does not exist in octo/prompts"):
        propose(hub, a_plan(), base="gone")


def test_reviewers_are_asked(hub: FakeGitHub) -> None:
    propose(hub, a_plan(), reviewers=("octocat",))
    assert hub.pull(1)["reviewers"] == ["octocat"]


def test_the_server_of_a_company_is_reached_under_its_path(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "ghes.git", prefix="/api/v3") as hub:
        hub.push("main", BASE_FILES)
        propose(hub, unproven(a_plan()))
        propose(hub, a_plan(OTHER_TEXT))
        assert hub.pull(1)["draft"] is False
        assert {request.path.split("/")[1] for request in hub.requests} == {"api"}


def test_every_request_says_who_asks(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    assert {request.user_agent.split("/")[0] for request in hub.requests} == {"opro-action"}


def test_the_proposing_process_imports_no_model_library(hub: FakeGitHub, tmp_path: Path) -> None:
    write_plan(a_plan(), tmp_path / "plan.json")
    script = """
import json, sys
from pathlib import Path
from opro_action.proposal.propose import open_proposal
from opro_action.proposal.settings import ProposeSettings
from opro_action.search.plan import read_plan
settings = ProposeSettings(repository="octo/prompts", token="secret", api_url=sys.argv[2], pause=0)
open_proposal(read_plan(Path(sys.argv[1])), settings=settings)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
    arguments = [sys.executable, "-c", script, str(tmp_path / "plan.json"), hub.api_url]
    imported = json.loads(subprocess.run(arguments, check=True, capture_output=True).stdout)
    assert hub.open_pulls
    assert not {"litellm", "xllamacpp", "openai"} & set(imported)
    assert "github" in imported


def test_an_error_is_one_sentence(hub: FakeGitHub) -> None:
    propose(hub, a_plan())
    hub.fail("PATCH", "/pulls/1$", 500, "boom")
    with pytest.raises(OproError, match=r"^GitHub answered 500 for octo/prompts \(boom\): run `opro propose` again\.$"):
        propose(hub, a_plan(OTHER_TEXT))
