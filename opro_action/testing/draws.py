"""Draws that look random and depend on nothing but what they are named by: the same on every machine, in any order."""

from __future__ import annotations

import hashlib
from statistics import NormalDist

_NORMAL = NormalDist()
_STEPS = 2**53


def uniform(*name: object) -> float:
    """A number strictly between 0 and 1."""
    return (_number(name) % _STEPS + 0.5) / _STEPS


def normal(*name: object) -> float:
    """A draw from the standard normal distribution."""
    return _NORMAL.inv_cdf(uniform(*name))


def pick(count: int, *name: object) -> int:
    """One of 0, 1, ..., count - 1."""
    return _number(name) % count


def shuffled(count: int, *name: object) -> list[int]:
    """The numbers from 0 to count - 1 in some order."""
    return sorted(range(count), key=lambda index: _number((*name, index)))


def seed_of(*name: object) -> int:
    """A seed for a generator of its own."""
    return _number(name)


def _number(name: tuple[object, ...]) -> int:
    text = "\0".join(map(str, name))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())
