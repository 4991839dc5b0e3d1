"""The functions for use in a program; `opro_action` exports them."""
