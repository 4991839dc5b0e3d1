"""The commands of `opro`: one small module each, a function from options to an exit code."""
