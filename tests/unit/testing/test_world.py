"""A simulated world: what a prompt says decides how often the task model is right."""

from __future__ import annotations

import pytest

from opro_action.testing import HELD_OUT, LANDSCAPES, World, best_prompt, first_prompt
from opro_action.testing.vocabulary import FORMAT, INTRO, items, rule_key

ALL = tuple(LANDSCAPES)


def rule(world: World, index: int = 0, *, wording: int = 0, label: str | None = None) -> str:
    kind = world.kinds[index]
    return items()[rule_key(kind.cue, label or kind.right)].wordings[wording]


def habit(world: World, *, helpful: bool) -> str:
    keys = [key for key, effect in world.habits.items() if key != world.blanket and (effect > 0) == helpful]
    return items()[keys[0]].wordings[0]


@pytest.mark.parametrize("landscape", ALL)
def test_the_share_of_right_answers_to_many_messages_is_the_true_quality(landscape: str) -> None:
    world = World.named(landscape, 3)
    for text in (first_prompt(world), best_prompt(world)):
        right = sum(world.answer(text, number) == world.ticket(number).right for number in range(4000))
        assert right / 4000 == pytest.approx(world.quality(text), abs=0.03)


def test_the_same_question_gets_the_same_answer_in_whatever_order_it_is_asked() -> None:
    asked = [(text, number) for text in INTRO[:3] for number in range(50)]
    world, again = World.named("easy", 1), World.named("easy", 1)
    first = {question: world.answer(*question) for question in asked}
    assert {question: again.answer(*question) for question in reversed(asked)} == first


def test_another_seed_is_another_world() -> None:
    one, other = World.named("easy", 1), World.named("easy", 2)
    assert one.kinds != other.kinds
    assert one.habits != other.habits


@pytest.mark.parametrize("wording", range(4))
def test_a_rule_helps_in_each_of_its_wordings(wording: int) -> None:
    world = World.named("easy", 0)
    assert world.quality(f"{INTRO[0]} {rule(world, wording=wording)}") > world.quality(INTRO[0]) + 0.02


def test_a_rule_in_words_of_ones_own_helps_too() -> None:
    world = World.named("easy", 0)
    kind = world.kinds[0]
    text = f"{INTRO[0]} Whenever {kind.cue} comes up, it is for the {kind.right} people."
    assert world.quality(text) > world.quality(INTRO[0]) + 0.02


def test_a_rule_with_the_wrong_label_harms() -> None:
    world = World.named("easy", 0)
    naive = world.kinds[0].naive
    assert world.quality(f"{INTRO[0]} {rule(world, label=naive)}") < world.quality(INTRO[0]) - 0.01


def test_habits_help_or_harm_on_all_messages() -> None:
    world = World.named("easy", 0)
    first = world.quality(INTRO[0])
    assert world.quality(f"{INTRO[0]} {habit(world, helpful=True)}") > first + 0.02
    assert world.quality(f"{INTRO[0]} {habit(world, helpful=False)}") < first - 0.02


def test_asking_for_the_label_alone_ends_answers_that_name_two() -> None:
    world = World.named("easy", 0)
    talks, terse = INTRO[0], f"{INTRO[0]} {FORMAT[0]}"
    assert any(" or " in world.answer(talks, number) for number in range(60))
    assert world.push(terse).clear > world.push(talks).clear
    assert world.quality(terse) > world.quality(talks) + 0.02


def test_an_example_in_the_prompt_stands_for_the_rule_of_its_kind() -> None:
    world = World.named("easy", 0)
    shown = next(world.ticket(number) for number in range(100) if world.ticket(number).kind == 0)
    assert world.quality(f"{INTRO[0]}\n\n{shown.text}\n{shown.right}") > world.quality(INTRO[0]) + 0.02


def test_each_of_several_examples_counts_and_so_does_what_stands_behind_them() -> None:
    world = World.named("easy", 0)
    tickets = [next(t for n in range(200) if (t := world.ticket(n)).kind == kind) for kind in (0, 1)]
    shown = "\n\n".join(f"{ticket.text}\n{ticket.right}" for ticket in tickets)
    one = f"{INTRO[0]}\n\n{tickets[0].text}\n{tickets[0].right}"
    assert world.quality(f"{INTRO[0]}\n\n{shown}") > world.quality(one) + 0.02
    assert world.quality(f"{INTRO[0]}\n\n{shown}\n\n{rule(world, 2)}") > world.quality(f"{INTRO[0]}\n\n{shown}") + 0.02


def test_a_prompt_that_does_not_name_the_labels_is_of_little_use() -> None:
    world = World.named("easy", 0)
    assert world.quality("Be nice.") < world.quality(INTRO[0]) - 0.2


def test_a_prompt_that_goes_on_and_on_is_followed_less() -> None:
    world = World.named("easy", 0)
    assert world.quality(INTRO[0] + " This says nothing." * 20) < world.quality(INTRO[0]) - 0.1


def test_the_blanket_of_a_deceptive_world_helps_alone_and_mutes_the_rules() -> None:
    world = World.named("deceptive", 0)
    blanket = items()[world.blanket or ""].wordings[0]
    rules = " ".join(rule(world, index) for index in range(4))
    assert world.quality(f"{INTRO[0]} {blanket}") > world.quality(INTRO[0]) + 0.05
    assert world.quality(f"{INTRO[0]} {rules}") > world.quality(f"{INTRO[0]} {blanket} {rules}") + 0.05


def test_rules_that_go_together_help_only_together() -> None:
    world = World.named("interacting", 0)
    alone, both = f"{INTRO[0]} {rule(world, 0)}", f"{INTRO[0]} {rule(world, 0)} {rule(world, 1)}"
    assert world.quality(alone) < world.quality(INTRO[0])
    assert world.quality(both) > world.quality(INTRO[0]) + 0.05


@pytest.mark.parametrize("landscape", ALL)
def test_every_landscape_but_one_has_much_to_gain(landscape: str) -> None:
    for seed in range(3):
        world = World.named(landscape, seed)
        gain = world.quality(best_prompt(world)) - world.quality(first_prompt(world))
        assert gain == 0.0 if landscape == "no_headroom" else gain > 0.15


def test_answers_vary_between_samples_where_the_world_has_a_temperature() -> None:
    world = World.named("high_noise", 0)
    assert any(len({world.answer(INTRO[0], number, sample) for sample in range(5)}) > 1 for number in range(20))


def test_the_held_out_landscapes_exist() -> None:
    assert set(HELD_OUT) < set(LANDSCAPES)
