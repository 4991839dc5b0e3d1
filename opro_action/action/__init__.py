"""The GitHub Action's Python side: event → job, job → `opro` commands, what they left → proposal and comment.

`opro` runs in a process of its own, whose environment holds either model keys or the token that writes, never both.
"""
