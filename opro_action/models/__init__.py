"""Talking to language models: one small protocol, and what stands behind and around it."""
