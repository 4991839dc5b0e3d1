"""What an assertion of promptfoo expects, read by its type and rendered for one case.

A value that cannot work is refused. promptfoo finds most of these faults while it runs, and counts the test as an
error; here they are errors of the file.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from opro_action.suite.located import read_yaml
from opro_action.suite.promptfoo.part import Part, is_number, located
from opro_action.suite.promptfoo.patterns import python_pattern
from opro_action.suite.promptfoo.template import number_text, plain_text, render
from opro_action.suite.promptfoo.words import SPACE, separated
from opro_action.suite.scorer_specs import python_options
from opro_action.suite.sources import read_text
from opro_action.suite.wording import described, quoted

Values = Mapping[str, Any]
Read = Callable[[Part, Values], Any]

_WITHOUT_VALUE = frozenset(("is-refusal", "cost", "latency"))
_OPTIONAL = frozenset(("is-json", "contains-json", "llm-rubric"))


def value_of(kind: str, assertion: Part, values: Values) -> Any:
    """What an assertion of the type `kind` expects, as JSON; None for nothing."""
    part = assertion.get("value")
    if kind in _WITHOUT_VALUE:
        if part is not None and part.value != "":
            raise part.error(f"`{kind}` takes no `value`; remove it, or write it as `threshold`")
        return None
    if part is None or (part.value == "" and kind in _OPTIONAL):
        if kind in _OPTIONAL:
            return None
        raise assertion.error(f"`{kind}` needs a `value`; add it")
    return _READERS.get(kind, _text)(part, values)


def python_code(part: Part, values: Values) -> dict[str, Any]:
    """The code of a `python` assertion: a function of a file with its digest, or the text of an expression or body."""
    name = part.named_file()
    if name is None:
        return {"code": _text(part, values)}
    path, _, function = name.partition(":")
    if not path.endswith(".py"):
        raise part.error(f"`python` names {quoted(path)}, which is no .py file; correct it")
    return python_options(part.file(path), function or "get_assert", part.root)


def _text(part: Part, values: Values) -> str:
    """A text that says something once it is rendered."""
    loaded = _loaded(part)
    if not isinstance(loaded.value, str):
        raise loaded.wrong("text")
    found = loaded.value if loaded is not part else render(part, values)
    if not found:
        raise part.error("`value` is empty for this test once its vars are filled in; every answer would do")
    return found


def _any_text(part: Part, values: Values) -> str:
    """A text, which may be empty."""
    loaded = _loaded(part)
    if not isinstance(loaded.value, str):
        raise loaded.wrong("text")
    return loaded.value if loaded is not part else render(part, values)


def _text_or_number(part: Part, values: Values) -> str:
    if isinstance(part.value, int | float) and not isinstance(part.value, bool):
        return number_text(part.value)
    return _text(part, values)


def _anything(part: Part, values: Values) -> Any:
    """A text rendered, a list with its texts rendered, anything else as it is."""
    loaded = _loaded(part)
    if loaded is not part:
        return loaded.plain
    if isinstance(part.value, list):
        return [render(entry, values) if isinstance(entry.value, str) else entry.plain for entry in part.items()]
    return render(part, values) if isinstance(part.value, str) else part.plain


def _listed(part: Part, values: Values) -> list[str]:
    """Texts, from a list or from one text with commas."""
    loaded = _loaded(part)
    if isinstance(loaded.value, str):
        try:
            found = separated(_text(part, values))
        except ValueError as error:
            raise part.error(f"{error} in {quoted(part.value)}; write a list") from None
    else:
        found = [_entry(entry, values) for entry in loaded.items()]
    if not found or not all(found):
        raise part.error("`value` has nothing in it, or an empty text, which is in every answer; correct it")
    return found


def _entry(part: Part, values: Values) -> str:
    if isinstance(part.value, dict | list):
        raise part.error(f"`value` is a list of texts, and {described(part.plain)} is none; correct it")
    return render(part, values) if isinstance(part.value, str) else plain_text(part.plain)


def _texts(part: Part, values: Values) -> list[str]:
    """One text or several."""
    if isinstance(part.value, list) and part.value:
        return [_text(entry, values) for entry in part.items()]
    return [_text(part, values)]


def _pattern(part: Part, values: Values) -> str:
    """A JavaScript pattern that Python can search with."""
    found = _text(part, values)
    try:
        python_pattern(found)
    except ValueError as error:
        raise part.error(f"the pattern {quoted(found)} {error}") from None
    return found


def _word_count(part: Part, values: Values) -> Any:
    if isinstance(part.value, dict):
        limits = {key: entry.number() for key, entry in part.fields(("min", "max")).items()}
        if not limits or limits.get("min", 0) > limits.get("max", float("inf")):
            raise part.error("`word-count` needs `min`, `max` or both, and `min` may not be above `max`; correct it")
        return limits
    if isinstance(part.value, str):
        try:
            number = float(render(part, values).strip(SPACE))
        except ValueError:
            raise part.wrong("a number") from None
        if not is_number(number):
            raise part.error(f"`word-count` has to be a finite number, not {quoted(part.value)}; correct it")
        return number
    return part.number()


def _schema(part: Part, values: Values) -> Any:
    """A JSON Schema: a mapping, or a text with one in YAML or JSON."""
    loaded = _loaded(part)
    found = loaded.plain
    if isinstance(found, str):
        found = read_yaml(render(part, values), part.path, first_line=part.line).plain
    if not isinstance(found, dict):
        raise part.error(f"`value` has to be a JSON Schema, not {described(found)}; correct it")
    if not isinstance(found.get("$schema", ""), str):
        raise part.error(f"`$schema` has to be text, not {described(found['$schema'])}; correct it")
    wrong = _wrong_with_schema(json.dumps(found, sort_keys=True))
    if wrong:
        raise part.error(f"`value` is not a JSON Schema that can be used: {wrong}; correct it")
    return found


@functools.lru_cache(maxsize=64)
def _wrong_with_schema(schema: str) -> str | None:
    import jsonschema  # 0.1 s, and only for suites that use it

    found = json.loads(schema)
    validator = jsonschema.validators.validator_for(found, default=jsonschema.Draft7Validator)
    try:
        validator.check_schema(found)
    except jsonschema.SchemaError as error:
        return quoted(f"{error.json_path.lstrip('$.')} {error.message}".strip())
    return None


def _criteria(part: Part, values: Values) -> Any:
    """What a judge looks at: a text, or a mapping that it is shown as JSON."""
    loaded = _loaded(part)
    return loaded.plain if isinstance(loaded.value, dict) else _text(part, values)


def _loaded(part: Part) -> Part:
    """The content of a file that a value names; the value itself when it names none."""
    name = part.named_file()
    if name is None:
        return part
    if name.endswith(".txt"):
        path = part.file(name)
        return Part(located(read_text(path).strip(SPACE), 1), path, part.root, part.base, part.key)
    if not name.endswith((".json", ".yaml", ".yml")):
        what = f"`value` names {quoted(name)}, and only .txt, .json, .yaml and .yml are read here; code is not run"
        raise part.error(what)
    return part.loaded()


_READERS: Mapping[str, Read] = {
    "equals": _anything,
    "contains": _text_or_number,
    "icontains": _text_or_number,
    "contains-all": _listed,
    "contains-any": _listed,
    "icontains-all": _listed,
    "icontains-any": _listed,
    "regex": _pattern,
    "is-json": _schema,
    "contains-json": _schema,
    "levenshtein": _any_text,
    "rouge-n": _any_text,
    "bleu": _texts,
    "gleu": _texts,
    "similar": _texts,
    "similar:cosine": _texts,
    "similar:dot": _texts,
    "similar:euclidean": _texts,
    "g-eval": _texts,
    "word-count": _word_count,
    "llm-rubric": _criteria,
}
