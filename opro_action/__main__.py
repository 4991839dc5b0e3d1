"""`python -m opro_action` is `opro`."""

from opro_action.cli import main

main()
