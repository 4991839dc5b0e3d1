"""Plain OPRO as its reference implementation does it (google-deepmind/opro, arXiv 2309.03409), in words of our own.

Eight replies per step to one meta-prompt with the best 20 prompts in ascending order (from a score of 0.3 on, or of any
score where the first prompt is under that), their scores as integers, and three random exemplars; every new text is
scored on the whole training set. There is no holdout and no stopping rule but the 200 steps, and the reference names no
winner: the highest training score is taken for it. The limit on a text's length, 500 characters there, is 1,000, so
that no world's best prompt is out of reach.
"""

from __future__ import annotations

import random
import re

from peers.evaluator import BudgetExhausted, Evaluator

STEPS = 200
PER_STEP = 8
KEPT = 20
EXEMPLARS = 3
SHOWN_FROM = 0.3
"""The reference shows no prompt with a lower score to one family of models, and all of them to another."""
LONGEST = 1000


def opro(evaluator: Evaluator, seed: int) -> None:
    scored: dict[str, float] = {}
    try:
        _score(evaluator, scored, evaluator.seed_text)
        for step in range(STEPS):
            message = _meta_prompt(evaluator, scored, random.Random(step))
            replies = [evaluator.write(message, step * PER_STEP + index) for index in range(PER_STEP)]
            for text in dict.fromkeys(map(polished, replies)):
                if text and text not in scored and len(text) <= LONGEST:
                    _score(evaluator, scored, text)
    except BudgetExhausted:
        return


def _score(evaluator: Evaluator, scored: dict[str, float], text: str) -> None:
    best = max(scored.values(), default=-1.0)
    scored[text] = evaluator.score(text)
    if scored[text] > best:
        evaluator.declare(text, scored[text])


def _meta_prompt(evaluator: Evaluator, scored: dict[str, float], dice: random.Random) -> str:
    best = sorted(scored.items(), key=lambda entry: entry[1])[-KEPT:]
    least = SHOWN_FROM if scored[evaluator.seed_text] >= SHOWN_FROM else 0.0
    shown = [f"text:\n{text}\nscore:\n{round(100 * score)}" for text, score in best if score >= least]
    return "\n\n".join(
        [
            "Find the instruction <INS> for a language model. Here are earlier ones with scores from 0 to 100.",
            *shown,
            examples(evaluator, dice),
            "Write an instruction that is not among those above and scores higher than all of them. Begin it with "
            "<INS> and end it with </INS>. It should be concise, effective and fit all problems of this sort.",
        ]
    )


def examples(evaluator: Evaluator, dice: random.Random) -> str:
    """Three cases with their right answers and the place of the instruction."""
    chosen = dice.sample(evaluator.cases, min(EXEMPLARS, len(evaluator.cases)))
    shown = [f"Problem:\nQ: {_asked(case.vars)}\nA: <INS>\n\nGround truth answer:\n{case.expected}" for case in chosen]
    return "\n\n".join(["Here are some problems.", *shown])


def polished(reply: str) -> str:
    """The text between the tags, or what stands beside a tag that has no partner; without bold marks."""
    found = re.search(r"<INS>(.*?)(?:</INS>|$)", reply, re.DOTALL)
    return (found[1] if found else reply.replace("</INS>", "")).replace("**", "").strip()


def worded(tag: str) -> str:
    return f"Write only the instruction, beginning with <{tag}> and ending with </{tag}>."


def _asked(values: object) -> str:
    return "\n".join(str(value) for value in values.values()) if isinstance(values, dict) else str(values)
