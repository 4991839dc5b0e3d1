"""Which files a plan may touch, and the name of the branch that holds a prompt's proposal."""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata
from pathlib import Path

from opro_action.errors import FileError, UsageError
from opro_action.search.plan import Plan
from opro_action.suite.discovery import is_prompt_yml
from opro_action.suite.prompt import digest
from opro_action.suite.prompt_yml_file import prompt_of

_PROMPT_ENDINGS = (".md", ".txt", ".prompt.yml", ".prompt.yaml")
_PLAIN_PROMPT = re.compile(r"prompts/([a-z0-9][a-z0-9-]*)\.md")
_BRANCH_LIMIT = 60


def branch_name(prompt: str) -> str:
    """The one branch for a prompt: `opro/<name>` for `prompts/<name>.md`, else a slug with a digest of the path.

    The digest keeps `a b.md`, `a-b.md` and `a-b.txt` apart, and no name can be a folder of another.
    """
    if (usual := _PLAIN_PROMPT.fullmatch(prompt)) and len(usual[1]) <= _BRANCH_LIMIT:
        return f"opro/{usual[1]}"
    ascii_path = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_path.removeprefix("prompts/")).strip("-")[:_BRANCH_LIMIT].strip("-")
    return f"opro/{slug or 'prompt'}-{hashlib.sha256(prompt.encode()).hexdigest()[:8]}"


def check_paths(plan: Plan) -> None:
    """Raise UsageError, before anything is done, unless the plan touches only what a proposal may touch.

    That is the prompt file, and the suite's history and baseline beside the suite file.
    """
    for path in (plan.prompt, plan.suite, *(file.path for file in plan.files)):
        if reason := _forbidden(path):
            raise UsageError(f"the plan names {path!r}, {reason}; nothing was done.")
    if not plan.prompt.endswith(_PROMPT_ENDINGS):
        endings = ", ".join(_PROMPT_ENDINGS)
        raise UsageError(f"the plan names {plan.prompt!r} as its prompt, which is none of {endings}; nothing was done.")
    paths = [file.path for file in plan.files]
    for path in paths:
        if path not in allowed_paths(plan):
            raise UsageError(f"the plan would change {path!r}, which a proposal may not touch; nothing was done.")
    if len(set(paths)) < len(paths):
        raise UsageError("the plan names a file twice; nothing was done.")


def allowed_paths(plan: Plan) -> frozenset[str]:
    """The prompt, and the history and the baseline beside the suite."""
    return frozenset({plan.prompt, history_path(plan), f"{_beside_suite(plan)}.baseline.json"})


def history_path(plan: Plan) -> str:
    """The suite's history file."""
    return f"{_beside_suite(plan)}.history.jsonl"


def check_text(plan: Plan) -> None:
    """Raise UsageError unless the new prompt file holds the text whose score the plan reports."""
    text = plan.best["text"]
    content = next((file.content for file in plan.files if file.path == plan.prompt), None)
    if content is None:
        raise UsageError("the plan proposes a prompt but holds no new prompt file; search again.")
    if digest(text) != plan.best["digest"] or not _holds(plan.prompt, content, text):
        raise UsageError(
            f"the plan's new {plan.prompt!r} does not hold the text that was measured; nothing was done, search again."
        )


def _holds(path: str, content: str, text: str) -> bool:
    """Whether a prompt file has this text: as it stands there, or as what its YAML says the prompt is."""
    if not is_prompt_yml(Path(path)):
        return _lines(text) in _lines(content)
    try:
        return prompt_of(content.encode(), Path(path)).text == text.rstrip()
    except FileError:
        return False


def _beside_suite(plan: Plan) -> str:
    return posixpath.join(posixpath.dirname(plan.suite), plan.name)


def _forbidden(path: str) -> str:
    """Why no proposal may name this path, or ""."""
    parts = path.split("/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "an absolute path"
    if "\\" in path or any(part in {"", ".", ".."} for part in parts):
        return "which is not a plain path inside the repository"
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in path):
        return "which has an unprintable character"
    if any(_folded(part) in {".git", ".github"} for part in parts):
        return "which is git's or GitHub's own folder"
    return ""


def _folded(part: str) -> str:
    """A name as file systems that ignore case, final dots and spaces see it."""
    return unicodedata.normalize("NFKC", part).casefold().rstrip(". ")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
