"""Score, gate and improve the prompts of a repository, on evidence."""

__version__ = "0.1.0"
