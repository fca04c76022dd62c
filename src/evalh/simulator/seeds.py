"""Chance that can be repeated: numbers that follow from the run's seed and from whose turn it is, and nothing else."""

from __future__ import annotations

import hashlib
import random


def dealt(seed: int, *parts: str | int) -> int:
    """A seed of its own, from 0 to 2**31 - 1, for what `parts` name."""
    text = "\x1f".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:4], "big") & 0x7FFFFFFF


def chance(seed: int, *parts: str | int) -> random.Random:
    """A source of chance for what `parts` name; the same parts give the same numbers on every machine."""
    return random.Random(dealt(seed, *parts))  # noqa: S311 - repeatable on purpose
