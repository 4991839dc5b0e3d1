"""The simulated models as the program asks them: the task model, and optimizer models of several abilities."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from opro_action.models.model import Message, Request
from opro_action.testing import SimulatedOptimizerModel, SimulatedTaskModel, World
from opro_action.testing.vocabulary import INTRO, items, known, pieces, rule_key

WORLD = World.named("easy", 0)
KIND = WORLD.kinds[0]
RULE = items()[rule_key(KIND.cue, KIND.right)]
CASE = next(WORLD.ticket(number) for number in range(200) if WORLD.ticket(number).kind == 0)
FAILURE = (
    f"input: {CASE.text}\nanswer: {CASE.naive}\nright answer: {CASE.right}\n"
    f'wrong because: expected "{CASE.right}", got "{CASE.naive}"'
)
ASK = "Write one new prompt. Write only the prompt, between <prompt> and </prompt>."


def scored(text: str, score: int) -> str:
    return f"<prompt>\n{text}\n</prompt>\nscore: {score}"


def replies(message: str, hand: str = "good", count: int = 60) -> list[str]:
    model = SimulatedOptimizerModel(WORLD, hand)
    return [model.reply([Message("user", message)], sample) for sample in range(count)]


def share(texts: Iterable[str], key: str) -> float:
    found = [key in {sentence.item.key for piece in pieces(text) if (sentence := known(piece))} for text in texts]
    return sum(found) / len(found)


def test_the_task_model_is_asked_by_system_message_or_by_placeholder_alike() -> None:
    model = SimulatedTaskModel(WORLD)
    apart = [Message("system", INTRO[0]), Message("user", CASE.text)]
    filled = [Message("user", f"{INTRO[0]}\n\n{CASE.text}")]
    assert model.answer(apart) == model.answer(filled) == WORLD.answer(INTRO[0], CASE.number)


def test_without_a_temperature_every_repeat_gets_the_same_answer() -> None:
    model = SimulatedTaskModel(World.named("high_noise", 0))

    def answers(temperature: float) -> set[str]:
        asked = (Message("system", INTRO[0]), Message("user", CASE.text))
        requests = [Request("task", asked, {"temperature": temperature}, repeat) for repeat in range(20)]
        return {asyncio.run(model.complete(request)).text for request in requests}

    assert len(answers(0.0)) == 1
    assert len(answers(1.0)) > 1


def test_a_reply_stands_in_the_layout_that_the_message_asks_for() -> None:
    start = f"Improve: {INTRO[0]}\n\n"
    for ask, opening in (
        (ASK, "<prompt>"),
        ("Begin it with <INS> and end it with </INS>.", "<INS>"),
        ("Provide it within ``` blocks.", "```"),
        ('Answer as JSON: {"prompt": "..."}', '{"prompt": '),
        ("Write it in square brackets.", "["),
        ("Write it.", ""),
    ):
        found = [reply.startswith(opening) for reply in replies(start + ask)]
        assert sum(found) > 0.9 * len(found)


def test_replies_depend_on_the_message_and_the_sample_and_on_no_order() -> None:
    model = SimulatedOptimizerModel(WORLD)
    messages = [Message("user", scored(INTRO[0], 40) + ASK)]
    backwards = [model.reply(messages, sample) for sample in reversed(range(20))][::-1]
    assert backwards == replies(messages[0].content, count=20)
    assert len(set(backwards)) > 10


def test_a_shown_failure_brings_the_rule_that_it_calls_for() -> None:
    bare = f"{scored(INTRO[0], 40)}\n\n"
    assert share(replies(bare + ASK), RULE.key) == 0
    assert share(replies(f"{bare}What it gets wrong:\n\n{FAILURE}\n\n{ASK}"), RULE.key) > 0.1


def test_an_example_without_a_failure_brings_the_rule_less_often() -> None:
    bare = f"{scored(INTRO[0], 40)}\n\n"
    shown = replies(f"{bare}input: {CASE.text}\nright answer: {CASE.right}\n\n{ASK}", count=300)
    failed = replies(f"{bare}{FAILURE}\n\n{ASK}", count=300)
    assert 0 < share(shown, RULE.key) < share(failed, RULE.key)


def test_what_stands_in_better_prompts_is_taken_over() -> None:
    other = items()["habit:2"]
    for better, worse in ((RULE, other), (other, RULE)):
        shown = [
            scored(f"{INTRO[0]} {worse.wordings[0]}", 30),
            scored(INTRO[1], 45),
            scored(f"{INTRO[2]} {better.wordings[0]}", 60),
        ]
        written = replies("\n\n".join([*shown, ASK]))
        assert share(written, better.key) > share(written, worse.key) + 0.3


def test_prompts_are_read_in_the_layouts_of_other_optimizers_too() -> None:
    good = f"{INTRO[0]} {RULE.wordings[0]}"
    for layout in ("text:\n{}\nscore:\n{}", "Instruction #1:\n{}\nResulting score #1: {}.0"):
        shown = [layout.format(INTRO[1], 30), layout.format(good, 70)]
        assert share(replies("\n\n".join([*shown, ASK])), RULE.key) > 0.5


def test_a_fresh_start_leaves_the_old_sentences_behind_and_shortening_takes_one_away() -> None:
    old = " ".join([INTRO[0], RULE.wordings[0], items()["habit:3"].wordings[0]])
    fresh = replies(f"{scored(old, 50)}\n\nWrite a prompt from scratch. {ASK}")
    assert share(fresh, RULE.key) < 0.1
    shorter = replies(f"{scored(old, 50)}\n\nWrite this prompt in fewer words. {ASK}")
    assert all(len(list(pieces(reply))) < 4 for reply in shorter if "<prompt>" in reply)


def test_one_that_ignores_what_it_is_shown_only_rephrases() -> None:
    message = f"{scored(INTRO[0], 40)}\n\n{FAILURE}\n\n{ASK}"
    said = {
        sentence.item.key
        for reply in replies(message, "ignores")
        for piece in pieces(reply)
        if (sentence := known(piece))
    }
    assert said == {"intro"}
    assert len(set(replies(message, "ignores"))) > 20


def test_a_small_one_breaks_the_layout_often() -> None:
    message = f"{scored(INTRO[0], 40)}\n\n{ASK}"
    broken = [
        not (reply.startswith("<prompt>") and reply.endswith("</prompt>")) for reply in replies(message, "garbled")
    ]
    assert 0.2 < sum(broken) / len(broken) < 0.6


def test_one_that_copies_quotes_a_case_and_less_so_when_told() -> None:
    message = f"{scored(INTRO[0], 40)}\n\n{FAILURE}\n\n{ASK}"
    told = f"{scored(INTRO[0], 40)}\n\n{FAILURE}\n\nNot tried: quotes a case (3).\n\n{ASK}"

    def quoting(text: str) -> int:
        return sum("For example, Message" in reply for reply in replies(text, "copies"))

    assert 15 < quoting(message) < 45
    assert quoting(told) < quoting(message)


def test_one_that_drops_placeholders_loses_them_often_where_a_good_one_keeps_them() -> None:
    message = f"{scored(INTRO[0] + chr(10) + chr(10) + '{{input}}', 40)}\n\n{ASK}"

    def kept(hand: str) -> int:
        return sum("{{input}}" in reply for reply in replies(message, hand))

    assert kept("good") > 50
    assert kept("drops_placeholders") < 40
