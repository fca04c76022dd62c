"""Texts that are nearly the same, among many thousands: groups around the first of each.

Two texts are compared by the word pairs they have in common (Jaccard). Only texts that share one of their rarer pairs
are compared at all: so many pairs are looked at that texts of the wanted similarity must share one. A text that is
like an earlier one is not compared with later ones, so that thousands of copies cost no more than one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST = 0.5
"""Of word pairs in common. Different cases of the sets shipped here have 0.08 at most; of texts in which one word in
ten was heard wrongly 98 of 100 still have this much of what they were."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


@dataclass(frozen=True)
class Alike:
    """A text that is nearly that of `first`, which comes before it."""

    first: int
    other: int
    similarity: float


def pairs_of(text: str) -> frozenset[str]:
    """The word pairs of a text, whatever their case; of a single word the word."""
    words = _WORD.findall(text.casefold())
    return frozenset(map(" ".join, pairwise(words))) or frozenset(words)


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of their word pairs that both have, 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def alike(texts: Sequence[str], least: float = LEAST) -> Iterator[Alike]:
    """The texts that are at least so similar to an earlier one that stands for itself; those without words never."""
    every = [pairs_of(text) for text in texts]
    counts = Counter(pair for pairs in every for pair in pairs)
    same: dict[frozenset[str], int] = {}
    rare: dict[str, list[int]] = {}
    for number, pairs in enumerate(every):
        if not pairs:
            continue
        known = same.setdefault(pairs, number)
        if known != number:
            yield Alike(known, number, 1.0)
            continue
        prefix = _prefix(pairs, counts, least)
        found = _closest(pairs, every, {other for pair in prefix for other in rare.get(pair, ())}, least)
        if found is not None:
            same[pairs] = found[1]
            yield Alike(found[1], number, round(found[0], 4))
            continue
        for pair in prefix:
            rare.setdefault(pair, []).append(number)


def _prefix(pairs: frozenset[str], counts: Mapping[str, int], least: float) -> list[str]:
    """The rarest pairs, as many as hold one at least of those that a text so similar has in common."""
    ordered = sorted(pairs, key=lambda pair: (counts[pair], pair))
    return ordered[: len(ordered) - math.ceil(least * len(ordered)) + 1]


def _closest(
    pairs: frozenset[str], every: Sequence[frozenset[str]], others: set[int], least: float
) -> tuple[float, int] | None:
    """The most similar of the others, the first of several; None where none is similar enough."""
    near = (
        (similarity(pairs, every[other]), -other)
        for other in others
        if least <= len(pairs) / len(every[other]) <= 1 / least
    )
    best = max(near, default=(0.0, 0))
    return (best[0], -best[1]) if best[0] >= least else None
