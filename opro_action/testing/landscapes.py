"""Landscapes: how a simulated task rewards what a prompt says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Landscape:
    """Numbers of a family of worlds; effects, noise and difficulty are in logits, shares in [0, 1].

    `kinds` of messages have a label that is not the obvious one; they make up `share` of all, the n-th kind 1/n^`tail`
    as often as the first. The rule for a kind has the effect `rule` on its messages. Of the habits `helpful` ones add
    `help` and `harmful` ones take away `harm` on all messages. `talk` is the share of answers without exactly one
    label while the prompt does not ask for the label alone. `base` is the chance of a plain message, `trap` that of
    the others without their rule. `spread` is the standard deviation of the difficulty of messages, `noise` that of
    how a prompt and a message happen to go together, `luck` that of the exact wording.

    `blanket` is what a habit adds that mutes all rules; with `pairs` a rule works only beside that of the kind it is
    paired with. The optimizer model finds the rule behind a failure `notice` times as often as usual, and harmful
    habits come to its mind `temptation` times as often as others. `seeded` says that the first prompt has all that
    helps already, `spoilt` that it has one habit that harms.
    """

    name: str
    kinds: int = 4
    share: float = 0.5
    tail: float = 0.0
    rule: float = 2.6
    helpful: int = 3
    help: float = 0.4
    harmful: int = 3
    harm: float = 0.6
    talk: float = 0.12
    base: float = 1.4
    trap: float = -1.0
    spread: float = 1.2
    noise: float = 0.6
    luck: float = 0.05
    temperature: float = 0.0
    blanket: float = 0.0
    pairs: bool = False
    notice: float = 1.0
    temptation: float = 1.0
    seeded: bool = False
    spoilt: bool = False


_ALL = (
    Landscape("easy"),
    Landscape("plateau", kinds=2, share=0.4, helpful=1, harmful=1, talk=0.0, notice=0.25),
    Landscape("deceptive", blanket=0.7, harmful=5, harm=0.8, temptation=3.0, notice=0.7, spoilt=True),
    Landscape("no_headroom", kinds=3, seeded=True, rule=3.2, harmful=3, spread=1.6),
    Landscape("high_noise", rule=1.8, spread=2.0, noise=1.5, temperature=1.0, talk=0.08, spoilt=True),
    Landscape("interacting", kinds=6, share=0.6, pairs=True),
    Landscape("long_tail", kinds=12, share=0.7, tail=0.7, rule=3.0, helpful=2),
)

LANDSCAPES: Mapping[str, Landscape] = {landscape.name: landscape for landscape in _ALL}
"""By name."""

HELD_OUT = ("interacting", "long_tail")
"""Landscapes that nothing was tuned on; their figures stand apart."""
