"""Which prompts a promptfoo configuration lists, and the names that tests and providers choose them by."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from opro_action.suite.prompt import Prompt
from opro_action.suite.promptfoo.part import FILE, Part, located
from opro_action.suite.promptfoo.prompt_texts import Steps, fixed, prompt_in_config, prompts_in_file
from opro_action.suite.sources import is_file, matching, read_bytes, settled
from opro_action.suite.wording import quoted

_READ = (".txt", ".md", ".json", ".yaml", ".yml")
_REFUSED = {
    **dict.fromkeys((".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".py", ".rb", ".sh", ".exe"), "is code"),
    ".j2": "is a Jinja template",
    ".csv": "holds prompts in a table",
    ".jsonl": "holds prompts line by line",
}
_ADDRESSES = ("exec:", "portkey://", "langfuse://", "helicone://")
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True)
class Listed:
    """A prompt with its names. `name` is safe in a file's name, "" for a prompt that has none."""

    prompt: Prompt
    name: str
    label: str
    id: str

    def matches(self, reference: str) -> bool:
        """Whether a `prompts` filter means this prompt: its label or id, a group `name`, or a pattern `name*`."""
        names = [name for name in (self.label, self.id) if name]
        if reference.endswith("*"):
            return any(name.startswith(reference[:-1]) for name in names)
        return any(name == reference or name.startswith(f"{reference}:") for name in names)


def read_prompts(config: Part) -> list[Listed]:
    """Every prompt of a configuration, in order; raises FileError for the first that cannot be read."""
    prompts = config.get("prompts")
    if prompts is None:
        text = "{{prompt}}"
        prompt = fixed(config.of(located(text, config.line), "prompts"), "is the var `prompt` of each test")
        return [Listed(prompt, "", text, "")]
    found: dict[tuple[object, ...], Listed] = {}
    for part, at in _entries(prompts):
        for listed in _read(part, at):
            where = (listed.prompt.path, listed.prompt.before, listed.prompt.text, listed.label)
            found.setdefault(where, listed)
    if not found:
        raise prompts.error("`prompts` is empty; add a prompt")
    return list(found.values())


def _entries(prompts: Part) -> list[tuple[Part, Steps]]:
    """Each prompt as it is listed, and where."""
    if isinstance(prompts.value, str):
        return [(prompts, ("prompts",))]
    if isinstance(prompts.value, dict):
        labels = prompts.entries().items()
        named = [located({"raw": path, "label": label.text()}, label.line) for path, label in labels]
        return [(prompts.of(node, "prompts"), ()) for node in named]
    return [(part, ("prompts", index)) for index, part in enumerate(prompts.items())]


def _read(part: Part, at: Steps) -> Iterator[Listed]:
    if isinstance(part.value, str):
        yield from _of_text(part, at, "", "")
        return
    fields = part.fields(("id", "raw", "label", "config"))
    key = "raw" if "raw" in fields else "id"
    if key not in fields:
        raise part.error("a prompt needs `raw`, its text, or `id`, its file; add it")
    if "config" in fields and fields["config"].plain:
        raise fields["config"].error("`config` of one prompt is not supported; write it under `providers`")
    label = fields["label"].text() if "label" in fields else ""
    name = fields["id"].text() if key == "raw" and "id" in fields else ""
    yield from _of_text(fields[key], (*at, key), label, name)


def _of_text(part: Part, at: Steps, label: str, name: str) -> Iterator[Listed]:
    text = part.text()
    files = _files(part, text)
    if files is None:
        prompt = prompt_in_config(part, read_bytes(part.path), at)
        yield Listed(prompt, safe(label or name), label or text, name)
        return
    for path in files:
        prompts = prompts_in_file(path, part)
        for number, prompt in enumerate(prompts, 1):
            own = label or path.stem
            # promptfoo makes the label of a text out of its file's name and the text itself.
            whole = ": ".join(filter(None, [label, text, prompt.text])) if path.suffix == ".txt" else label or text
            yield Listed(prompt, safe(f"{own}-{number}" if len(prompts) > 1 else own), whole, name or label or text)


def safe(name: str) -> str:
    """A name as it may stand in a file's name."""
    return _UNSAFE.sub("-", name).strip("-")[:60].strip("-")


def _files(part: Part, text: str) -> list[Path] | None:
    """The files that an entry names; None for one that is the prompt itself."""
    if text.startswith(_ADDRESSES):
        raise part.error(f"{quoted(text)} is a prompt that is made or kept elsewhere; write its text or name a file")
    name = text.removeprefix(FILE)
    if "\n" in text or not (text.startswith(FILE) or _is_path(name)):
        return None
    suffix = Path(name.partition(":")[0]).suffix.lower()
    if suffix in _REFUSED:
        raise part.error(f"{quoted(name)} {_REFUSED[suffix]}, which is not read as a prompt; write it as .txt or .md")
    if glob.has_magic(name) and not is_file(settled(part.base / name)):
        found = matching(name, part.base)
        files = [part.file(path) for path in found if is_file(settled(part.base / path))]
    else:
        files = [part.file(name)]
    wrong = next((path for path in files if path.suffix not in _READ), None)
    if wrong or not files:
        what = f"names {wrong.name}" if wrong else "matches no file"
        raise part.error(f"{quoted(name)} {what}; prompts are read from {', '.join(_READ)} files")
    return files


def _is_path(text: str) -> bool:
    """Whether a text without `file://` names a file: by its ending, or by a slash where no space is."""
    suffix = Path(text.partition(":")[0]).suffix.lower()
    plain = not any(char.isspace() or char in "{}" for char in text)
    return plain and (suffix in {*_READ, *_REFUSED} or "/" in text or "*" in text)
