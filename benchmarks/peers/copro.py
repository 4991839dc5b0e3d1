"""A search of COPRO's kind (DSPy): rounds of ten texts, each from the best ten so far with their scores.

No examples and no failures are shown, every text is scored on all cases, one that comes again is scored again and
keeps the higher value. DSPy stops after three rounds; here the rounds go on until the budget is spent.
"""

from __future__ import annotations

from peers.evaluator import BudgetExhausted, Evaluator
from peers.opro import polished, worded

BREADTH = 10
ROUNDS = 160
SHOWN = 10


def copro(evaluator: Evaluator, seed: int) -> None:
    scored: dict[str, float] = {}
    texts = [evaluator.seed_text]
    texts += [polished(evaluator.write(_first(evaluator), index)) for index in range(BREADTH - 1)]
    try:
        for depth in range(ROUNDS):
            for text in filter(None, texts):
                best = max(scored.values(), default=-1.0)
                scored[text] = max(evaluator.score(text), scored.get(text, -1.0))
                if scored[text] > best:
                    evaluator.declare(text, scored[text])
            message = _next(evaluator, scored)
            texts = [polished(evaluator.write(message, depth * BREADTH + index)) for index in range(BREADTH)]
    except BudgetExhausted:
        return


def _first(evaluator: Evaluator) -> str:
    return (
        f"You tune instructions of language models. This is one of them:\n\n{evaluator.seed_text}\n\n"
        f"Write one that leads to better answers; do not hold back. {worded('INS')}"
    )


def _next(evaluator: Evaluator, scored: dict[str, float]) -> str:
    best = sorted(scored.items(), key=lambda entry: entry[1])[-SHOWN:]
    listed = [
        f"Instruction #{place}:\n{text}\nResulting score #{place}: {100 * score:.1f}"
        for place, (text, score) in enumerate(best, start=1)
    ]
    return "\n\n".join(
        [
            "You tune instructions of language models. Here are some that were tried, in ascending order of scores.",
            *listed,
            f"Write one that will do still better. {worded('INS')}",
        ]
    )
