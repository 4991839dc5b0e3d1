"""promptfoo's configurations, read as suites: one for each prompt and provider."""

from __future__ import annotations

from opro_action.suite.promptfoo.reading import is_promptfoo, read_promptfoo

__all__ = ["is_promptfoo", "read_promptfoo"]
