"""The scorer `json_schema`: an answer that is JSON and fits a JSON Schema."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from opro_action.scoring.limit import limited, time_limit
from opro_action.scoring.results import Grade
from opro_action.scoring.scorers.json_equal import read_answer
from opro_action.scoring.scorers.regex import SECONDS
from opro_action.scoring.scorers.text import quoted

_LONGEST = 1_000_000


def json_schema(_expected: Any, answer: str, options: Mapping[str, Any]) -> Grade:
    """1 when the answer, alone or in one fence, is JSON that fits the option `schema`; the case expects nothing.

    The draft is the one that `$schema` names, by default 2020-12. `format` is not checked, as the standard has it, and
    a `$ref` to another address is not fetched.
    """
    schema = options.get("schema")
    if not isinstance(schema, dict | bool):
        return Grade(None, "`json_schema` needs a schema: json_schema: {schema: {...}}")
    if len(answer) > _LONGEST:
        return Grade(None, f"the answer has {len(answer)} characters; `json_schema` reads at most {_LONGEST}")
    try:
        return limited(SECONDS, _checked, answer, json.dumps(schema, sort_keys=True))
    except TimeoutError:
        return Grade(None, f"the schema took over {SECONDS:g} s: write its patterns without nested repeats")


def _checked(answer: str, schema: str) -> Grade:
    got, wrong_form = read_answer(answer)
    if wrong_form:
        return Grade(0.0, wrong_form)
    import jsonschema  # 0.1 s, and only for suites that use it
    import referencing.exceptions

    try:
        with time_limit(SECONDS):
            wrong = jsonschema.exceptions.best_match(_validator(schema).iter_errors(got))
    except jsonschema.SchemaError as error:
        return Grade(None, f"the schema is not a JSON Schema: {quoted(error.message)}")
    except referencing.exceptions.Unresolvable as error:
        return Grade(None, f"the schema refers to {quoted(str(error.ref))}, which is not in it")
    except RecursionError:
        return Grade(None, "the schema refers to itself without end")
    except ArithmeticError as error:
        return Grade(None, f"a number of the answer cannot be held against the schema: {error}")
    if wrong is None:
        return Grade(1.0, "fits the schema")
    place = wrong.json_path.removeprefix("$").removeprefix(".")
    return Grade(0.0, (f"at {place}: " if place else "") + quoted(wrong.message)[1:-1])


@functools.lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    import jsonschema
    import referencing

    found = json.loads(schema)
    draft = jsonschema.validators.validator_for(found, default=jsonschema.Draft202012Validator)
    draft.check_schema(found)
    # An own registry: the default one fetches what a `$ref` names from the network.
    return draft(found, registry=referencing.Registry())
