"""The assertion types of promptfoo: those that are run, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping

RUN = (
    "equals", "contains", "icontains", "contains-all", "contains-any", "icontains-all", "icontains-any", "starts-with",
    "regex", "is-json", "contains-json", "levenshtein", "rouge-n", "bleu", "gleu", "word-count", "cost", "latency",
    "finish-reason", "is-refusal", "python", "similar", "similar:cosine", "similar:dot", "similar:euclidean",
    "llm-rubric", "g-eval", "factuality", "model-graded-factuality", "model-graded-closedqa",
)  # fmt: skip
"""Each of them also as `not-...`; `assert-set` puts several together."""

JUDGES = ("llm-rubric", "g-eval", "factuality", "model-graded-factuality", "model-graded-closedqa")

_RAG = "needs the retrieved context and promptfoo's own metrics for it; write what it has to meet as an `llm-rubric`"
_TRACE = "looks at traces of an agent, and only answers are seen here; remove it"
_TOOLS = "looks at tool calls, and only the text of an answer is seen here; use `is-json` with a schema"
_FORMAT = "asks for a parser that is not part of this package; use `regex`, or `python`"
_SERVICE = "asks a service or a model for classification; use `llm-rubric`"
_LOGPROBS = "needs token probabilities, which are not asked for; remove it"
_COMPARES = "compares the answers of several prompts; run them with `opro check --prompt A --prompt B`"

REFUSED: Mapping[str, str] = {
    "javascript": "is JavaScript, which is not run; write it as `python`, or as one of the types without code",
    "ruby": "is Ruby, which is not run; write it as `python`",
    "webhook": "would send answers to a server, and only the configured models are called; use `python`",
    "agent-rubric": "lets an agent work on the answer; use `llm-rubric`",
    "search-rubric": "needs a judge that searches the web; use `llm-rubric`",
    "answer-relevance": _RAG,
    "context-faithfulness": _RAG,
    "context-recall": _RAG,
    "context-relevance": _RAG,
    "conversation-relevance": _RAG,
    "classifier": _SERVICE,
    "guardrails": _SERVICE,
    "moderation": _SERVICE,
    "pi": _SERVICE,
    "contains-html": _FORMAT,
    "contains-sql": _FORMAT,
    "contains-xml": _FORMAT,
    "is-html": _FORMAT,
    "is-sql": _FORMAT,
    "is-xml": _FORMAT,
    "is-valid-function-call": _TOOLS,
    "is-valid-openai-function-call": _TOOLS,
    "is-valid-openai-tools-call": _TOOLS,
    "skill-used": _TOOLS,
    "tool-call-f1": _TOOLS,
    "meteor": "needs a dictionary of synonyms; use `rouge-n`, `bleu` or `similar`",
    "perplexity": _LOGPROBS,
    "perplexity-score": _LOGPROBS,
    "trace-error-spans": _TRACE,
    "trace-span-count": _TRACE,
    "trace-span-duration": _TRACE,
    "trajectory:goal-success": _TRACE,
    "trajectory:step-count": _TRACE,
    "trajectory:tool-args-match": _TRACE,
    "trajectory:tool-sequence": _TRACE,
    "trajectory:tool-used": _TRACE,
    "select-best": _COMPARES,
    "max-score": _COMPARES,
    "human": "is graded by a person; remove it",
}

KINDS = (*RUN, *REFUSED)


def why_not(kind: str) -> str | None:
    """Why a type, without `not-`, is not run; None for one that is. Unknown types give an empty text."""
    if kind.startswith("promptfoo:redteam:"):
        return "belongs to a red-team scan, which this is not; run it with promptfoo"
    return None if kind in RUN else REFUSED.get(kind, "")
