"""When a proposal is created, updated, left alone or refused: one row per situation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plans import BASE_FILES, BASELINE, BEST_TEXT, HISTORY, NEW_LINE, OLD_LINE, PROMPT, a_plan, with_files

from opro_action.proposal.decide import (
    BaseFile,
    Branch,
    Create,
    Decision,
    Facts,
    Leave,
    Pull,
    Refuse,
    Update,
    decide,
    new_files,
)
from opro_action.report.description import body, commit_message
from opro_action.search.plan import Plan, PlanFile

TIP, OLD_TIP, TREE = "a" * 40, "b" * 40, "c" * 40
PLAN = a_plan()
OTHER = a_plan("Which language is this?")


def files(**changes: str | None) -> dict[str, BaseFile | None]:
    """The base's files; `prompt` and `history` change those."""
    texts: dict[str, str | None] = {PROMPT: BASE_FILES[PROMPT], HISTORY: BASE_FILES[HISTORY]}
    texts |= {PROMPT if name == "prompt" else HISTORY: text for name, text in changes.items()}
    return {path: None if text is None else BaseFile(text.encode()) for path, text in texts.items()}


def facts(**changes: object) -> Facts:
    known = Facts(base="main", base_tip=TIP, files=files(), branch_name="opro/languages")
    return replace(known, **changes)  # type: ignore[arg-type]


def a_branch(plan: Plan = PLAN, *, base: str = TIP) -> Branch:
    return Branch("d" * 40, TREE, (base,), commit_message(plan, base=base, tree=TREE))


def a_pull(plan: Plan = PLAN, **changes: object) -> Pull:
    return replace(Pull(7, "https://hub/pull/7", "main", body(plan)), **changes)  # type: ignore[arg-type]


FOREIGN = replace(a_branch(), tree="e" * 40)
CLOSED = a_pull(open=False)
MERGED = a_pull(open=False, merged=True)
HISTORY_GREW = files(history=OLD_LINE + "{}\n")
ROWS: dict[str, tuple[Facts, Decision]] = {
    "nothing there yet": (facts(), Create()),
    "our branch without a pull request, as it should be": (facts(branch=a_branch()), Create(build=False)),
    "our branch with another text and no pull request": (facts(branch=a_branch(OTHER)), Create()),
    "our branch on an older base and no pull request": (facts(branch=a_branch(base=OLD_TIP)), Create()),
    "open, with another text": (facts(branch=a_branch(OTHER), pulls=(a_pull(OTHER),)), Update(a_pull(OTHER))),
    "open, with other evidence": (
        facts(branch=a_branch(), pulls=(a_pull(a_plan(result={"p_value": 0.01})),)),
        Update(a_pull(a_plan(result={"p_value": 0.01}))),
    ),
    "open, and the base moved": (facts(branch=a_branch(base=OLD_TIP), pulls=(a_pull(),)), Update(a_pull())),
    "open, and the branch lags behind its description": (
        facts(branch=a_branch(OTHER), pulls=(a_pull(),)),
        Update(a_pull()),
    ),
    "open, its description rewritten by a person": (
        facts(branch=a_branch(), pulls=(a_pull(body="I like it"),)),
        Update(a_pull(body="I like it")),
    ),
    "merged before, and lost since": (facts(branch=a_branch(base=OLD_TIP), pulls=(MERGED,)), Create()),
    "another text was closed": (facts(pulls=(a_pull(OTHER, open=False),)), Create()),
    "the history grew": (facts(files=HISTORY_GREW), Create()),
    "there is no history any more": (facts(files=files(history=None)), Create()),
}
LEFT: dict[str, tuple[Facts, str]] = {
    "open, with the same text and evidence": (facts(branch=a_branch(), pulls=(a_pull(),)), "already has this text and"),
    "a person closed this text": (facts(branch=a_branch(), pulls=(CLOSED,)), "a person closed pull request #7"),
    "someone else's commit": (facts(branch=FOREIGN, pulls=(a_pull(OTHER),)), "commits that opro did not make"),
    "someone else's branch": (facts(branch=FOREIGN), "commits that opro did not make"),
    "the base has the text": (facts(files=files(prompt=f"{BEST_TEXT}\n")), "main already has this text"),
    "open against another base": (facts(pulls=(a_pull(OTHER, base="release"),)), "already proposes this prompt for"),
    "the base is the branch": (facts(base="opro/languages"), "is itself the branch"),
}


@pytest.mark.parametrize("name", ROWS)
def test_writes(name: str) -> None:
    known, decision = ROWS[name]
    assert decide(known, PLAN) == decision


@pytest.mark.parametrize("name", LEFT)
def test_leaves_alone(name: str) -> None:
    known, reason = LEFT[name]
    decision = decide(known, PLAN)
    assert isinstance(decision, Leave)
    assert reason in decision.reason


@pytest.mark.parametrize("prompt", ["Edited by a person.\n", None])
def test_refuses_a_prompt_that_is_not_the_measured_one(prompt: str | None) -> None:
    decision = decide(facts(files=files(prompt=prompt)), PLAN)
    assert isinstance(decision, Refuse)
    assert decision.reason.startswith(f"{PROMPT} has changed on main")


def test_refuses_a_prompt_that_became_a_link() -> None:
    link = BaseFile(BASE_FILES[PROMPT].encode(), "120000")
    assert isinstance(decide(facts(files={**files(), PROMPT: link}), PLAN), Refuse)


@pytest.mark.parametrize("content", [f"{BEST_TEXT}\nAnd more.\n", f"---\ntags: []\n---\n{BEST_TEXT}\n", BEST_TEXT])
def test_refuses_a_prompt_file_that_changes_more_than_the_text(content: str) -> None:
    changed = [replace(file, content=content) if file.path == PROMPT else file for file in PLAN.files]
    decision = decide(facts(), with_files(PLAN, *changed))
    assert isinstance(decision, Refuse)
    assert "changes more than the prompt's text" in decision.reason


def test_a_baseline_that_is_already_as_planned_is_no_obstacle() -> None:
    plan = with_files(PLAN, *PLAN.files, PlanFile(BASELINE, "{}\n", None))
    known = facts(files={**files(), BASELINE: BaseFile(b"{}\n")})
    assert decide(known, plan) == Create()
    assert BASELINE not in new_files(known, plan)


@pytest.mark.parametrize(
    "branch",
    [
        replace(a_branch(), tree="e" * 40),
        replace(a_branch(), parents=(OLD_TIP,)),
        replace(a_branch(), parents=(TIP, OLD_TIP)),
        replace(a_branch(), message="mine"),
        replace(a_branch(), parents=(), message=""),
    ],
)
def test_a_tip_that_is_not_just_what_was_built_is_someone_elses(branch: Branch) -> None:
    assert a_branch().ours
    assert not branch.ours


def test_the_history_of_base_and_plan_are_joined_line_by_line() -> None:
    known = facts(files=files(history=OLD_LINE + '{"theirs": 1}'))
    assert new_files(known, PLAN)[HISTORY].content.decode() == OLD_LINE + '{"theirs": 1}\n' + NEW_LINE


def test_an_untouched_history_is_written_as_planned() -> None:
    assert new_files(facts(), PLAN)[HISTORY] == BaseFile((OLD_LINE + NEW_LINE).encode())
