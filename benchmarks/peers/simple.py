"""Peers that need no bookkeeping: the best of many written in one go, and a random search that looks at no score."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

from peers.evaluator import BudgetExhausted, Evaluator
from peers.opro import examples, polished, worded

_SPARE = 4
ROUNDS = 1600


def seed_only(evaluator: Evaluator, seed: int) -> None:
    """Leaves everything as it is: what doing nothing gains."""
    evaluator.declare(evaluator.seed_text)


def best_of_n(evaluator: Evaluator, seed: int) -> None:
    """As many candidates as the budget can score on all cases, all from one message; the best score is kept."""
    message = (
        f"Improve the instruction of a language model. The task: {evaluator.description}\n\n"
        f"Its instruction now:\n{evaluator.seed_text}\n\n{examples(evaluator, random.Random(seed))}\n\n"
        "Write a better instruction, beginning with <INS> and ending with </INS>."
    )
    count = evaluator.budget // len(evaluator.cases)
    written = (polished(evaluator.write(message, index)) for index in range(_SPARE * count))
    _keep_best(evaluator, itertools.chain([evaluator.seed_text], written))


def random_search(evaluator: Evaluator, seed: int) -> None:
    """Asks for a variation of one of the prompts so far, or for a mixture of two, drawn blindly; keeps the best."""
    dice = random.Random(seed)
    tried = [evaluator.seed_text]
    best = -1.0
    try:
        for index in range(ROUNDS):
            text = tried[0] if index == 0 else polished(evaluator.write(_blind(evaluator, tried, dice), index))
            if not text or (index and text in tried):
                continue
            tried.append(text)
            score = evaluator.score(text)
            if score > best:
                best = score
                evaluator.declare(text, score)
    except BudgetExhausted:
        return


def _blind(evaluator: Evaluator, tried: list[str], dice: random.Random) -> str:
    chosen = dice.sample(tried, min(len(tried), dice.choice((1, 2))))
    what = "Write a variation of this instruction" if len(chosen) == 1 else "Mix these instructions into one"
    listed = "\n\n".join(chosen)
    return f"{what}, for the task: {evaluator.description}\n\n{listed}\n\n{worded('INS')}"


def _keep_best(evaluator: Evaluator, texts: Iterable[str]) -> None:
    """Texts are written when it is their turn, so that none is paid for that the budget cannot score."""
    best, tried = -1.0, {""}
    try:
        for text in texts:
            if text in tried:
                continue
            tried.add(text)
            score = evaluator.score(text)
            if score > best:
                best = score
                evaluator.declare(text, score)
    except BudgetExhausted:
        return
