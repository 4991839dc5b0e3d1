"""Cases × model → results: the runner and the scorers."""
