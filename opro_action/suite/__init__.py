"""What the user wrote: prompts, cases and suites, read and checked."""
