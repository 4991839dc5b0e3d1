"""The best prompt that a world's sentences allow: what the gain of a search is measured against."""

from __future__ import annotations

from opro_action.testing.suites import first_prompt
from opro_action.testing.vocabulary import INTRO, items, rule_key
from opro_action.testing.world import World


def best_prompt(world: World) -> str:
    """The text that a climb over all items of use in this world ends at; a bound in practice, not a proof."""
    useful = ["format", *(key for key, effect in world.habits.items() if effect > 0)]
    useful += [rule_key(kind.cue, kind.right) for kind in world.kinds]
    best = {key: max(items()[key].wordings, key=world.strength) for key in useful}
    chosen = {key: text for key, text in best.items() if key != world.blanket}
    quality = world.quality(_joined(chosen))
    improved = True
    while improved:
        improved = False
        for key in useful:
            other = {k: text for k, text in chosen.items() if k != key} if key in chosen else {**chosen, key: best[key]}
            found = world.quality(_joined(other))
            if found > quality + 1e-3:
                chosen, quality, improved = other, found, True
    return max(_joined(chosen), first_prompt(world), key=world.quality)


def _joined(chosen: dict[str, str]) -> str:
    return " ".join([INTRO[0], *chosen.values()])
