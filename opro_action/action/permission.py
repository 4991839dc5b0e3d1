"""The step before a command in a comment is obeyed: asks GitHub what its author may do in the repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from opro_action.action.runner import annotate, say, set_outputs
from opro_action.errors import OproError
from opro_action.proposal.client import connect, one_sentence
from opro_action.proposal.comments import may_write
from opro_action.proposal.settings import settings_from
from opro_action.report import workflow


def permission(env: Mapping[str, str]) -> int:
    """Set the output `permission`; "" when GitHub does not say, and then nothing is obeyed."""
    try:
        author = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_text("utf-8"))["comment"]["user"]["login"]
        settings = settings_from(env)
        with one_sentence(settings.repository), workflow.silenced(say):
            found = may_write(connect(settings), author)
    except (OproError, OSError, ValueError, LookupError, TypeError) as error:
        annotate("warning", f"It is not known what the author of this comment may do, so nothing is done: {error}")
        found = ""
    set_outputs(env, {"permission": found})
    return 0
