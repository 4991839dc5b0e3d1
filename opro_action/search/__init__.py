"""The OPRO search: a bounded loop in which an optimizer model reads scored prompts and writes better ones."""
